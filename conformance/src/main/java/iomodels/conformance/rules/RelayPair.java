package iomodels.conformance.rules;

import static iomodels.conformance.rules.Section11Relay.MOST;
import static iomodels.conformance.rules.Section11Relay.SMALL_WINDOW;
import static iomodels.conformance.rules.Section11Relay.together;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A client, and the connection to the upstream that the relay has made for it.
 *
 * @param client the kit's end of the client's connection
 * @param upstream the kit's end of the connection to the upstream
 */
record RelayPair(Peer client, Peer upstream) {

  /** Connects a client, and accepts the relay's connection. */
  static RelayPair open(TestContext context, Instance program, Backend backend)
      throws Broken, IOException {
    Peer client = context.connect(program);
    return new RelayPair(client, backend.accept());
  }

  /** Connects a client with a small TCP window, and accepts the relay's connection. */
  static RelayPair narrow(TestContext context, Instance program, Backend backend)
      throws Broken, IOException {
    Peer client = context.connectWithWindow(program, SMALL_WINDOW);
    return new RelayPair(client, backend.accept());
  }

  /** A pair of which one side has filled all buffers, as the other side does not read. */
  record Stuck(RelayPair pair, boolean fromClient) {

    Peer sender() {
      return pair.side(fromClient);
    }

    Peer receiver() {
      return pair.side(!fromClient);
    }
  }

  /** Returns a pair in which the client has sent, and one in which the upstream has. */
  static List<Stuck> stuck(TestContext context, Instance program, Backend backend, int window)
      throws Broken, IOException, InterruptedException {
    List<Stuck> both = new ArrayList<>();
    List<Peer.Step> filling = new ArrayList<>();
    for (boolean fromClient : List.of(true, false)) {
      Peer client = context.connectWithWindow(program, window);
      Stuck it = new Stuck(new RelayPair(client, backend.accept()), fromClient);
      Peer.BytePattern stream = Text.stream(context.random().nextInt());
      filling.add(() -> it.sender().sendUntilFull(stream, MOST));
      both.add(it);
    }
    together(filling);
    return both;
  }

  static String name(boolean isClient) {
    return isClient ? "the client" : "the upstream";
  }

  Peer side(boolean isClient) {
    return isClient ? client : upstream;
  }

  /** Checks that bytes are forwarded in both directions. */
  void demandForwarding(String what) throws Broken {
    client.send("from client: " + what);
    upstream.expect("from client: " + what);
    upstream.send("from upstream: " + what);
    client.expect("from upstream: " + what);
  }

  /** Ends both directions, the client's first. */
  void end() throws Broken {
    client.finishSending();
    upstream.expectFin();
    upstream.finishSending();
    client.expectFin();
  }
}
