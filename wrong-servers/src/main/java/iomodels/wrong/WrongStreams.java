package iomodels.wrong;

import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session.Progress;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Servers that break the rules on streams: section 2. */
final class WrongStreams {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "one-byte-is-the-end",
              "2.01",
              "Treats a read of one byte as the end of input: tests > 1 instead of > 0.",
              "got FIN",
              WrongStreams::oneByteIsTheEnd),
          WrongServer.of(
              "off-by-one-at-a-full-buffer",
              "2.02",
              "Overwrites the last byte of a full buffer with NUL.",
              "got 0x00 there",
              WrongStreams::offByOneAtAFullBuffer),
          WrongServer.of(
              "strips-a-full-buffer",
              "2.02",
              "Drops a line end that is the last byte of a full buffer.",
              "the byte 0x0A, the last in a write of 16,384 bytes",
              WrongStreams::stripsAFullBuffer),
          WrongServer.of(
              "waits-for-newline",
              "2.03",
              "Answers nothing until a newline arrives.",
              "nothing came for",
              WrongStreams::waitsForNewline),
          WrongServer.of(
              "reorders-deep-pipelines",
              "2.04",
              "Answers the second half first when a read returns more than 250 lines.",
              "a stream of 128,890 bytes, byte",
              WrongStreams::reordersDeepPipelines),
          WrongServer.of(
              "narrow-counter",
              "2.05",
              "Corrupts the byte at offset 32 MiB of its output, as a counter that overflows can.",
              "byte 33,554,432",
              WrongStreams::narrowCounter),
          WrongServer.of(
              "partial-write-dropped",
              "2.06",
              "Writes once without blocking, and drops the bytes that were not accepted.",
              "a stream of 8,388,608 bytes",
              WrongStreams::partialWriteDropped),
          WrongServer.of(
              "idle-timeout",
              "2.07",
              "Closes a connection that has been idle for 700 ms.",
              "got FIN",
              WrongStreams::idleTimeout),
          WrongServer.of(
              "five-seconds-of-silence",
              "2.07",
              "Closes a connection on which nothing has come for five seconds.",
              "got FIN",
              WrongStreams::fiveSecondsOfSilence),
          WrongServer.of(
              "delayed-replies",
              "2.08",
              "Delays each small reply except the first by 40 ms, as Nagle's algorithm does when"
                  + " acknowledgements are delayed.",
              "replies to two messages within 20 ms",
              WrongStreams::delayedReplies),
          WrongServer.of(
              "reply-in-two-writes",
              "2.08",
              "Leaves Nagle's algorithm on, and writes the last byte of each reply separately.",
              "the whole of a reply within 20 ms",
              WrongStreams::replyInTwoWrites),
          WrongServer.of(
              "counts-requests-in-a-byte",
              "2.09",
              "Counts the requests on a connection in one byte, and takes 0 for the end of the"
                  + " conversation.",
              "request 256 on one connection",
              WrongStreams::countsRequestsInAByte),
          WrongServer.of(
              "discards-a-mebibyte",
              "2.10",
              "Stops reading what it discards after a mebibyte.",
              "it has stopped reading",
              WrongStreams::discardsAMebibyte),
          WrongServer.of(
              "ends-after-a-mebibyte",
              "2.10",
              "Ends the conversation after a mebibyte, and reads the rest only until its linger"
                  + " limit.",
              "but got ",
              WrongStreams::endsAfterAMebibyte),
          WrongServer.of(
              "discards-until-an-empty-line",
              "2.10",
              "Ends the conversation at an empty line.",
              "got FIN",
              WrongStreams::discardsUntilAnEmptyLine),
          WrongServer.of(
              "discards-and-confirms",
              "2.10",
              "Confirms with \"ok\" what it has discarded.",
              "silence for",
              WrongStreams::discardsAndConfirms));

  private WrongStreams() {}

  private static CorrectServer oneByteIsTheEnd(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        return super.receive(it) && it.in.remaining() > 1;
      }
    };
  }

  private static CorrectServer offByOneAtAFullBuffer(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        if (it.in.limit() == it.in.capacity()) {
          it.in.put(it.in.capacity() - 1, (byte) 0);
        }
        return received;
      }
    };
  }

  private static CorrectServer stripsAFullBuffer(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        int last = it.in.limit() - 1;
        if (it.in.limit() == it.in.capacity() && it.in.get(last) == '\n') {
          it.in.limit(last);
        }
        return received;
      }
    };
  }

  private static CorrectServer waitsForNewline(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        it.in.clear();
        int n = 0;
        while (n >= 0 && it.in.hasRemaining() && !endsInNewline(it.in)) {
          n = it.channel.read(it.in);
        }
        it.in.flip();
        return n >= 0;
      }

      private boolean endsInNewline(ByteBuffer in) {
        return in.position() > 0 && in.get(in.position() - 1) == '\n';
      }
    };
  }

  private static CorrectServer reordersDeepPipelines(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        int lines = 0;
        for (int i = 0; i < it.in.limit(); i++) {
          lines += it.in.get(i) == '\n' ? 1 : 0;
        }
        if (lines > 250) {
          int half = it.in.limit() / 2;
          byte[] swapped = new byte[it.in.limit()];
          it.in.get(0, swapped, swapped.length - half, half);
          it.in.get(half, swapped, 0, swapped.length - half);
          it.in.put(0, swapped);
        }
        return received;
      }
    };
  }

  private static CorrectServer narrowCounter(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private static final int PLACE = 1 << 25;

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        if (it.bytesSent <= PLACE && PLACE < it.bytesSent + it.out.remaining()) {
          int index = (int) (PLACE - it.bytesSent);
          it.out.put(index, (byte) ~it.out.get(index));
        }
        super.send(it);
      }
    };
  }

  private static CorrectServer partialWriteDropped(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void send(Conversation it) throws IOException {
        it.channel.configureBlocking(false);
        it.bytesSent += it.channel.write(it.out);
        it.channel.configureBlocking(true);
      }
    };
  }

  private static CorrectServer idleTimeout(ServerConfig config, Service service)
      throws IOException {
    return impatient(config, service, 700);
  }

  private static CorrectServer fiveSecondsOfSilence(ServerConfig config, Service service)
      throws IOException {
    return impatient(config, service, 5_000);
  }

  private static CorrectServer impatient(ServerConfig config, Service service, int milliseconds)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        it.channel.socket().setSoTimeout(milliseconds);
        int n = it.channel.socket().getInputStream().read(it.in.array());
        it.in.clear().limit(Math.max(0, n));
        return n >= 0;
      }
    };
  }

  private static CorrectServer delayedReplies(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        if (it.bytesSent > 0 && it.out.limit() < 10 && it.progress == Progress.UNDERFLOW) {
          TimeUnit.MILLISECONDS.sleep(40);
        }
        super.send(it);
      }
    };
  }

  private static CorrectServer replyInTwoWrites(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      SocketChannel accept() throws IOException {
        return listener.accept();
      }

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        int end = it.out.limit();
        it.out.limit(Math.max(it.out.position(), end - 1));
        super.send(it);
        it.out.limit(end);
        super.send(it);
      }
    };
  }

  private static CorrectServer countsRequestsInAByte(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, Byte> requests = new ConcurrentHashMap<>();

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        if (it.out.hasRemaining() && requests.merge(it, (byte) 1, (a, b) -> (byte) (a + b)) == 0) {
          throw new EOFException("no requests left");
        }
        super.send(it);
      }
    };
  }

  private static CorrectServer discardsAMebibyte(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, Long> received = new ConcurrentHashMap<>();

      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        if (service.equals(Services.DISCARD)
            && received.merge(it, (long) it.in.remaining(), Long::sum) > 1 << 20) {
          while (listener.isOpen()) {
            TimeUnit.MILLISECONDS.sleep(20);
          }
        }
        return super.advance(it, endOfInput);
      }
    };
  }

  private static CorrectServer discardsAndConfirms(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        if (service.equals(Services.DISCARD) && it.in.hasRemaining()) {
          it.out.put("ok".getBytes(US_ASCII));
        }
        return super.advance(it, endOfInput);
      }
    };
  }

  private static CorrectServer endsAfterAMebibyte(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, Long> received = new ConcurrentHashMap<>();

      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        boolean enough =
            service.equals(Services.DISCARD)
                && received.merge(it, (long) it.in.remaining(), Long::sum) > 1 << 20;
        return enough ? Progress.FINISHED : super.advance(it, endOfInput);
      }
    };
  }

  private static CorrectServer discardsUntilAnEmptyLine(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        boolean empty = it.in.remaining() == 1 && it.in.get(it.in.position()) == '\n';
        return service.equals(Services.DISCARD) && empty
            ? Progress.FINISHED
            : super.advance(it, endOfInput);
      }
    };
  }
}
