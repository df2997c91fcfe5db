package iomodels.lab.claims;

import iomodels.lab.bench.ServerUnderTest;
import iomodels.lab.bench.Servers;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ClaimResult.Verdict;
import iomodels.lab.trace.StraceAttachment;
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
    return "%s is stopped (SIGSTOP) while %d clients send; then it goes on, and strace shows what"
            .formatted(SERVER, CLIENTS)
        + " epoll_wait returns to it.";
  }

  @Override
  public Finding run(Laboratory laboratory) throws IOException, InterruptedException {
    laboratory.doing().accept(id() + ": " + SERVER);
    List<Integer> returns = returns(laboratory);
    int most = returns.stream().max(Integer::compare).orElse(0);
    String words =
        ("One return of epoll_wait told of %d of the %d clients that had sent: an array of events,"
             + " each with the 64 bits that the program itself had given. Nothing is called for an"
             + " object; who is to be called, the program looks up. (Inside the kernel there is a"
             + " callback for each file that is watched, ep_poll_callback, which puts it on the"
             + " list of the ready. That is why epoll need not search; the program never sees it.)")
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
        "Clients of %d that each call of epoll_wait told of".formatted(CLIENTS),
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
      StraceAttachment strace =
          StraceAttachment.to(server.process(), trace, "-e", "trace=epoll_wait");
      try {
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
      } finally {
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
      throw new IOException("a wrong reply");
    }
  }
}
