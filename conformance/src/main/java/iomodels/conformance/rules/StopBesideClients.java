package iomodels.conformance.rules;

import static iomodels.conformance.Bound.STOP;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The end of a server that is told to stop, whatever its clients do. */
final class StopBesideClients {

  /** Shorter than a server would wait before it takes a client for silent. */
  private static final Duration BETWEEN_REQUESTS = Duration.ofMillis(5);

  private static final int SMALL_WINDOW = 16 * 1024;
  private static final long MOST_SENT = 10 << 20;

  private StopBesideClients() {}

  /**
   * A client that would prevent the stop of a careless server.
   *
   * @param words what it does, for a message
   */
  private record Client(String words, Peer peer) {}

  static void demandEnd(TestContext context) throws Broken, IOException, InterruptedException {
    if (!context.isConcurrent()) {
      return;
    }
    Exchange exchange = Exchange.of(context);
    Instance server = context.launch(0);
    List<Client> clients = new ArrayList<>();
    if (exchange.begun(0).length > 0) {
      Peer undecided = context.connect(server);
      exchange.hold(undecided, 1);
      undecided.send(exchange.begun(11));
      clients.add(new Client("has sent a part of a request", undecided));
    }
    if (exchange.pipelines()) {
      Peer deaf = context.connectWithWindow(server, SMALL_WINDOW);
      exchange.leavePending(deaf, context.random().nextInt(), MOST_SENT);
      clients.add(new Client("does not read its replies", deaf));
    }
    if (exchange.refuses()) {
      Peer refused = context.connect(server);
      refused.send(exchange.refusedRequest());
      refused.expect(exchange.error());
      refused.expectFin();
      clients.add(new Client("has got an error line and FIN, and does not close", refused));
    }
    Peer busy = context.connect(server);
    exchange.hold(busy, 1);
    clients.add(new Client("goes on sending requests", busy));
    byte[] request = exchange.request(1);
    Thread sends = Thread.startVirtualThread(() -> busy.sendUntilTheEnd(request, BETWEEN_REQUESTS));
    Thread reads = Thread.startVirtualThread(busy::drain);
    try {
      context.stop(server);
      demandEnd(context, server, clients);
    } finally {
      busy.close();
      sends.join();
      reads.join();
    }
  }

  private static void demandEnd(TestContext context, Instance server, List<Client> clients)
      throws Broken, IOException, InterruptedException {
    if (server.awaitEnd(context.time(STOP))) {
      return;
    }
    for (Client each : clients) {
      each.peer().close();
      if (server.awaitEnd(context.time(STOP))) {
        throw Broken.late(
            "an end within %,d ms".formatted(context.time(STOP).toMillis()),
            "the server still ran, with a client that " + each.words());
      }
    }
    throw Broken.late(
        "an end within %,d ms".formatted(context.time(STOP).toMillis()), "the server still runs");
  }
}
