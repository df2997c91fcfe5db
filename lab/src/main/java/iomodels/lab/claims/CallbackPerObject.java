package iomodels.lab.claims;

import iomodels.lab.bench.ServerUnderTest;
import iomodels.lab.bench.Servers;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ClaimResult.Verdict;
import iomodels.lab.tools.StraceAttachment;
import iomodels.process.TemporaryFolder;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Shows what epoll returns to a program when many sockets are ready. */
final class CallbackPerObject implements Experiment {

  private static final String SERVER = "c-epoll";
  private static final int CLIENTS = 10;
  private static final int SECONDS = 30;

  private static final Pattern RETURNED =
      Pattern.compile("epoll_wait(?:\\(| resumed>).*\\)\\s+= (\\d+)");

  @Override
  public String id() {
    return "callback-per-object";
  }

  @Override
  public String claim() {
    return "Epoll gives each object a callback.";
  }

  @Override
  public String words() {
    return "%s is stopped (SIGSTOP) while %d clients send, and continued; strace shows what epoll_wait returns."
        .formatted(SERVER, CLIENTS);
  }

  @Override
  public Finding run(Laboratory laboratory) throws IOException, InterruptedException {
    laboratory.doing().accept(id() + ": " + SERVER);
    List<Integer> returns = returns(laboratory);
    int most = returns.stream().max(Integer::compare).orElse(0);
    String words =
        ("One call of epoll_wait reported %d of the %d clients that had sent. It returned an array"
             + " of events, each with the 64 bits that the program had registered. The kernel calls"
             + " no function of the program; the program looks up the handler itself. (Inside the"
             + " kernel, each watched file has a callback, ep_poll_callback, which adds it to the"
             + " ready list. So epoll need not search, but the program never sees this callback.)")
            .formatted(most, CLIENTS);
    return new Finding(verdict(most), words, List.of(chart(returns)));
  }

  static Verdict verdict(int mostAtOnce) {
    // With a callback for each object, no return would report more than one.
    return mostAtOnce > 1 ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
  }

  private static Chart chart(List<Integer> returns) {
    List<String> calls = new ArrayList<>();
    List<Point> points = new ArrayList<>();
    for (int events : returns) {
      points.add(Point.of(calls.size(), events));
      calls.add("call " + (calls.size() + 1));
    }
    return new Chart(
        "Clients reported by each call of epoll_wait, of %d".formatted(CLIENTS),
        Axis.of("", calls),
        Axis.linear("events"),
        List.of(new Series("events", Mark.BARS, points)));
  }

  private static List<Integer> returns(Laboratory laboratory)
      throws IOException, InterruptedException {
    List<Socket> clients = new ArrayList<>();
    try (TemporaryFolder folder = TemporaryFolder.create("epoll");
        Servers servers = laboratory.servers().get()) {
      Path trace = folder.resolve("trace.txt");
      ServerUnderTest server = servers.start(SERVER, List.of());
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(new Socket(server.address().getAddress(), server.address().getPort()));
        sendByte(clients.getLast());
        readReply(clients.getLast());
      }
      try (StraceAttachment strace =
          StraceAttachment.to(server.process(), trace, "-e", "trace=epoll_wait")) {
        signal("-STOP", server);
        try {
          for (Socket client : clients) {
            sendByte(client);
          }
        } finally {
          signal("-CONT", server);
        }
        for (Socket client : clients) {
          readReply(client);
        }
        strace.detach();
      }
      return returns(Files.readString(trace));
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
  }

  /** How many sockets each call reported. */
  static List<Integer> returns(String trace) {
    return RETURNED
        .matcher(trace)
        .results()
        .map((MatchResult it) -> Integer.parseInt(it.group(1)))
        .toList();
  }

  private static void signal(String signal, ServerUnderTest server)
      throws IOException, InterruptedException {
    new ProcessBuilder("kill", signal, String.valueOf(server.process().pid())).start().waitFor();
  }

  private static void sendByte(Socket client) throws IOException {
    client.getOutputStream().write('a');
  }

  private static void readReply(Socket client) throws IOException {
    client.setSoTimeout(SECONDS * 1_000);
    if (client.getInputStream().read() != 'A') {
      throw new IOException("wrong reply");
    }
  }
}
