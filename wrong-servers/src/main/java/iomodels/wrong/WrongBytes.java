package iomodels.wrong;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Servers that break the rules on bytes: section 1. */
final class WrongBytes {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "latin-1-upper-casing",
              "1.01",
              "Also upper-cases the accented letters of Latin-1.",
              "(byte 224 being 0xE0)",
              WrongBytes::latin1UpperCasing),
          WrongServer.of(
              "utf-8-round-trip",
              "1.02",
              "Decodes its output as UTF-8 and encodes it again, which corrupts invalid sequences.",
              "(0xEF)",
              WrongBytes::utf8RoundTrip),
          WrongServer.of(
              "sends-the-terminator",
              "1.03",
              "Sends the terminating NUL of a C string after each reply.",
              "(0x00)",
              WrongBytes::sendsTheTerminator),
          WrongServer.of(
              "banner",
              "1.04",
              "Sends a greeting to each new client.",
              "got 6 bytes \"hello\\n\"",
              WrongBytes::banner));

  private WrongBytes() {}

  private static CorrectServer latin1UpperCasing(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        for (int i = it.out.position(); i < it.out.limit(); i++) {
          int octet = it.out.get(i) & 0xFF;
          if (octet >= 0xE0 && octet <= 0xFE && octet != 0xF7) {
            it.out.put(i, (byte) (octet - 0x20));
          }
        }
        super.send(it);
      }
    };
  }

  private static CorrectServer utf8RoundTrip(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void send(Conversation it) throws IOException {
        ByteBuffer text = UTF_8.encode(UTF_8.decode(it.out));
        while (text.hasRemaining()) {
          it.bytesSent += it.channel.write(text);
        }
      }
    };
  }

  private static CorrectServer sendsTheTerminator(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        boolean something = it.out.hasRemaining();
        super.send(it);
        if (something) {
          it.bytesSent += it.channel.write(ByteBuffer.allocate(1));
        }
      }
    };
  }

  private static CorrectServer banner(ServerConfig config, Service service) throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void converse(Conversation it) throws IOException, InterruptedException {
        it.channel.write(ByteBuffer.wrap("hello\n".getBytes(US_ASCII)));
        super.converse(it);
      }
    };
  }
}
