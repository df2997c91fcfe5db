package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.UPPER;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.DatagramPeer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Need;
import iomodels.conformance.Trial;
import iomodels.conformance.targets.Loopback;
import iomodels.service.Responder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;

/** Section 7: UDP keeps the boundaries that TCP has not. */
final class DatagramRules {

  static final List<Rule> ALL =
      List.of(
          rule(
              "7.01",
              "Answer each datagram with one, and keep its boundary.",
              DatagramRules::boundaries),
          rule("7.02", "Answer an empty datagram with an empty one.", DatagramRules::empty),
          rule("7.03", "Answer the largest datagram whole.", DatagramRules::largest),
          rule(
              "7.04",
              "Answer from the port that was addressed, and to the sender.",
              DatagramRules::senders),
          rule("7.05", "Survive a sender that has vanished.", DatagramRules::vanished),
          new Rule(
              "7.06",
              MUST,
              "Answer the largest datagram of IPv6 whole, and go on.",
              UPPER,
              Set.of(Need.DATAGRAMS, Need.LIFE, Need.HOST, Need.IPV6),
              DatagramRules::largestOfIpv6),
          new Rule(
              "7.07",
              MUST,
              "On a wildcard address, answer from the address that was addressed.",
              UPPER,
              Set.of(Need.DATAGRAMS, Need.LIFE, Need.HOST, Need.REPLY_SOURCE),
              DatagramRules::wildcard));

  private DatagramRules() {}

  private static Rule rule(String id, String sentence, Check check) {
    return new Rule(id, MUST, sentence, UPPER, Set.of(Need.DATAGRAMS), check);
  }

  private static void boundaries(Trial trial) throws Broken, IOException, InterruptedException {
    for (int length : new int[] {1, 2, 100, 512, 1472, 1473, 2048, 9000}) {
      byte[] text = Text.letters(trial.random(), length);
      // A sender of its own each time: a late reply to a request sent twice confuses nobody.
      trial.datagrams().exchange(text, Text.upper(text));
    }
    // Two on their way together stay two.
    DatagramPeer other = trial.datagrams();
    byte[] twice = "twice".getBytes(US_ASCII);
    other.send(twice);
    other.exchange(twice, Text.upper(twice));
    other.expect(Text.upper(twice));
    other.expectSilence(trial.time(SILENCE));
  }

  private static void empty(Trial trial) throws Broken, IOException, InterruptedException {
    DatagramPeer peer = trial.datagrams();
    peer.exchange(new byte[0], new byte[0]);
    byte[] text = "and on".getBytes(US_ASCII);
    DatagramPeer other = trial.datagrams();
    other.exchange(text, Text.upper(text));
  }

  private static void largest(Trial trial) throws Broken, IOException, InterruptedException {
    byte[] largest = Text.noise(trial.random(), Responder.MAX_DATAGRAM_IPV4);
    trial.datagrams().exchange(largest, Text.upper(largest));
  }

  private static void senders(Trial trial) throws Broken, IOException, InterruptedException {
    DatagramPeer one = trial.datagrams();
    DatagramPeer two = trial.datagrams();
    for (int i = 0; i < 20; i++) {
      byte[] first = ("one " + i).getBytes(US_ASCII);
      byte[] second = ("two " + i).getBytes(US_ASCII);
      one.send(first);
      two.exchange(second, Text.upper(second));
      one.expect(Text.upper(first));
    }
  }

  private static void vanished(Trial trial) throws Broken, IOException, InterruptedException {
    // Opened first: later it might be given the port of one that has gone, and so the reply to
    // that.
    DatagramPeer peer = trial.datagrams();
    for (int i = 0; i < 20; i++) {
      DatagramPeer gone = trial.datagrams();
      gone.send(Text.letters(trial.random(), 100));
      gone.close();
    }
    byte[] text = "still there?".getBytes(US_ASCII);
    for (int i = 0; i < 5; i++) {
      peer.exchange(text, Text.upper(text));
    }
  }

  private static void largestOfIpv6(Trial trial) throws Broken, IOException, InterruptedException {
    InetSocketAddress server = trial.launchOn(InetAddress.ofLiteral("::1")).address();
    byte[] small = Text.letters(trial.random(), 100);
    byte[] largest = Text.noise(trial.random(), Responder.MAX_DATAGRAM);
    trial.datagrams(server).exchange(small, Text.upper(small));
    trial.datagrams(server).exchange(largest, Text.upper(largest));
    trial.datagrams(server).exchange(small, Text.upper(small));
  }

  /** All of 127.0.0.0/8 is local on Linux; by default the kernel answers from 127.0.0.1. */
  private static void wildcard(Trial trial) throws Broken, IOException, InterruptedException {
    answersFrom(trial, "0.0.0.0", List.of("127.0.0.1", "127.0.0.2", "127.1.2.3"));
    if (Loopback.hasIpv6()) {
      answersFrom(trial, "::", List.of("::1", "127.0.0.1", "127.0.0.2"));
    }
  }

  private static void answersFrom(Trial trial, String wildcard, List<String> hosts)
      throws Broken, IOException, InterruptedException {
    int port = trial.launchOn(InetAddress.ofLiteral(wildcard)).address().getPort();
    for (String host : hosts) {
      byte[] text = Text.letters(trial.random(), 100);
      trial
          .datagrams(new InetSocketAddress(InetAddress.ofLiteral(host), port))
          .exchange(text, Text.upper(text));
    }
  }
}
