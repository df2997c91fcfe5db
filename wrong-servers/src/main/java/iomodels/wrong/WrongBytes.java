package iomodels.wrong;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session.Progress;
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
              WrongBytes::banner),
          WrongServer.of(
              "ends-at-exit",
              "1.05",
              "Closes the connection when a client sends the word exit.",
              "the word exit: expected",
              WrongBytes::endsAtExit),
          WrongServer.of(
              "skips-blank-requests",
              "1.05",
              "Does not answer a request that consists of white space.",
              "a blank alone: expected",
              WrongBytes::skipsBlankRequests),
          WrongServer.of(
              "obeys-ctrl-d",
              "1.05",
              "Takes the byte 0x04, which Ctrl-D sends, for the end of input.",
              "Ctrl-C and Ctrl-D: expected",
              WrongBytes::obeysCtrlD));

  private WrongBytes() {}

  private static boolean isBytewise(Service service) {
    return service.equals(Services.UPPER) || service.equals(Services.ECHO);
  }

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

  private static CorrectServer endsAtExit(ServerConfig config, Service service) throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        String request = ISO_8859_1.decode(it.in.duplicate()).toString().strip();
        return isBytewise(service) && request.equals("exit")
            ? Progress.FINISHED
            : super.advance(it, endOfInput);
      }
    };
  }

  private static CorrectServer skipsBlankRequests(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        boolean blank = ISO_8859_1.decode(it.in.duplicate()).toString().isBlank();
        if (isBytewise(service) && blank) {
          it.in.limit(0);
        }
        return received;
      }
    };
  }

  private static CorrectServer obeysCtrlD(ServerConfig config, Service service) throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        // In large reads the byte is data here as well.
        boolean small = isBytewise(service) && it.in.remaining() < 4;
        return small && ISO_8859_1.decode(it.in.duplicate()).toString().indexOf(4) >= 0
            ? Progress.FINISHED
            : super.advance(it, endOfInput);
      }
    };
  }
}
