package iomodels.wrong.program;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.OffloadRequest;
import iomodels.program.ProgramConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Offload programs that read lines, or take them for requests, in a wrong way. */
final class WrongOffloadLines {

  private static final Pattern HASH = Pattern.compile("(hash [0-9]{1,8} )(.*)", Pattern.DOTALL);

  private static final long MOMENT_MILLIS = 10;
  private static final long SLOW_NANOS = MILLISECONDS.toNanos(100);

  private WrongOffloadLines() {}

  /** Changes each line before it is parsed. */
  private static CorrectProgram rewriting(ProgramConfig config, UnaryOperator<String> change)
      throws IOException {
    return new CorrectOffload(config) {
      @Override
      Optional<Request> request(String line) {
        return super.request(change.apply(line));
      }
    };
  }

  private static CorrectProgram changingTexts(ProgramConfig config, UnaryOperator<String> change)
      throws IOException {
    return rewriting(
        config,
        line -> {
          Matcher hash = HASH.matcher(line);
          return hash.matches() ? hash.group(1) + change.apply(hash.group(2)) : line;
        });
  }

  static CorrectProgram stripsTexts(ProgramConfig config) throws IOException {
    return changingTexts(config, String::strip);
  }

  static CorrectProgram endsTextsAtNul(ProgramConfig config) throws IOException {
    return changingTexts(
        config, text -> text.indexOf('\0') < 0 ? text : text.substring(0, text.indexOf('\0')));
  }

  static CorrectProgram dropsWhatIsNotAscii(ProgramConfig config) throws IOException {
    return changingTexts(
        config,
        text ->
            new String(
                text.getBytes(StandardCharsets.US_ASCII), StandardCharsets.US_ASCII)); // with ?
  }

  static CorrectProgram refusesTheLargestNumber(ProgramConfig config) throws IOException {
    return rewriting(config, line -> line.startsWith("hash 10000000 ") ? "" : line);
  }

  static CorrectProgram permitsSigns(ProgramConfig config) throws IOException {
    return rewriting(config, line -> line.replaceFirst("^hash \\+", "hash "));
  }

  static CorrectProgram permitsAnyDigits(ProgramConfig config) throws IOException {
    return rewriting(
        config,
        line -> {
          StringBuilder digits = new StringBuilder();
          line.codePoints()
              .forEach(
                  it ->
                      digits.appendCodePoint(
                          Character.isDigit(it) ? '0' + Character.digit(it, 10) : it));
          return digits.toString();
        });
  }

  static CorrectProgram splitsAtBlanks(ProgramConfig config) throws IOException {
    return rewriting(config, line -> String.join(" ", line.strip().split("\\s+", 3)));
  }

  static CorrectProgram ignoresCase(ProgramConfig config) throws IOException {
    return rewriting(
        config,
        line -> line.replaceFirst("(?i)^ping$", "ping").replaceFirst("(?i)^hash ", "hash "));
  }

  static CorrectProgram wrapsNumbers(ProgramConfig config) throws IOException {
    return rewriting(
        config,
        line -> {
          String[] words = line.split(" ", 3);
          return words.length == 3 && words[1].matches("[0-9]{9,18}")
              ? "%s %d %s".formatted(words[0], (int) Long.parseLong(words[1]), words[2])
              : line;
        });
  }

  static CorrectProgram takesZerosForOctal(ProgramConfig config) throws IOException {
    return rewriting(
        config,
        line ->
            line.matches("hash 0[0-7]{1,7} .*")
                ? "hash %d %s"
                    .formatted(Integer.parseInt(line.split(" ", 3)[1], 8), line.split(" ", 3)[2])
                : line);
  }

  /** Sends the error line while an earlier request is still being processed. */
  static CorrectProgram refusesBeforeItAnswers(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      void put(Conversation it, Request request) throws IOException, InterruptedException {
        if (it.lines instanceof Watched watched && watched.malformed) {
          answerNow(it, request);
        } else {
          super.put(it, request);
        }
      }

      @Override
      Lines lines(SocketChannel client) {
        return new Watched(client, this.config);
      }
    };
  }

  /** Notes whether a line was not a request. */
  private static final class Watched extends Lines {

    boolean malformed;
    private final ProgramConfig config;

    Watched(SocketChannel channel, ProgramConfig config) {
      super(channel);
      this.config = config;
    }

    @Override
    Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
      Optional<String> line = super.next();
      malformed = line.isPresent() && OffloadRequest.parse(line.get(), config.folder()).isEmpty();
      return line;
    }
  }

  private static CorrectProgram reading(
      ProgramConfig config, Function<SocketChannel, ? extends Lines> lines) throws IOException {
    return new CorrectOffload(config) {
      @Override
      Lines lines(SocketChannel client) {
        return lines.apply(client);
      }
    };
  }

  /** Reads lines correctly, in steps that can be overridden. */
  private static class Steps extends Lines {

    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

    Steps(SocketChannel channel) {
      super(channel);
    }

    @Override
    Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
      while (true) {
        while (in.hasRemaining()) {
          byte octet = in.get();
          if (octet == '\n') {
            return Optional.of(take());
          }
          begun.write(octet);
          if (isTooLong(begun.toByteArray())) {
            new LineReader().next(ByteBuffer.allocate(2 * LineReader.MAX_BYTES)); // always throws
          }
        }
        if (!receive()) {
          return end();
        }
      }
    }

    String take() {
      byte[] line = begun.toByteArray();
      begun.reset();
      return text(line);
    }

    boolean isBegun() {
      return begun.size() > 0;
    }

    /** Returns what follows the last LF. */
    Optional<String> end() {
      return Optional.empty();
    }

    boolean isTooLong(byte[] line) {
      boolean endsWithCr = line[line.length - 1] == '\r';
      return line.length - (endsWithCr ? 1 : 0) > LineReader.MAX_BYTES;
    }

    String text(byte[] line) {
      boolean endsWithCr = line.length > 0 && line[line.length - 1] == '\r';
      return new String(line, 0, line.length - (endsWithCr ? 1 : 0), UTF_8);
    }
  }

  static CorrectProgram countsTheCr(ProgramConfig config) throws IOException {
    return reading(
        config,
        client ->
            new Steps(client) {
              @Override
              boolean isTooLong(byte[] line) {
                return line.length > LineReader.MAX_BYTES;
              }
            });
  }

  static CorrectProgram countsCharacters(ProgramConfig config) throws IOException {
    return reading(
        config,
        client ->
            new Steps(client) {
              @Override
              boolean isTooLong(byte[] line) {
                return text(line).length() > LineReader.MAX_BYTES;
              }
            });
  }

  static CorrectProgram dropsEveryCr(ProgramConfig config) throws IOException {
    return reading(
        config,
        client ->
            new Steps(client) {
              @Override
              String text(byte[] line) {
                return new String(line, UTF_8).replaceFirst("\r+$", "");
              }
            });
  }

  static CorrectProgram answersHalfARequest(ProgramConfig config) throws IOException {
    return reading(
        config,
        client ->
            new Steps(client) {
              @Override
              Optional<String> end() {
                return isBegun() ? Optional.of(take()) : Optional.empty();
              }
            });
  }

  /** Decodes each read by itself, which breaks characters that arrive in two pieces. */
  static CorrectProgram decodesEachRead(ProgramConfig config) throws IOException {
    return reading(
        config,
        client ->
            new Steps(client) {
              @Override
              boolean receive() throws IOException, InterruptedException {
                if (!super.receive()) {
                  return false;
                }
                byte[] decoded = UTF_8.decode(in).toString().getBytes(UTF_8);
                in.clear();
                in.put(decoded, 0, Math.min(decoded.length, in.capacity())).flip();
                return true;
              }
            });
  }

  static CorrectProgram waitsForMoreAfterABlock(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      private final Map<Conversation, Long> sending = new ConcurrentHashMap<>();

      @Override
      Lines lines(SocketChannel client) {
        return new Held(client);
      }

      @Override
      void put(Conversation it, Request request) throws IOException, InterruptedException {
        while (!it.requests.offer(request, MOMENT_MILLIS, MILLISECONDS)) {
          if (isBlocked(it) && it.lines instanceof Held held) {
            held.readOn();
          }
        }
      }

      private boolean isBlocked(Conversation it) {
        return System.nanoTime() - sending.getOrDefault(it, System.nanoTime()) > SLOW_NANOS;
      }

      @Override
      void send(Conversation it, String answer) throws IOException {
        sending.put(it, System.nanoTime());
        try {
          super.send(it, answer);
        } finally {
          sending.remove(it);
        }
      }
    };
  }

  /** Has a buffer for bytes that are read before they can be handled. */
  private static final class Held extends Lines {

    private final ByteBuffer held = ByteBuffer.allocate(64 * 1024);

    Held(SocketChannel channel) {
      super(channel);
    }

    /** Waits for further input. */
    void readOn() throws IOException {
      if (held.hasRemaining()) {
        channel.read(held);
      }
    }

    @Override
    boolean receive() throws IOException, InterruptedException {
      if (held.flip().hasRemaining()) {
        in.clear();
        int length = Math.min(in.remaining(), held.remaining());
        in.put(held.slice(held.position(), length)).flip();
        held.position(held.position() + length).compact();
        return true;
      }
      held.clear();
      return super.receive();
    }
  }

  /** Closes a connection on which nothing has come for a second. */
  static CorrectProgram dropsSilentClients(ProgramConfig config) throws IOException {
    return reading(
        config,
        client ->
            new Lines(client) {
              @Override
              boolean receive() throws IOException {
                Socket socket = client.socket();
                socket.setSoTimeout(1_000);
                int n = socket.getInputStream().read(in.clear().array());
                in.limit(Math.max(n, 0));
                return n >= 0;
              }
            });
  }

  /** Serves at most 200 clients at a time; the others wait. */
  static CorrectProgram servesTwoHundred(ProgramConfig config) throws IOException {
    Semaphore places = new Semaphore(200);
    return new CorrectOffload(config) {
      @Override
      Lines lines(SocketChannel client) {
        places.acquireUninterruptibly();
        return super.lines(client);
      }

      @Override
      void end(SocketChannel client) {
        places.release();
        super.end(client);
      }
    };
  }
}
