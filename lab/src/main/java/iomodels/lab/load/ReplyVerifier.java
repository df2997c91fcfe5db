package iomodels.lab.load;

import java.nio.ByteBuffer;

/**
 * Verifies the replies on one connection, piece by piece as they arrive over TCP. For use by one
 * thread.
 */
interface ReplyVerifier {

  /**
   * Consumes the bytes that belong to the reply.
   *
   * @throws LoadFailure if one of them is wrong
   */
  void verify(ByteBuffer received);

  /** Whether the whole reply has arrived, and is right. */
  boolean isComplete();

  /** Expects the next reply. */
  void reset();

  /** How much has arrived, for an error message. */
  String progress();
}
