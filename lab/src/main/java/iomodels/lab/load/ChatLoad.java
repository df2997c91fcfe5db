package iomodels.lab.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * Load of a chat room. All members stay in the room, and some of them speak. Every line must reach
 * every other member exactly once, whole, and in the same order.
 *
 * <p>A speaker has one line in flight at a time, so its own lines are in order. The order of lines
 * of several speakers is that of the listener that is ahead; every other listener must see the same
 * order.
 */
final class ChatLoad {

  /** Digits of every name, such as {@code m0042}: all lines have the same length. */
  private static final int DIGITS = 4;

  private static final int MAX_MEMBERS = 10_000;
  private static final int PREFIX_BYTES = 1 + DIGITS + ": ".length();

  private final RoundRunner runner;
  private final RoundRecorder recorder;
  private final Load load;
  private final List<Member> members = new ArrayList<>();
  private final List<Speaker> speakers = new ArrayList<>();
  private final int lineBytes;

  /** The speakers of the lines that listeners still differ in, in order: a ring. */
  private final int[] order;

  /** How many lines the listener that is ahead has received. */
  private long ordered;

  private ChatLoad(RoundRunner runner) throws LoadException {
    this.runner = runner;
    recorder = runner.recorder;
    load = runner.load;
    order = new int[load.inFlight()];
    for (int i = 0; i < load.inFlight(); i++) {
      Speaker speaker = new Speaker(i);
      speakers.add(speaker);
      runner.add(speaker);
    }
    lineBytes = speakers.getFirst().delivered.capacity();
  }

  /** Lets all members enter, one after another; each expects one join message per later member. */
  static LoadGenerator enter(Load load) throws LoadException, InterruptedException {
    if (load.connections() <= load.inFlight() || load.connections() > MAX_MEMBERS) {
      throw new LoadException(
          "a room needs more members than speakers, and at most %,d members"
              .formatted(MAX_MEMBERS));
    }
    return RoundRunner.open(load, ChatLoad::ready, runner -> new ChatLoad(runner).enterAll());
  }

  private void enterAll() throws LoadException, InterruptedException {
    StringBuilder present = new StringBuilder();
    for (int i = 0; i < load.connections(); i++) {
      String welcome = "* you are %s; here:%s\n".formatted(name(i), present);
      present.append(' ').append(name(i));
      Member member = new Member(i, StreamLoad.channel(load, i + 1), welcome);
      members.add(member);
      member.sendName();
      await(member, welcome.length());
    }
    for (Member member : members) {
      await(member, member.greeting.capacity());
      member.greeting = ByteBuffer.allocate(0);
    }
  }

  private void await(Member member, int bytes) throws InterruptedException {
    long deadline = System.nanoTime() + load.patience().toNanos();
    while (member.greeting.position() < bytes) {
      if (System.nanoTime() - deadline > 0) {
        throw member.failure("the list of members has not arrived within " + load.patience());
      }
      runner.loop.await();
    }
  }

  private static String name(int index) {
    return "m%04d".formatted(index);
  }

  private static void ready(SelectionKey key) {
    Member member = (Member) key.attachment();
    if (key.isReadable()) {
      member.receive();
    } else {
      member.send();
    }
  }

  /** The lines of one speaker, and how many members still miss the current one. */
  private final class Speaker extends Sender {

    private final int index;

    /** The line as it is sent. It contains its number. */
    private final ByteBuffer sentLine;

    /** The line as the other members receive it, and the part of it that is {@code sentLine}. */
    private final ByteBuffer delivered;

    private final ByteBuffer deliveredLine;

    private int number;
    private int missing;
    private long begun;
    private long handedOver;

    Speaker(int index) throws LoadException {
      super(index, load.inFlight());
      this.index = index;
      byte[] line = load.payload().message(index);
      if (line.length <= SequenceNumber.BYTES) {
        throw new LoadException(
            "a line carries a number: it must have more than %d bytes"
                .formatted(SequenceNumber.BYTES));
      }
      for (int i = 0; i < line.length; i++) {
        line[i] = (byte) ('a' + (i + index) % 26);
      }
      line[line.length - 1] = '\n';
      // Nothing is sent before the first line is begun.
      sentLine = Payload.direct(line).position(line.length);
      delivered = ByteBuffer.allocateDirect(PREFIX_BYTES + line.length);
      delivered.put((name(index) + ": ").getBytes(US_ASCII)).put(line).clear();
      deliveredLine = delivered.slice(PREFIX_BYTES, line.length);
    }

    @Override
    void start(long now) {
      if (load.rate() == 0) {
        begin(now, now);
      }
    }

    @Override
    void sendDue(long now) {
      if (missing == 0) {
        recorder.late(now - cursor.due(runner.schedule()));
        beginDue(now);
      }
    }

    private void beginDue(long now) {
      if (cursor.isDue(runner.schedule(), now)) {
        begin(cursor.take(runner.schedule()), now);
      }
    }

    private void begin(long when, long now) {
      begun = when;
      handedOver = now;
      missing = members.size() - 1;
      runner.addOutstanding();
      number++;
      SequenceNumber.write(number, sentLine.clear());
      SequenceNumber.write(number, deliveredLine);
      members.get(index).send();
    }

    /** Records that another member has received the line. */
    void delivered(long now) {
      recorder.delivered();
      missing--;
      if (missing > 0) {
        return;
      }
      runner.removeOutstanding();
      recorder.deliveredToAll(begun, handedOver, now);
      if (runner.schedule().isOver(now)) {
        return;
      }
      if (load.rate() == 0) {
        begin(now, now);
      } else {
        beginDue(now);
      }
    }

    @Override
    void checkTimeout(long now) {
      if (missing > 0 && now - handedOver > load.patience().toNanos()) {
        throw new LoadFailure(
            new LoadException(
                "a line of %s has not reached %,d of the other members within %s"
                    .formatted(name(index), missing, load.patience())));
      }
    }
  }

  private final class Member {

    private final int index;
    private final SocketChannel channel;
    private final SelectionKey key;

    /** Expected welcome and join messages; the position is the next expected byte. */
    private ByteBuffer greeting;

    /** The first part of a line, if it arrived in parts. */
    private final ByteBuffer partial = ByteBuffer.allocateDirect(lineBytes);

    /** By speaker: the number of the last line received. */
    private final int[] lastNumber = new int[speakers.size()];

    /** Number of lines received. */
    private long lines;

    Member(int index, SocketChannel channel, String welcome) throws LoadException {
      this.index = index;
      this.channel = channel;
      key = runner.loop.watch(channel, this);
      StringBuilder all = new StringBuilder(welcome);
      for (int i = index + 1; i < load.connections(); i++) {
        all.append("* ").append(name(i)).append(" joined\n");
      }
      greeting = ByteBuffer.wrap(all.toString().getBytes(US_ASCII));
    }

    private boolean isSpeaker() {
      return index < speakers.size();
    }

    void sendName() {
      try {
        ByteBuffer name = ByteBuffer.wrap((name(index) + "\n").getBytes(US_ASCII));
        while (name.hasRemaining()) {
          channel.write(name);
        }
      } catch (IOException e) {
        throw failure(e);
      }
    }

    void send() {
      ByteBuffer line = speakers.get(index).sentLine;
      try {
        channel.write(line);
      } catch (IOException e) {
        throw failure(e);
      }
      int wanted =
          line.hasRemaining() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ;
      if (key.interestOps() != wanted) {
        key.interestOps(wanted);
      }
    }

    void receive() {
      ByteBuffer received = runner.received;
      int count;
      try {
        count = channel.read(received.clear());
      } catch (IOException e) {
        throw failure(e);
      }
      long now = System.nanoTime();
      if (count < 0) {
        throw failure("the server closed the connection early");
      }
      received.flip();
      if (greeting.hasRemaining()) {
        int length = Math.min(received.remaining(), greeting.remaining());
        verify(received, greeting.limit(greeting.position() + length));
        greeting.position(greeting.limit()).limit(greeting.capacity());
      }
      while (received.hasRemaining()) {
        takeLine(received, now);
      }
    }

    /** Consumes the bytes that belong to one line. */
    private void takeLine(ByteBuffer received, long now) {
      if (partial.position() == 0 && received.remaining() >= lineBytes) {
        accept(received, now);
        return;
      }
      int last = received.limit();
      received.limit(Math.min(last, received.position() + partial.remaining()));
      partial.put(received);
      received.limit(last);
      if (partial.get(0) != 'm') {
        throw failure("received a line that no member has sent: " + text(partial.flip()));
      }
      if (!partial.hasRemaining()) {
        accept(partial.flip(), now);
        partial.clear();
      }
    }

    private void accept(ByteBuffer line, long now) {
      int from = speakerOf(line);
      if (from < 0 || from >= speakers.size() || from == index) {
        throw failure("received a line that no member has sent: " + text(line));
      }
      Speaker speaker = speakers.get(from);
      if (lastNumber[from] == speaker.number) {
        throw failure("received a line twice, or too late: " + text(line));
      }
      verify(line, speaker.delivered);
      lastNumber[from] = speaker.number;
      if (!isSpeaker()) {
        verifyOrder(from);
      }
      if (!runner.schedule().isOver(now)) {
        recorder.served(index);
      }
      speaker.delivered(now);
    }

    /** The index of the line's speaker; -1 if the line does not begin with a name. */
    private int speakerOf(ByteBuffer line) {
      int number = 0;
      for (int i = 1; i <= DIGITS; i++) {
        int digit = Character.digit(line.get(line.position() + i), 10);
        if (digit < 0) {
          return -1;
        }
        number = 10 * number + digit;
      }
      return number;
    }

    private void verifyOrder(int from) {
      int slot = (int) (lines % order.length);
      if (lines == ordered) {
        order[slot] = from;
        ordered++;
      } else if (order[slot] != from) {
        throw failure(
            "received %s's line before %s's, another member in the opposite order"
                .formatted(name(from), name(order[slot])));
      }
      lines++;
    }

    /** Consumes as many bytes as are expected, and compares them. */
    private void verify(ByteBuffer received, ByteBuffer expected) {
      int last = received.limit();
      received.limit(received.position() + expected.remaining());
      int wrong = received.mismatch(expected);
      if (wrong >= 0) {
        throw failure("byte %d is wrong in: %s".formatted(wrong, text(received)));
      }
      received.position(received.limit()).limit(last);
    }

    private String text(ByteBuffer bytes) {
      bytes.limit(Math.min(bytes.limit(), bytes.position() + lineBytes));
      return US_ASCII.decode(bytes).toString().strip();
    }

    private LoadFailure failure(IOException e) {
      return failure(String.valueOf(e.getMessage()));
    }

    LoadFailure failure(String what) {
      return LoadFailure.of("member", index + 1, load.connections(), what);
    }
  }
}
