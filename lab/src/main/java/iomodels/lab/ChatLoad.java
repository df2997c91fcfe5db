package iomodels.lab;

import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.lab.Loop.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Load of a room: all members are here, some of them speak, and every line has to reach all others,
 * whole, once, and in the same order. Who speaks has one line on its way at a time, so that its own
 * are in order; the order of lines of several is what the first listener heard, and all other
 * listeners must have heard the same.
 */
final class ChatLoad implements LoadGenerator, Course.Clients {

  private static final int RECEIVE_BYTES = 64 * 1024;

  /** Of every name, so that all lines are of one length: {@code m0042}. */
  private static final int DIGITS = 4;

  private static final int MAX_MEMBERS = 10_000;
  private static final int PREFIX_BYTES = 1 + DIGITS + ": ".length();

  private final Load load;
  private final Course course;
  private final Tally tally;
  private final List<Member> members = new ArrayList<>();
  private final List<Speaker> speakers = new ArrayList<>();
  private final ByteBuffer received = ByteBuffer.allocateDirect(RECEIVE_BYTES);
  private final int lineBytes;

  /**
   * Who said the lines that have not reached all, in the order in which they were heard: a ring.
   */
  private final int[] order;

  /** How many lines have been heard by a listener. */
  private long heard;

  /** How many lines have not reached all. */
  private int outstanding;

  private ChatLoad(Load load) throws LoadException {
    this.load = load;
    if (load.connections() <= load.inFlight() || load.connections() > MAX_MEMBERS) {
      throw new LoadException(
          "a room has more members than speakers, and %,d at most".formatted(MAX_MEMBERS));
    }
    course = new Course(load.rate(), ChatLoad::ready);
    tally = course.tally;
    order = new int[load.inFlight()];
    for (int i = 0; i < load.inFlight(); i++) {
      speakers.add(new Speaker(i));
    }
    lineBytes = speakers.getFirst().delivered.capacity();
  }

  /**
   * Takes all members into the room, one after the other, so that all know whom they find there.
   */
  static ChatLoad enter(Load load) throws LoadException, InterruptedException {
    ChatLoad generator = new ChatLoad(load);
    try {
      generator.enterAll();
      return generator;
    } catch (Failure failure) {
      generator.close();
      throw failure.what;
    } catch (LoadException | InterruptedException | RuntimeException e) {
      generator.close();
      throw e;
    }
  }

  private void enterAll() throws LoadException, InterruptedException {
    StringBuilder there = new StringBuilder();
    for (int i = 0; i < load.connections(); i++) {
      String welcome = "* you are %s; here:%s\n".formatted(name(i), there);
      there.append(' ').append(name(i));
      Member member = new Member(i, StreamLoad.channel(load, i + 1), welcome);
      members.add(member);
      member.introduce();
      await(member, welcome.length());
    }
    for (Member member : members) {
      await(member, member.entrance.capacity());
      member.entrance = ByteBuffer.allocate(0);
    }
  }

  private void await(Member member, int bytes) throws LoadException, InterruptedException {
    long deadline = System.nanoTime() + load.patience().toNanos();
    while (member.entrance.position() < bytes) {
      if (System.nanoTime() - deadline > 0) {
        throw member.failure("not told who is there within " + load.patience()).what;
      }
      course.loop.await();
    }
  }

  private static String name(int index) {
    return "m%04d".formatted(index);
  }

  @Override
  public LoadResult round(Duration duration, Observer observer)
      throws LoadException, InterruptedException {
    return course.run(this, duration, observer);
  }

  @Override
  public void start() {
    outstanding = 0;
    members.forEach(it -> it.served = 0);
    speakers.forEach(it -> it.start(course.schedule().start()));
  }

  @Override
  public boolean areOwed() {
    return outstanding > 0;
  }

  @Override
  public void pursue(long message, long now) {
    speakers.get((int) (message % speakers.size())).pursue(now);
  }

  @Override
  public void check(long now) {
    speakers.forEach(it -> it.check(now));
  }

  @Override
  public void giveUp() {
    speakers.forEach(Speaker::giveUp);
  }

  @Override
  public LongStream served() {
    return members.stream().mapToLong(it -> it.served);
  }

  private static void ready(SelectionKey key) {
    Member member = (Member) key.attachment();
    if (key.isReadable()) {
      member.receive();
    } else {
      member.send();
    }
  }

  @Override
  public void close() {
    course.close();
  }

  /** What a speaker says, and how far it has got. */
  private final class Speaker {

    private final int index;

    /** What the server is told, and what it tells the others; each has the line's number in it. */
    private final ByteBuffer said;

    private final ByteBuffer delivered;
    private final ByteBuffer deliveredNumber;

    private int number;
    private int missing;
    private long begun;
    private long handedOver;

    /** Open loop: which of the lines that fall due is its next. */
    private long upcoming;

    Speaker(int index) throws LoadException {
      this.index = index;
      byte[] line = load.exchange().message(index);
      if (line.length <= Sequence.BYTES) {
        throw new LoadException(
            "a line carries a number, and so has more than %d bytes".formatted(Sequence.BYTES));
      }
      for (int i = 0; i < line.length; i++) {
        line[i] = (byte) ('a' + (i + index) % 26);
      }
      line[line.length - 1] = '\n';
      said = ByteBuffer.allocateDirect(line.length).put(line);
      delivered = ByteBuffer.allocateDirect(PREFIX_BYTES + line.length);
      delivered.put((name(index) + ": ").getBytes(US_ASCII)).put(line).clear();
      deliveredNumber = delivered.slice(PREFIX_BYTES, line.length);
    }

    void start(long now) {
      upcoming = index;
      if (load.rate() == 0) {
        begin(now, now);
      }
    }

    /** Open loop: begins its next line, if the one before has reached all. */
    void pursue(long now) {
      if (missing == 0) {
        tally.late(now - course.schedule().due(upcoming));
        beginWhatIsDue(now);
      }
    }

    private void beginWhatIsDue(long now) {
      if (course.schedule().isDue(upcoming, now)) {
        long due = course.schedule().due(upcoming);
        upcoming += speakers.size();
        begin(due, now);
      }
    }

    private void begin(long when, long now) {
      begun = when;
      handedOver = now;
      missing = members.size() - 1;
      outstanding++;
      number++;
      Sequence.write(number, said.clear());
      Sequence.write(number, deliveredNumber);
      members.get(index).send();
    }

    /** One of the others has it. */
    void delivered(long now) {
      tally.delivered();
      missing--;
      if (missing > 0) {
        return;
      }
      outstanding--;
      tally.deliveredToAll(begun, now);
      if (load.rate() > 0) {
        tally.uncorrected(handedOver, now);
      }
      if (course.schedule().isOver(now)) {
        return;
      }
      if (load.rate() == 0) {
        begin(now, now);
      } else {
        beginWhatIsDue(now);
      }
    }

    /** Open loop: what was due, but could not be begun, has waited until now at least. */
    void giveUp() {
      for (; course.schedule().includes(upcoming); upcoming += speakers.size()) {
        tally.neverSent(course.schedule().end() - course.schedule().due(upcoming));
      }
    }

    void check(long now) {
      if (missing > 0 && now - handedOver > load.patience().toNanos()) {
        throw new Failure(
            new LoadException(
                "a line of %s has not reached %,d of the others within %s"
                    .formatted(name(index), missing, load.patience())));
      }
    }
  }

  private final class Member {

    private final int index;
    private final SocketChannel channel;
    private final SelectionKey key;

    /** What it has to be told until the last is in the room, from the byte to come next. */
    private ByteBuffer entrance;

    /** The beginning of a line. */
    private final ByteBuffer begun = ByteBuffer.allocateDirect(lineBytes);

    /** The number of the last line that it heard of each speaker. */
    private final int[] lastOf = new int[speakers.size()];

    /** How many it has heard; of a listener, all that there were. */
    private long lines;

    private long served;

    Member(int index, SocketChannel channel, String welcome) throws LoadException {
      this.index = index;
      this.channel = channel;
      key = course.loop.watch(channel, this);
      StringBuilder all = new StringBuilder(welcome);
      for (int i = index + 1; i < load.connections(); i++) {
        all.append("* ").append(name(i)).append(" joined\n");
      }
      entrance = ByteBuffer.wrap(all.toString().getBytes(US_ASCII));
    }

    private boolean speaks() {
      return index < speakers.size();
    }

    void introduce() throws LoadException {
      try {
        ByteBuffer name = ByteBuffer.wrap((name(index) + "\n").getBytes(US_ASCII));
        while (name.hasRemaining()) {
          channel.write(name);
        }
      } catch (IOException e) {
        throw failure(String.valueOf(e.getMessage())).what;
      }
    }

    void send() {
      ByteBuffer said = speakers.get(index).said;
      try {
        channel.write(said);
      } catch (IOException e) {
        throw failure(String.valueOf(e.getMessage()));
      }
      int wanted =
          said.hasRemaining() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ;
      if (key.interestOps() != wanted) {
        key.interestOps(wanted);
      }
    }

    void receive() {
      int count;
      try {
        count = channel.read(received.clear());
      } catch (IOException e) {
        throw failure(String.valueOf(e.getMessage()));
      }
      long now = System.nanoTime();
      if (count < 0) {
        throw failure("the server closed it early");
      }
      received.flip();
      if (entrance.hasRemaining()) {
        int length = Math.min(received.remaining(), entrance.remaining());
        demandSame(received, entrance.limit(entrance.position() + length));
        entrance.position(entrance.limit()).limit(entrance.capacity());
      }
      while (received.hasRemaining()) {
        takeLine(now);
      }
    }

    /** Takes what belongs to one line. */
    private void takeLine(long now) {
      if (begun.position() == 0 && received.remaining() >= lineBytes) {
        hear(received, now);
        return;
      }
      int last = received.limit();
      received.limit(Math.min(last, received.position() + begun.remaining()));
      begun.put(received);
      received.limit(last);
      if (begun.get(0) != 'm') {
        throw failure("not a line that was said: " + words(begun.flip()));
      }
      if (!begun.hasRemaining()) {
        hear(begun.flip(), now);
        begun.clear();
      }
    }

    private void hear(ByteBuffer line, long now) {
      int from = speaker(line);
      if (from < 0 || from >= speakers.size() || from == index) {
        throw failure("not a line that was said: " + words(line));
      }
      Speaker speaker = speakers.get(from);
      if (lastOf[from] == speaker.number) {
        throw failure("heard it twice, or after all had heard it: " + words(line));
      }
      demandSame(line, speaker.delivered);
      lastOf[from] = speaker.number;
      if (!speaks()) {
        demandOrder(from);
      }
      if (!course.schedule().isOver(now)) {
        served++;
      }
      speaker.delivered(now);
    }

    /** Whose line it is; -1 if that cannot be read from it. */
    private int speaker(ByteBuffer line) {
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

    private void demandOrder(int from) {
      int slot = (int) (lines % order.length);
      if (lines == heard) {
        order[slot] = from;
        heard++;
      } else if (order[slot] != from) {
        throw failure(
            "heard %s before %s, and another one after it"
                .formatted(name(from), name(order[slot])));
      }
      lines++;
    }

    /** Takes as many bytes as there should be, and they have to be those. */
    private void demandSame(ByteBuffer there, ByteBuffer wanted) {
      int last = there.limit();
      there.limit(there.position() + wanted.remaining());
      int wrong = there.mismatch(wanted);
      if (wrong >= 0) {
        throw failure("byte %d is wrong of: %s".formatted(wrong, words(there)));
      }
      there.position(there.limit()).limit(last);
    }

    private String words(ByteBuffer bytes) {
      bytes.limit(Math.min(bytes.limit(), bytes.position() + lineBytes));
      return US_ASCII.decode(bytes).toString().strip();
    }

    Failure failure(String what) {
      return new Failure(
          new LoadException("member %d of %d: %s".formatted(index + 1, load.connections(), what)));
    }
  }
}
