package iomodels.cli.output;

import iomodels.cli.project.ProjectFiles;
import iomodels.lab.report.WholeFile;
import iomodels.lab.trace.Call;
import iomodels.lab.trace.Trace;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes a trace as JSON with a line for each call, which is readable without a tool. */
public final class TraceFile {

  private static final int FORMAT = 1;

  private static final List<String> COLUMNS =
      List.of(
          "start", "duration", "waited", "call", "arguments", "result", "kind", "client", "times");

  private TraceFile() {}

  /**
   * Writes a trace.
   *
   * @param server name of the server
   * @param arguments arguments of the command that records it again
   * @param strace version of strace
   */
  public static void write(Trace trace, String server, String arguments, String strace, Path file)
      throws UserError {
    try {
      WholeFile.write(file, json(trace, server, made(arguments, strace)));
    } catch (IOException e) {
      throw new UserError("cannot write %s: %s".formatted(file, e));
    }
  }

  private static Map<String, Object> made(String arguments, String strace) {
    Map<String, Object> made = new LinkedHashMap<>();
    made.put("command", ProjectFiles.command() + " trace " + arguments);
    made.put("at", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    made.put("java", Runtime.version().toString());
    made.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    made.put("processors", Runtime.getRuntime().availableProcessors());
    made.put("strace", strace);
    return made;
  }

  private static String json(Trace trace, String server, Map<String, Object> made) {
    return """
    {
      "format": %d,
      "server": %s,
      "made": %s,
      "micros": %d,
      "complete": %s,
      "note": %s,
      "clients": [
    %s
      ],
      "columns": %s,
      "threads": [
    %s
      ]
    }
    """
        .formatted(
            FORMAT,
            Json.line(server),
            Json.line(made),
            trace.micros(),
            trace.complete(),
            Json.line(trace.note()),
            lines(trace.clients().stream().map(TraceFile::client).toList()),
            Json.line(COLUMNS),
            lines(trace.threads().stream().map(TraceFile::thread).toList()));
  }

  private static String client(Trace.Client client) {
    return "    {\"name\": %s, \"buffers\": %s, \"events\": %s}"
        .formatted(
            Json.line(client.name()),
            Json.line(client.buffers().stream().map(TraceFile::buffers).toList()),
            Json.line(
                client.events().stream()
                    .map(it -> List.<Object>of(it.at(), it.kind().toString(), it.bytes()))
                    .toList()));
  }

  /** The time, four limits and four numbers of bytes. */
  private static List<Long> buffers(Trace.Buffers buffers) {
    List<Long> row = new ArrayList<>(List.of(buffers.at()));
    row.addAll(buffers.limits());
    row.addAll(buffers.bytes());
    return row;
  }

  private static String thread(Trace.Track thread) {
    return "    {\"name\": %s, \"calls\": [\n%s\n    ]}"
        .formatted(
            Json.line(thread.name()),
            lines(thread.calls().stream().map(it -> "      " + call(it)).toList()));
  }

  private static String call(Call call) {
    return Json.line(
        List.<Object>of(
            call.start(),
            call.duration(),
            call.waited(),
            call.name(),
            call.arguments(),
            call.result(),
            call.kind().toString(),
            call.client(),
            call.times()));
  }

  private static String lines(List<String> lines) {
    return lines.stream().collect(Collectors.joining(",\n"));
  }
}
