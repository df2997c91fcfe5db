package iomodels.conformance.rules;

import static iomodels.conformance.rules.Section11Relay.SMALL_BUFFERS;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;

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

  /** Connects a client with small buffers, and accepts the relay's connection. */
  static RelayPair narrow(TestContext context, Instance program, Backend backend)
      throws Broken, IOException {
    Peer client = context.connectWithBuffers(program, SMALL_BUFFERS);
    return new RelayPair(client, backend.accept());
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
