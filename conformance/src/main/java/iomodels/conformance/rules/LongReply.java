package iomodels.conformance.rules;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;

/**
 * The reply to a count that is larger than all buffers of the kernel, for a client of {@code flood}
 * that does not read yet: the rest of the reply is pending in the server itself.
 *
 * @param peer the client; its receive buffer should be small
 * @param length the count
 */
record LongReply(Peer peer, long length) {

  /** Several times what the kernel holds for a client with a small receive buffer. */
  static final long LENGTH = 20_000_000;

  /**
   * Sends the count, and waits until the server is blocked.
   *
   * @param behind what the client sends behind the count, in the same write
   */
  static LongReply blocking(Peer peer, long length, String behind)
      throws Broken, InterruptedException {
    peer.send(length + "\n" + behind);
    peer.pauseUntilFull();
    return new LongReply(peer, length);
  }

  /** Sends the count, and receives the first byte of the reply. */
  static LongReply begin(Peer peer, long length, String behind) throws Broken {
    peer.send(length + "\n" + behind);
    peer.expect(new byte[] {0});
    return new LongReply(peer, length);
  }

  /** Demands the whole reply next. */
  void expect() throws Broken {
    expectFrom(0);
  }

  /** Demands the whole reply and FIN, and closes. */
  void expectToTheEnd() throws Broken {
    expect();
    peer.expectFin();
    peer.close();
  }

  /** Demands the rest of the reply, if the client has received its beginning. */
  void expectFrom(long position) throws Broken {
    Peer.BytePattern flood = Text::flood;
    try {
      peer.expectStream(flood.from(position), length - position);
    } catch (Broken e) {
      throw e.at("the reply to the count %,d".formatted(length));
    }
  }
}
