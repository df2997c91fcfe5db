package iomodels.conformance;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A UDP client of the kit, which checks the replies. It repeats a request without a reply, since
 * UDP may lose both. If the reply was only late, it arrives twice; as many replies as requests were
 * repeated are ignored.
 */
public final class DatagramPeer implements AutoCloseable {

  private static final int TRIES = 5;
  private static final int LARGER_THAN_ANY_DATAGRAM = 64 * 1024;

  private final DatagramSocket socket;
  private final InetSocketAddress server;
  private final Duration patience;
  private final Transcript transcript;
  private final String name;
  private final byte[] buffer = new byte[LARGER_THAN_ANY_DATAGRAM];

  /** Replies that may still come, because a request was sent again before it was answered. */
  private final List<byte[]> surplus = new ArrayList<>();

  DatagramPeer(InetSocketAddress server, Duration patience, Transcript transcript, String name)
      throws IOException {
    this.server = server;
    this.patience = patience;
    this.transcript = transcript;
    this.name = name;
    InetAddress to = server.getAddress();
    // From 127.0.0.1, the address from which a careless server would answer.
    InetAddress from = to instanceof Inet4Address ? InetAddress.getLoopbackAddress() : to;
    socket =
        to.isLoopbackAddress()
            ? new DatagramSocket(new InetSocketAddress(from, 0))
            : new DatagramSocket();
    socket.setReceiveBufferSize(1 << 20);
  }

  /** Sends one datagram. */
  public void send(byte[] payload) throws IOException {
    send(payload, server);
  }

  /** Sends datagrams as fast as possible. */
  public void sendAll(List<byte[]> payloads) throws IOException {
    DatagramPacket packet = new DatagramPacket(buffer, 0, server);
    for (byte[] each : payloads) {
      packet.setData(each);
      socket.send(packet);
    }
    transcript.add(name, "has sent %d datagrams in a burst".formatted(payloads.size()));
  }

  private void send(byte[] payload, InetSocketAddress to) throws IOException {
    String what = "sends a datagram of " + Transcript.show(payload, 0, payload.length);
    transcript.add(name, to.equals(server) ? what : what + " to " + to);
    socket.send(new DatagramPacket(payload, payload.length, to));
  }

  /** Repeats a request until a reply comes: exactly these bytes, from the server's port. */
  public void exchange(byte[] request, byte[] expected) throws Broken, IOException {
    exchange(server, request, expected);
  }

  /** Repeats a request to another address of the server until a reply comes from there. */
  public void exchange(InetSocketAddress other, byte[] request, byte[] expected)
      throws Broken, IOException {
    for (int i = 0; i < TRIES; i++) {
      send(request, other);
      if (receive(expected, patience.dividedBy(TRIES), other)) {
        surplus.addAll(Collections.nCopies(i, expected));
        return;
      }
    }
    throw missing(expected, TRIES);
  }

  /** Demands a datagram of exactly these bytes from the server's port; sends no request. */
  public void expect(byte[] expected) throws Broken, IOException {
    if (!receive(expected, patience, server)) {
      throw missing(expected, 1);
    }
  }

  private Broken missing(byte[] expected, int requests) {
    return Broken.late(
        "a datagram of " + Transcript.show(expected, 0, expected.length),
        "no reply came to %d request%s in %,d ms"
            .formatted(requests, requests == 1 ? "" : "s", patience.toMillis()));
  }

  private boolean receive(byte[] expected, Duration within, InetSocketAddress from)
      throws Broken, IOException {
    DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
    if (!receiveOther(packet, expected, within)) {
      return false;
    }
    if (!packet.getSocketAddress().equals(from)) {
      throw new Broken("a reply from " + from, "it came from " + packet.getSocketAddress());
    }
    byte[] actual = Arrays.copyOf(packet.getData(), packet.getLength());
    if (!Arrays.equals(expected, actual)) {
      throw new Broken(
          "a datagram of " + Transcript.show(expected, 0, expected.length),
          "got a datagram of %s, which differs at byte %,d"
              .formatted(
                  Transcript.show(actual, 0, actual.length), Arrays.mismatch(expected, actual)));
    }
    return true;
  }

  /** Returns the bytes of the next datagram, whatever they are; empty if none comes in time. */
  public Optional<byte[]> receiveAny(Duration within) throws IOException {
    DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
    return receive(packet, within)
        ? Optional.of(Arrays.copyOf(packet.getData(), packet.getLength()))
        : Optional.empty();
  }

  /** Repeats a request until any reply comes. */
  public void expectSomethingFor(byte[] request) throws Broken, IOException {
    for (int i = 0; i < TRIES; i++) {
      send(request);
      if (receive(new DatagramPacket(buffer, buffer.length), patience.dividedBy(TRIES))) {
        return;
      }
    }
    throw Broken.late("a datagram", "no datagram came");
  }

  /** Demands that no datagram comes for this long. */
  public void expectSilence(Duration time) throws Broken, IOException {
    DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
    if (receiveOther(packet, null, time)) {
      throw new Broken(
          "no further datagram",
          "got one of " + Transcript.show(packet.getData(), 0, packet.getLength()));
    }
  }

  /** Receives a datagram, unless it is surplus and not the expected one. */
  private boolean receiveOther(DatagramPacket packet, byte @Nullable [] expected, Duration within)
      throws IOException {
    long deadline = System.nanoTime() + within.toNanos();
    Duration left = within;
    while (receive(packet, left)) {
      byte[] actual = Arrays.copyOf(packet.getData(), packet.getLength());
      if (Arrays.equals(actual, expected)
          || surplus.stream().noneMatch(it -> Arrays.equals(it, actual))) {
        return true;
      }
      surplus.remove(
          surplus.stream().filter(it -> Arrays.equals(it, actual)).findFirst().orElseThrow());
      transcript.add(name, "passes over a second reply to a request that it sent again");
      packet.setLength(buffer.length);
      left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
    }
    return false;
  }

  private boolean receive(DatagramPacket packet, Duration within) throws IOException {
    try {
      socket.setSoTimeout(Math.max(1, Math.toIntExact(within.toMillis())));
      socket.receive(packet);
      transcript.add(
          "",
          "to %s from %s: a datagram of %s"
              .formatted(
                  name,
                  packet.getSocketAddress(),
                  Transcript.show(packet.getData(), 0, packet.getLength())));
      return true;
    } catch (SocketTimeoutException _) {
      transcript.add(name, "receives nothing for %,d ms".formatted(within.toMillis()));
      return false;
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
