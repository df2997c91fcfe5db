package iomodels.cli;

import iomodels.cli.output.ManPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.HelpCommand;

/** Writes what an installed command has in its folder share: manual pages and a completion. */
final class SharedFiles {

  private SharedFiles() {}

  /**
   * The build calls this.
   *
   * @param arguments the folder share
   */
  public static void main(String[] arguments) throws IOException {
    Path share = Path.of(arguments[0]);
    CommandLine root = new CommandLine(new Main());
    Path completions = Files.createDirectories(share.resolve("bash-completion/completions"));
    Files.writeString(
        completions.resolve("iomodels"), AutoComplete.bash(root.getCommandName(), root));
    Path pages = Files.createDirectories(share.resolve("man/man1"));
    write(pages, root);
    for (CommandLine command : root.getSubcommands().values()) {
      if (!(command.getCommand() instanceof HelpCommand)) {
        write(pages, command);
      }
    }
  }

  private static void write(Path pages, CommandLine command) throws IOException {
    ManPage page = new ManPage(command);
    Files.writeString(pages.resolve(page.name() + ".1"), page.text());
  }
}
