package iomodels.lab.load;

/**
 * Sends the messages of a load over one connection or socket. A {@code RoundRunner} calls it. For
 * use by one thread.
 */
abstract class Sender {

  /** Open loop: which of its messages is due next. */
  final DueCursor cursor;

  /**
   * One of several.
   *
   * @param index from 0
   * @param senders how many there are
   */
  Sender(int index, int senders) {
    cursor = new DueCursor(index, senders);
  }

  /** Begins a round. In a closed loop it sends its first messages. */
  abstract void start(long now);

  /** Open loop: sends the messages that are due, up to the limit of messages in flight. */
  abstract void sendDue(long now);

  /**
   * Looks for a reply that is overdue.
   *
   * @throws LoadFailure if one is; over UDP it is counted as lost instead
   */
  abstract void checkTimeout(long now);
}
