package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.FIXED;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.DatagramPeer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Loopback;
import iomodels.service.Responder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Section 7: datagrams. */
final class Section07Datagrams {

  static final List<Rule> ALL =
      List.of(
          rule(
              "7.01",
              "The server MUST answer each datagram with exactly one datagram, and MUST NOT"
                  + " merge or split datagrams.",
              "UDP keeps message boundaries, unlike TCP (Stevens, UNP vol. 1, section 2.3),"
                  + " and its clients rely on them. A merged, split or extra reply is taken for the"
                  + " answer to another request.",
              Section07Datagrams::boundaries),
          rule(
              "7.02",
              "The server MUST answer an empty datagram with an empty datagram.",
              "A datagram without data is legal: the smallest length is 8, the header alone (RFC"
                  + " 768). A receive call then returns 0 (recv(2)), which code written for TCP"
                  + " takes for the end of input, so that one datagram can stop the server.",
              Section07Datagrams::empty),
          rule(
              "7.03",
              "The server MUST answer the largest IPv4 datagram, of 65,507 bytes, in full.",
              "If the receive buffer is too small, the kernel discards the rest of the"
                  + " datagram (recv(2)). The reply then looks complete, and the client cannot tell"
                  + " that data is missing.",
              Section07Datagrams::largest),
          rule(
              "7.04",
              "The server MUST send each reply from the port to which the request was sent,"
                  + " and to the sender of that request.",
              "A UDP socket that is connected receives datagrams from that address and port only"
                  + " (connect(2)), and NAT and firewalls drop the others. A reply that goes to"
                  + " another client is lost for one and wrong for the other.",
              Section07Datagrams::senders),
          rule(
              "7.05",
              "The server MUST keep serving after a sender has vanished.",
              "A reply to a closed port comes back as an ICMP error, which a later call on"
                  + " the socket may report (udp(7); WSAECONNRESET on Windows). A receive loop that"
                  + " treats this error as fatal stops for all clients, as in"
                  + " sipsorcery-org/sipsorcery#1517.",
              Section07Datagrams::vanished),
          new Rule(
              "7.06",
              MUST,
              "The server MUST answer the largest IPv6 datagram, of 65,527 bytes, in full,"
                  + " and keep serving.",
              "The payload length of IPv6 does not count the IPv6 header (RFC 8200, section"
                  + " 3), so a datagram can hold 20 bytes more than over IPv4. A server with a"
                  + " buffer for IPv4 cuts them off.",
              Exchange.BYTEWISE,
              Set.of(
                  Precondition.DATAGRAMS, Precondition.LIFE, Precondition.HOST, Precondition.IPV6),
              Section07Datagrams::largestOfIpv6),
          new Rule(
              "7.07",
              MUST,
              "A server that listens on a wildcard address MUST answer from the address to"
                  + " which the request was sent.",
              "RFC 1122, section 4.1.3.5, asks this of applications that use UDP for requests"
                  + " and responses. Otherwise the kernel chooses the source address by the route,"
                  + " and a client that has connected its socket never receives the reply.",
              Exchange.BYTEWISE,
              Set.of(
                  Precondition.DATAGRAMS,
                  Precondition.LIFE,
                  Precondition.HOST,
                  Precondition.REPLY_SOURCE),
              Section07Datagrams::wildcard),
          rule(
              "7.08",
              "The server MUST answer a datagram with the same bytes as a stream of them: NUL,"
                  + " blanks, line ends and invalid UTF-8 are data.",
              "Code for datagrams often treats them as text: it strips the newline that netcat"
                  + " sends, or stops at NUL. A resolver or a time server whose messages are binary"
                  + " fails with such code (RFC 1035, section 4.1, and RFC 5905, section 7.3).",
              Section07Datagrams::anyBytes),
          new Rule(
              "7.09",
              MUST,
              "The server MUST answer each datagram to `fixed` with the constant, once, whatever"
                  + " the datagram contains, and also if it is empty.",
              "Over UDP a request is a datagram, whatever its length (RFC 768). A server that"
                  + " answers once per buffer, per line or per non-empty datagram works with the"
                  + " requests of its own client only.",
              FIXED,
              Set.of(Precondition.DATAGRAMS),
              Section07Datagrams::constants));

  private static final byte[] CONSTANT = "dddddd".getBytes(US_ASCII);
  private static final int SENDERS = 16;
  private static final int PAIRS = 20;
  private static final Duration AT_ONCE = Duration.ofMillis(1);

  /** Times 2 in flight, times 16 senders: about 1,500 datagrams. */
  private static final int ROUNDS_AT_ONCE = 48;

  private static final int IN_FLIGHT = 2;

  /** Few enough for the receive buffer, which holds more than two hundred small datagrams. */
  private static final int BURST = 200;

  private static final int MOST_LOST = 3;

  /** More than a server that limits the rate permits a client in a second. */
  private static final int IN_TURN = 400;

  /** A server that has sent nothing for this long has sent all its replies, or waits. */
  private static final Duration QUIET = Duration.ofSeconds(1);

  private static final Duration LOST_AFTER = Duration.ofMillis(300);

  /** Sizes of buffers, the largest datagram, and then smaller ones. */
  private static final int[] LENGTHS = {
    Responder.MAX_DATAGRAM_IPV4, Responder.MAX_DATAGRAM_IPV4 - 1, 8192, 8193, 16_384, 16_385, 32_769
  };

  private Section07Datagrams() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(
        id, MUST, sentence, why, Exchange.BYTEWISE, Set.of(Precondition.DATAGRAMS), check);
  }

  private static void boundaries(TestContext context)
      throws Broken, IOException, InterruptedException {
    for (int length : new int[] {1, 2, 100, 512, 1472, 1473, 2048, 9000}) {
      byte[] text = Text.letters(context.random(), length);
      // A new sender each time, so that a late reply to a repeated request goes nowhere.
      context.datagrams().exchange(text, Text.reply(context.service(), text));
    }
    inABurst(context);
    inTurn(context);
    // Two equal datagrams in flight must get two replies.
    DatagramPeer other = context.datagrams();
    byte[] twice = "twice".getBytes(US_ASCII);
    other.send(twice);
    other.exchange(twice, Text.reply(context.service(), twice));
    other.expect(Text.reply(context.service(), twice));
    other.expectSilence(context.time(SILENCE));
  }

  /**
   * More datagrams than a server takes at a time. UDP may lose some, but none may wait until the
   * next one comes.
   */
  private static void inABurst(TestContext context)
      throws Broken, IOException, InterruptedException {
    DatagramPeer peer = context.datagrams();
    Set<String> pending = new HashSet<>();
    List<byte[]> requests = new ArrayList<>();
    for (int i = 0; i < BURST; i++) {
      byte[] request = ("datagram " + i).getBytes(US_ASCII);
      pending.add(new String(Text.reply(context.service(), request), US_ASCII));
      requests.add(request);
    }
    peer.sendAll(requests);
    receive(peer, pending);
    int missing = pending.size();
    if (missing > 0) {
      context.datagrams().send("one more".getBytes(US_ASCII));
      receive(peer, pending);
      if (pending.size() < missing) {
        throw Broken.late(
            "replies to %d datagrams that were sent in a burst".formatted(BURST),
            "%d of them waited until the next datagram".formatted(missing));
      }
    }
  }

  /**
   * One client asks as fast as it is answered. At most one of these datagrams is in a queue, so UDP
   * loses hardly any.
   */
  private static void inTurn(TestContext context) throws Broken, IOException, InterruptedException {
    DatagramPeer peer = context.datagrams();
    Set<String> missing = new HashSet<>();
    for (int i = 0; i < IN_TURN && missing.size() <= MOST_LOST; i++) {
      byte[] request = ("in turn " + i).getBytes(US_ASCII);
      String expected = new String(Text.reply(context.service(), request), US_ASCII);
      missing.add(expected);
      peer.send(request);
      Optional<byte[]> reply = Optional.of(new byte[0]);
      while (reply.isPresent() && missing.contains(expected)) {
        reply = peer.receiveAny(LOST_AFTER);
        reply.ifPresent(it -> missing.remove(new String(it, US_ASCII))); // It may be a late one.
      }
    }
    if (missing.size() > MOST_LOST) {
      receive(peer, missing);
    }
    if (missing.size() > MOST_LOST) {
      throw Broken.late(
          "replies to %d datagrams that one client sends in turn".formatted(IN_TURN),
          "%d were not answered".formatted(missing.size()));
    }
  }

  /** Removes the replies that come, until none is missing, or none has come for a while. */
  private static void receive(DatagramPeer peer, Set<String> pending) throws IOException {
    while (!pending.isEmpty()) {
      Optional<byte[]> reply = peer.receiveAny(QUIET);
      if (reply.isEmpty()) {
        return;
      }
      pending.remove(new String(reply.get(), US_ASCII));
    }
  }

  private static void empty(TestContext context) throws Broken, IOException, InterruptedException {
    DatagramPeer peer = context.datagrams();
    byte[] none = new byte[0];
    peer.exchange(none, none);
    byte[] text = "and on".getBytes(US_ASCII);
    DatagramPeer other = context.datagrams();
    other.exchange(text, Text.reply(context.service(), text));
    // Two in flight must get two replies, and the next text its own.
    DatagramPeer twice = context.datagrams();
    twice.send(none);
    twice.exchange(none, none);
    twice.expect(none);
    twice.expectSilence(AT_ONCE);
    other.exchange(text, Text.reply(context.service(), text));
  }

  private static void largest(TestContext context)
      throws Broken, IOException, InterruptedException {
    for (int length : LENGTHS) {
      byte[] text = Text.noise(context.random(), length);
      context.datagrams().exchange(text, Text.reply(context.service(), text));
    }
    // The buffer still holds a longer datagram.
    byte[] small = Text.letters(context.random(), 5);
    context.datagrams().exchange(small, Text.reply(context.service(), small));
  }

  private static void senders(TestContext context)
      throws Broken, IOException, InterruptedException {
    DatagramPeer one = context.datagrams();
    DatagramPeer two = context.datagrams();
    for (int i = 0; i < 20; i++) {
      byte[] first = ("one " + i).getBytes(US_ASCII);
      byte[] second = ("two " + i).getBytes(US_ASCII);
      one.send(first);
      two.exchange(second, Text.reply(context.service(), second));
      one.expect(Text.reply(context.service(), first));
    }
    List<DatagramPeer> many = new ArrayList<>();
    for (int i = 0; i < SENDERS; i++) {
      many.add(context.datagrams());
    }
    for (int round = 0; round < 3; round++) {
      List<byte[]> texts = new ArrayList<>();
      for (DatagramPeer each : many) {
        texts.add(Text.letters(context.random(), 1 + context.random().nextInt(100)));
        each.send(texts.getLast());
      }
      for (int i = 0; i < SENDERS; i++) {
        many.get(i).expect(Text.reply(context.service(), texts.get(i)));
      }
    }
    for (DatagramPeer each : many) {
      each.expectSilence(AT_ONCE);
    }
    sendersAtOnce(context, many);
  }

  /**
   * Senders that do not wait for each other: the server's queue holds datagrams of several of them.
   * UDP may lose some, but no reply may reach another sender.
   */
  private static void sendersAtOnce(TestContext context, List<DatagramPeer> senders)
      throws Broken, IOException, InterruptedException {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Optional<Broken>>> ends = new ArrayList<>();
      for (int i = 0; i < senders.size(); i++) {
        int number = i;
        ends.add(
            executor.submit(() -> mixUp(context, senders.get(number), number, senders.size())));
      }
      for (Future<Optional<Broken>> each : ends) {
        Optional<Broken> broken = each.get();
        if (broken.isPresent()) {
          throw broken.get();
        }
      }
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    }
  }

  /** Sends datagrams, and returns what was wrong with a reply, if anything was. */
  private static Optional<Broken> mixUp(
      TestContext context, DatagramPeer peer, int sender, int senders) throws IOException {
    String own = "from sender %d: ".formatted(sender);
    Set<String> pending = new HashSet<>();
    int lost = 0;
    for (int i = 0; i < ROUNDS_AT_ONCE && lost < MOST_LOST; i++) {
      for (int j = 0; j < IN_FLIGHT; j++) {
        byte[] request = (own + i + (j == 0 ? "a" : "b".repeat(i % 50))).getBytes(US_ASCII);
        pending.add(new String(Text.reply(context.service(), request), US_ASCII));
        peer.send(request);
      }
      for (int j = 0; j < IN_FLIGHT; j++) {
        Optional<byte[]> reply = peer.receiveAny(LOST_AFTER);
        if (reply.isEmpty()) {
          lost++;
          break;
        }
        String text = new String(reply.get(), US_ASCII);
        if (!pending.remove(text)) {
          return Optional.of(
              new Broken(
                  "one reply to each datagram of sender %d, where %d senders send at the same time"
                      .formatted(sender, senders),
                  "it got \"%s\"".formatted(text)));
        }
      }
    }
    return Optional.empty();
  }

  private static void vanished(TestContext context)
      throws Broken, IOException, InterruptedException {
    // Opened first: later it might get the port of a closed sender, and then its reply.
    DatagramPeer peer = context.datagrams();
    for (int i = 0; i < 20; i++) {
      DatagramPeer gone = context.datagrams();
      gone.send(Text.letters(context.random(), 100));
      gone.close();
    }
    byte[] text = "still there?".getBytes(US_ASCII);
    for (int i = 0; i < 5; i++) {
      peer.exchange(text, Text.reply(context.service(), text));
    }
  }

  private static void anyBytes(TestContext context)
      throws Broken, IOException, InterruptedException {
    byte[] every = new byte[256];
    for (int i = 0; i < every.length; i++) {
      every[i] = (byte) i;
    }
    List<Sample> samples = new ArrayList<>();
    samples.add(new Sample("every byte value", every));
    samples.addAll(Sample.texts());
    samples.addAll(Sample.carriageReturns());
    for (String end : List.of("\n", "\r\n", "\n\n")) {
      samples.add(Sample.text("a line end alone", end));
      samples.add(Sample.text("a text and a line end", "text" + end));
      samples.add(Sample.text("a word and a line end", "exit" + end));
    }
    samples.add(Sample.text("two lines", "one\ntwo\n"));
    samples.addAll(Sample.some(Sample.everyByte("", ""), context));
    DatagramPeer peer = context.datagrams();
    for (Sample each : samples) {
      try {
        peer.exchange(each.bytes(), Text.reply(context.service(), each.bytes()));
      } catch (Broken e) {
        throw e.at(each.name());
      }
    }
    peer.expectSilence(AT_ONCE);
  }

  private static void constants(TestContext context)
      throws Broken, IOException, InterruptedException {
    List<Sample> requests = new ArrayList<>();
    for (int length : new int[] {0, 1, 6, 7, 100, 255, 256, 257, 511, 512}) {
      String name = "a datagram of %d byte%s".formatted(length, length == 1 ? "" : "s");
      requests.add(new Sample(name, Text.letters(context.random(), length)));
    }
    for (String each : List.of("\n", " ", "\0", "a\n", "a\nb\n", "exit", "exit\n")) {
      requests.add(Sample.text("a datagram of text", each));
    }
    // A sender each, so that nothing is taken for the reply to another request.
    List<DatagramPeer> senders = new ArrayList<>();
    for (Sample each : requests) {
      DatagramPeer peer = context.datagrams();
      senders.add(peer);
      try {
        peer.exchange(each.bytes(), CONSTANT);
      } catch (Broken e) {
        throw e.at(each.name());
      }
    }
    // Two equal datagrams in flight must get two replies.
    DatagramPeer twice = context.datagrams();
    byte[] request = requests.getLast().bytes();
    twice.send(request);
    twice.exchange(request, CONSTANT);
    try {
      twice.expect(CONSTANT);
    } catch (Broken e) {
      throw e.at("two equal datagrams of one sender");
    }
    constantsForTwo(context, request);
    senders.getLast().expectSilence(context.time(SILENCE));
    for (int i = 0; i < senders.size(); i++) {
      try {
        senders.get(i).expectSilence(AT_ONCE);
      } catch (Broken e) {
        throw e.at(requests.get(i).name());
      }
    }
  }

  private static void constantsForTwo(TestContext context, byte[] request)
      throws Broken, IOException, InterruptedException {
    DatagramPeer one = context.datagrams();
    DatagramPeer two = context.datagrams();
    try {
      for (int i = 0; i < PAIRS; i++) {
        one.send(request);
        two.exchange(request, CONSTANT);
        one.expect(CONSTANT);
      }
      one.expectSilence(AT_ONCE);
      two.expectSilence(AT_ONCE);
    } catch (Broken e) {
      throw e.at("two senders at the same time");
    }
  }

  private static void largestOfIpv6(TestContext context)
      throws Broken, IOException, InterruptedException {
    InetSocketAddress server = context.launchOn(InetAddress.ofLiteral("::1")).address();
    byte[] small = Text.letters(context.random(), 100);
    byte[] largest = Text.noise(context.random(), Responder.MAX_DATAGRAM);
    context.datagrams(server).exchange(small, Text.reply(context.service(), small));
    context.datagrams(server).exchange(largest, Text.reply(context.service(), largest));
    context.datagrams(server).exchange(small, Text.reply(context.service(), small));
  }

  /** All of 127.0.0.0/8 is local on Linux; by default the kernel answers from 127.0.0.1. */
  private static void wildcard(TestContext context)
      throws Broken, IOException, InterruptedException {
    answersFrom(context, "0.0.0.0", List.of("127.0.0.1", "127.0.0.2", "127.1.2.3"));
    if (Loopback.hasIpv6()) {
      answersFrom(context, "::", List.of("::1", "127.0.0.1", "127.0.0.2"));
    }
  }

  private static void answersFrom(TestContext context, String wildcard, List<String> hosts)
      throws Broken, IOException, InterruptedException {
    int port = context.launchOn(InetAddress.ofLiteral(wildcard)).address().getPort();
    for (String host : hosts) {
      byte[] text = Text.letters(context.random(), 100);
      context
          .datagrams(new InetSocketAddress(InetAddress.ofLiteral(host), port))
          .exchange(text, Text.reply(context.service(), text));
    }
    oneClientAsks(context, port);
  }

  /** A server must not remember the address that a client has asked first. */
  private static void oneClientAsks(TestContext context, int port)
      throws Broken, IOException, InterruptedException {
    InetSocketAddress first = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    InetSocketAddress second = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.2"), port);
    DatagramPeer client = context.datagrams(first);
    for (InetSocketAddress each : List.of(first, second, first)) {
      byte[] text = Text.letters(context.random(), 100);
      try {
        client.exchange(each, text, Text.reply(context.service(), text));
      } catch (Broken e) {
        throw e.at("one client that asks 127.0.0.1, 127.0.0.2 and 127.0.0.1");
      }
    }
  }
}
