package iomodels.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The commands on the pages of the study site. A test of the site keeps the file up to date. */
public final class SiteCommands {

  private static final Path FILE =
      Path.of("src/test/resources/iomodels/cli/commands-of-the-site.txt");

  private static final String ME = "./iomodels ";

  /** A word, or what stands between single quotes. */
  private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

  private SiteCommands() {}

  /** All commands, each without the name of the script. */
  public static List<String> all() throws IOException {
    return Files.readAllLines(FILE).stream().map(it -> it.substring(ME.length())).toList();
  }

  /** The arguments of a command that is on a page, and others behind them. */
  public static String[] words(String command, String... more) throws IOException {
    if (!all().contains(command)) {
      throw new IllegalArgumentException("no page has the command " + command);
    }
    return Stream.concat(words(command), Stream.of(more)).toArray(String[]::new);
  }

  static Stream<String> words(String command) {
    return WORD.matcher(command).results().map(it -> it.group(it.group(1) == null ? 2 : 1));
  }
}
