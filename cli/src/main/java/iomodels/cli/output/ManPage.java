package iomodels.cli.output;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * The manual page of a command: its help, in the macros of man(7).
 *
 * <p>picocli has a generator for the AsciiDoc of such a page; Asciidoctor, which makes a page of
 * that, would be the largest dependency of the build.
 */
public final class ManPage {

  private final CommandSpec command;
  private final UsageMessageSpec help;
  private final StringBuilder page = new StringBuilder();

  /** Creates the page of this command. */
  public ManPage(CommandLine command) {
    this.command = command.getCommandSpec();
    this.help = this.command.usageMessage();
  }

  /** The name of the page: iomodels-list for the command {@code iomodels list}. */
  public String name() {
    return command.qualifiedName("-");
  }

  /** The page in roff. */
  public String text() {
    page.append(".TH ").append(escaped(name()).toUpperCase(Locale.ROOT)).append(" 1\n");
    section("NAME");
    line("%s - %s".formatted(name(), firstSentence()));
    section("SYNOPSIS");
    verbatim(List.of(synopsis()));
    section("DESCRIPTION");
    List<String> notes = Stream.of(help.footer()).filter(it -> !isExample(it)).toList();
    Stream.of(help.description()).forEach(this::paragraph);
    notes.stream().takeWhile(it -> !isExitCode(it)).forEach(this::paragraph);
    arguments("ARGUMENTS", command.positionalParameters());
    arguments("OPTIONS", command.options());
    commands();
    List<String> examples = Stream.of(help.footer()).filter(ManPage::isExample).toList();
    if (!examples.isEmpty()) {
      section("EXAMPLES");
      verbatim(examples);
    }
    if (notes.stream().anyMatch(ManPage::isExitCode)) {
      section("EXIT STATUS");
      notes.stream().dropWhile(it -> !isExitCode(it)).forEach(this::paragraph);
    }
    if (command.parent() != null) {
      section("SEE ALSO");
      line(command.root().name() + "(1)");
    }
    return page.toString();
  }

  private String firstSentence() {
    String description = plain(help.description()[0]);
    int end = description.indexOf(". ");
    return (end < 0 ? description : description.substring(0, end)).replaceFirst("\\.$", "");
  }

  private String synopsis() {
    return new CommandLine.Help(command, CommandLine.Help.defaultColorScheme(Ansi.OFF))
        .synopsis(0)
        .strip();
  }

  private void arguments(String title, List<? extends ArgSpec> arguments) {
    List<? extends ArgSpec> shown = arguments.stream().filter(it -> !it.hidden()).toList();
    if (shown.isEmpty()) {
      return;
    }
    section(title);
    for (ArgSpec argument : shown) {
      item(
          switch (argument) {
            case OptionSpec option -> option(option);
            case PositionalParamSpec parameter -> parameter.paramLabel();
            default -> throw new IllegalStateException(String.valueOf(argument));
          },
          String.join(" ", argument.description()));
    }
  }

  private static String option(OptionSpec option) {
    String value = option.arity().max() == 0 ? "" : " " + option.paramLabel();
    return String.join(", ", option.names()) + value;
  }

  private void commands() {
    List<CommandSpec> commands =
        command.subcommands().values().stream()
            .map(CommandLine::getCommandSpec)
            .filter(it -> !(it.userObject() instanceof HelpCommand))
            .toList();
    if (!commands.isEmpty()) {
      section("COMMANDS");
      for (CommandSpec each : commands) {
        item(each.qualifiedName("-") + "(1)", each.usageMessage().description()[0]);
      }
    }
  }

  private static boolean isExitCode(String line) {
    return line.startsWith("Exit code: ");
  }

  private static boolean isExample(String line) {
    return line.startsWith("  ");
  }

  private void section(String title) {
    page.append(".SH ").append(title).append('\n');
  }

  /** A blank line, and one that only leads to the examples, are left out. */
  private void paragraph(String text) {
    if (!text.isBlank() && !text.endsWith(":")) {
      page.append(".PP\n");
      line(text);
    }
  }

  private void item(String name, String text) {
    page.append(".TP\n.B ");
    line(name);
    line(text);
  }

  private void verbatim(List<String> lines) {
    page.append(".PP\n.nf\n");
    lines.forEach(this::line);
    page.append(".fi\n");
  }

  private void line(String text) {
    plain(text).lines().map(ManPage::escaped).forEach(it -> page.append(it).append('\n'));
  }

  private static String plain(String text) {
    return Ansi.OFF.string(text);
  }

  /**
   * Hyphens are those of options; a line that begins with a dot or an apostrophe is no macro; groff
   * reads ASCII.
   */
  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder();
    if (text.startsWith(".") || text.startsWith("'")) {
      escaped.append("\\&");
    }
    text.codePoints()
        .forEach(
            each -> {
              switch (each) {
                case '\\' -> escaped.append("\\e");
                case '-' -> escaped.append("\\-");
                default -> {
                  if (each < 0x80) {
                    escaped.appendCodePoint(each);
                  } else {
                    escaped.append("\\[u%04X]".formatted(each));
                  }
                }
              }
            });
    return escaped.toString();
  }
}
