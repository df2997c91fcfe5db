package iomodels.cli.learn;

import iomodels.cli.output.Json;
import iomodels.cli.output.UserError;
import iomodels.lab.report.WholeFile;
import iomodels.wrong.ladder.Ladder;
import iomodels.wrong.ladder.Stage;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The stages that a user has passed, in a file of the user's project. */
public final class LadderProgress {

  /** The name of the file. */
  public static final String FILE = ".iomodels-learn.json";

  private final Invocation invocation;
  private final Path file;
  private final Map<String, Passed> passed = new LinkedHashMap<>();

  /**
   * A stage that was passed; its JSON has these names.
   *
   * @param stage the name of the stage
   * @param command the command of the server
   * @param when the time, in ISO 8601
   */
  public record Passed(String stage, String command, String when) {}

  /** The content of the file; its JSON has this name. */
  record Content(List<Passed> passed) {}

  /**
   * Reads the file, if there is one.
   *
   * @param invocation the commands to suggest, with the folder of the user's project
   * @throws UserError if the file cannot be read, or is damaged
   */
  public LadderProgress(Invocation invocation) throws UserError {
    this.invocation = invocation;
    Path folder = invocation.folder();
    file = folder.resolve(FILE);
    if (!Files.isDirectory(folder)) {
      throw new UserError("there is no folder %s; choose another --folder".formatted(folder));
    }
    read();
  }

  private void read() throws UserError {
    Map<String, Passed> stages = Map.of();
    if (Files.exists(file)) {
      try {
        stages = stages(JsonMapper.shared().readTree(Files.readString(file)));
      } catch (JacksonException | CharacterCodingException | IllegalArgumentException _) {
        throw new UserError(
            "%s is damaged; repair it, or begin again with: %s"
                .formatted(file, invocation.learn("--reset")));
      } catch (IOException e) {
        throw new UserError(
            "cannot read %s, which keeps your progress: %s; choose another --folder"
                .formatted(file, e));
      }
    }
    passed.clear();
    passed.putAll(stages);
  }

  private static Map<String, Passed> stages(JsonNode content) {
    Map<String, Passed> passed = new LinkedHashMap<>();
    JsonNode stages = content.path("passed");
    if (!stages.isArray()) {
      throw new IllegalArgumentException("no list of stages");
    }
    for (JsonNode each : stages) {
      String name = each.path("stage").asString("");
      Passed one =
          new Passed(name, each.path("command").asString(""), each.path("when").asString(""));
      if (name.isEmpty()) {
        throw new IllegalArgumentException("a stage without a name");
      }
      passed.put(name, one);
    }
    return passed;
  }

  /** The file, which may not exist yet. */
  public Path file() {
    return file;
  }

  /** Whether the stage was passed. */
  public boolean hasPassed(Stage stage) {
    return passed.containsKey(stage.name());
  }

  /** The number of stages that were passed. */
  public long count() {
    return Ladder.stages().stream().filter(this::hasPassed).count();
  }

  /** The first stage that was not passed; empty at the end of the ladder. */
  public Optional<Stage> next() {
    return Ladder.stages().stream().filter(it -> !hasPassed(it)).findFirst();
  }

  /** The command that passed a stage last; empty if none was passed. */
  public Optional<String> lastCommand() {
    return passed.values().stream().map(Passed::command).reduce((_, last) -> last);
  }

  /** Fails if the file cannot be written: before a server is judged. */
  public void demandWritable() throws UserError {
    Path folder = file.toAbsolutePath().getParent();
    Path written = Files.exists(file) || folder == null ? file : folder;
    if (!Files.isWritable(written)) {
      throw new UserError(
          "cannot write %s, which keeps your progress; choose another --folder".formatted(file));
    }
  }

  /**
   * Adds a stage to those that the file has now, and writes it: another terminal may have changed
   * it.
   *
   * @param command the command of the server that passed
   * @throws UserError if it cannot be read or written; the old content is unchanged
   */
  public void pass(Stage stage, String command) throws UserError {
    read();
    passed.remove(stage.name());
    String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    passed.put(stage.name(), new Passed(stage.name(), command, now));
    try {
      WholeFile.write(file, Json.write(new Content(List.copyOf(passed.values()))) + "\n");
    } catch (IOException e) {
      throw new UserError("cannot write %s: %s".formatted(file, e));
    }
  }

  /**
   * Deletes the file.
   *
   * @param folder the user's project
   * @return whether there was one
   */
  public static boolean reset(Path folder) throws UserError {
    Path file = folder.resolve(FILE);
    try {
      return Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UserError("cannot delete %s: %s".formatted(file, e));
    }
  }
}
