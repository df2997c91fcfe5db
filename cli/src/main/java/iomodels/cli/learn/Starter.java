package iomodels.cli.learn;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.cli.output.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** A first server in a language: one file, and how to run it. It passes stage 1. */
public enum Starter {
  /** Java 17 or newer, without a build. */
  JAVA("Server.java", "java Server.java"),
  /** Python 3. */
  PYTHON("server.py", "python3 server.py"),
  /** Go, with the standard library alone. */
  GO("server.go", "build/server");

  /**
   * Builds the server each time before it starts, in a folder that is not watched. Without a build,
   * "go run" would get the signals in place of the server.
   */
  private static final String GO_BUILD = "go build -o build/server server.go && ";

  private static final String README = "README.md";

  private final String file;
  private final String run;

  Starter(String file, String run) {
    this.file = file;
    this.run = run;
  }

  /** The command of the server for {@code --exec}, in its folder. */
  public String command() {
    return build() + "exec %s {port} {service}".formatted(run);
  }

  /**
   * Writes the files.
   *
   * @param folder is created if necessary
   * @return the files
   * @throws UserError if one of them exists already; nothing is written then
   */
  public List<Path> write(Path folder) throws UserError {
    Path server = folder.resolve(file);
    Path readme = folder.resolve(README);
    for (Path each : List.of(server, readme)) {
      if (Files.exists(each)) {
        throw exists(each);
      }
    }
    try {
      Files.createDirectories(folder);
      Files.writeString(server, text(file), StandardOpenOption.CREATE_NEW);
      try {
        Files.writeString(readme, readme(folder), StandardOpenOption.CREATE_NEW);
      } catch (IOException e) {
        Files.delete(server);
        throw e;
      }
    } catch (FileAlreadyExistsException e) {
      throw exists(Path.of(String.valueOf(e.getFile())));
    } catch (IOException e) {
      throw new UserError("cannot write to %s: %s".formatted(folder, e));
    }
    return List.of(server, readme);
  }

  /** The command that has the server judged, to be typed in its folder. */
  public String learnCommand(Path folder) {
    return Invocation.in(folder, "learn --exec '%s'".formatted(command()));
  }

  private String build() {
    return this == GO ? GO_BUILD : "";
  }

  private static UserError exists(Path file) {
    return new UserError("%s exists already; choose another folder with -o".formatted(file));
  }

  private String readme(Path folder) {
    return text(README)
        .replace("BUILD", build())
        .replace("RUN", run)
        .replace("JUDGE", learnCommand(folder))
        .replace("LEARN", Invocation.in(folder, "learn"));
  }

  private static String text(String name) {
    String resource = "starter/" + name;
    try (InputStream in = Starter.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("there is no file " + resource);
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(resource, e);
    }
  }
}
