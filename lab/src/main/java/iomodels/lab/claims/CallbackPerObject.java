package iomodels.lab.claims;

import iomodels.lab.Contestant;
import iomodels.lab.Servers;
import iomodels.lab.report.ClaimResult.Verdict;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What epoll hands to a program when many sockets are ready. */
final class CallbackPerObject implements Experiment {

  private static final String SERVER = "c-epoll";
  private static final int CLIENTS = 10;
  private static final int SECONDS = 30;

  private static final Pattern RETURNED = Pattern.compile("epoll_wait\\(.*\\)\\s+= (\\d+)");

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
    int most = mostAtOnce(laboratory);
    String words =
        ("One return of epoll_wait told of %d of the %d clients that had sent: an array of events,"
             + " each with the 64 bits that the program itself had given. Nothing is called for an"
             + " object; who is to be called, the program looks up. (Inside the kernel there is a"
             + " callback for each file that is watched, ep_poll_callback, which puts it on the"
             + " list of the ready. That is why epoll need not search; the program never sees it.)")
            .formatted(most, CLIENTS);
    return new Finding(verdict(most), words, List.of());
  }

  static Verdict verdict(int mostAtOnce) {
    // A callback for each object would be one return, or none, for each.
    return mostAtOnce > 1 ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
  }

  private static int mostAtOnce(Laboratory laboratory) throws IOException, InterruptedException {
    Path trace = Files.createTempFile("iomodels-epoll", ".txt");
    List<Socket> clients = new ArrayList<>();
    try (Servers servers = laboratory.servers().get()) {
      Contestant server = servers.start(SERVER, List.of());
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(new Socket(server.address().getAddress(), server.address().getPort()));
        say(clients.getLast());
        hear(clients.getLast());
      }
      Process strace = attach(server.process(), trace);
      try {
        signal("-STOP", server);
        for (Socket client : clients) {
          say(client);
        }
        signal("-CONT", server);
        for (Socket client : clients) {
          hear(client);
        }
      } finally {
        strace.destroy();
        strace.waitFor(SECONDS, TimeUnit.SECONDS);
      }
      return most(Files.readString(trace));
    } finally {
      for (Socket client : clients) {
        client.close();
      }
      Files.delete(trace);
    }
  }

  static int most(String trace) {
    return RETURNED
        .matcher(trace)
        .results()
        .map((MatchResult it) -> Integer.parseInt(it.group(1)))
        .max(Integer::compare)
        .orElse(0);
  }

  private static Process attach(ProcessHandle process, Path trace) throws IOException {
    Process strace;
    try {
      strace =
          new ProcessBuilder(
                  "strace",
                  "-e",
                  "trace=epoll_wait",
                  "-o",
                  trace.toString(),
                  "-p",
                  String.valueOf(process.pid()))
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      throw new IOException("there is no strace here", e);
    }
    BufferedReader words = strace.inputReader();
    String said = words.readLine();
    if (said == null || !said.contains("attached")) {
      strace.destroyForcibly();
      throw new IOException("strace cannot trace it: " + said);
    }
    Thread.ofVirtual().start(() -> drain(words));
    return strace;
  }

  private static void drain(BufferedReader words) {
    try (words) {
      words.transferTo(Writer.nullWriter());
    } catch (IOException _) {
      // It was closed with the process.
    }
  }

  private static void signal(String signal, Contestant server)
      throws IOException, InterruptedException {
    new ProcessBuilder("kill", signal, String.valueOf(server.process().pid())).start().waitFor();
  }

  private static void say(Socket client) throws IOException {
    client.getOutputStream().write('a');
  }

  private static void hear(Socket client) throws IOException {
    client.setSoTimeout(SECONDS * 1_000);
    if (client.getInputStream().read() != 'A') {
      throw new IOException("a wrong reply");
    }
  }
}
