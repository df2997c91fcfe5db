package iomodels.wrong;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Servers that break the rules on services other than upper: section 3. */
final class WrongServices {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "answers-by-the-word",
              "3.01",
              "Answers input that ends in a space, although the line is not complete.",
              "silence for",
              WrongServices::answersByTheWord),
          WrongServer.of(
              "empty-lines-skipped",
              "3.02",
              "Splits a chunk into lines as strtok does, so empty lines vanish.",
              "(byte 8 being 0x0A)",
              WrongServices::emptyLinesSkipped),
          WrongServer.of(
              "a-thousand-lines-a-read",
              "3.02",
              "Answers at most 1,000 lines of one read, and drops the others.",
              "10,000 empty lines in one write",
              WrongServices::aThousandLinesARead),
          WrongServer.of(
              "searches-from-the-old-offset",
              "3.02",
              "Remembers how far it has searched for LF, and does not reset that when it takes out"
                  + " a line.",
              "with three lines behind it",
              WrongServices::searchesFromTheOldOffset),
          WrongServer.of(
              "adds-up-the-beginnings",
              "3.02",
              "Adds up the beginnings of lines, as if they were one line, and refuses the sum.",
              "but got 18 bytes \"ERR line too long",
              WrongServices::addsUpTheBeginnings),
          WrongServer.of(
              "cr-at-the-end-of-a-chunk",
              "3.03",
              "Drops a CR that is the last byte of a read.",
              "\"SPLIT\\n",
              WrongServices::crAtTheEndOfAChunk),
          WrongServer.of(
              "limit-counts-the-newline",
              "3.04",
              "Counts the LF towards the limit, and so refuses the longest permitted line.",
              "\"ERR line too long",
              WrongServices::limitCountsTheNewline),
          WrongServer.of(
              "limit-in-characters",
              "3.04",
              "Counts characters towards the limit, not bytes.",
              "8,193 bytes of UTF-8",
              WrongServices::limitInCharacters),
          WrongServer.of(
              "limit-of-complete-lines",
              "3.04",
              "Compares a line with the limit only when its LF has arrived.",
              "8,193 bytes without LF",
              WrongServices::limitOfCompleteLines),
          WrongServer.of(
              "refuses-a-full-buffer",
              "3.04",
              "Refuses a line when its buffer is full, although only the LF is missing.",
              "of which 8,192 come first",
              WrongServices::refusesAFullBuffer),
          WrongServer.of(
              "goes-on-behind-a-long-line",
              "3.04",
              "Sends the error line, and then serves the next line.",
              "FIN",
              WrongServices::goesOnBehindAnError),
          WrongServer.of(
              "forgets-answers-before-an-error",
              "3.04",
              "Drops the answers of the same read when a line is too long.",
              "8,193 bytes behind two lines",
              WrongServices::forgetsAnswersBeforeAnError),
          WrongServer.of(
              "constant-per-byte",
              "3.05",
              "Sends the constant once per byte instead of once per request.",
              "silence for",
              WrongServices::constantPerByte),
          WrongServer.of(
              "twice-and-then-not",
              "3.05",
              "Answers one request twice, and the next one not at all.",
              "silence for",
              WrongServices::twiceAndThenNot),
          WrongServer.of(
              "ignores-blank-requests",
              "3.05",
              "Does not answer requests that consist of white space.",
              "a blank alone",
              WrongServices::ignoresBlankRequests),
          WrongServer.of(
              "gives-up-on-slow-readers",
              "3.06",
              "Closes the connection when the client reads nothing for 20 ms.",
              "got FIN after",
              WrongServices::givesUpOnSlowReaders),
          WrongServer.of(
              "ends-lines-at-cr",
              "3.07",
              "Ends a line at CR as well, as BufferedReader.readLine does.",
              "the byte 0x0D alone",
              WrongServices::endsLinesAtCr),
          WrongServer.of(
              "strips-lines",
              "3.07",
              "Removes white space from both ends of a line.",
              "the byte 0x09 alone",
              WrongServices::stripsLines),
          WrongServer.of(
              "lines-as-c-strings",
              "3.07",
              "Ends the reply at the first NUL of a line.",
              "the byte 0x00 alone",
              WrongServices::linesAsCStrings),
          WrongServer.of(
              "unicode-upper-case",
              "3.07",
              "Converts the text of a line with String.toUpperCase.",
              "0x80 alone",
              WrongServices::unicodeUpperCase),
          WrongServer.of(
              "lines-as-formats",
              "3.07",
              "Takes a line for a format of printf.",
              "conversions of printf",
              WrongServices::linesAsFormats),
          WrongServer.of(
              "one-buffer-for-all-clients",
              "3.07",
              "Keeps the beginning of a line in a buffer that all clients share.",
              "left in the middle of a line",
              WrongServices::oneBufferForAllClients),
          WrongServer.of(
              "skips-a-byte-order-mark",
              "3.07",
              "Skips a byte order mark at the beginning of a connection.",
              "a byte order mark at the beginning",
              WrongServices::skipsAByteOrderMark),
          WrongServer.of(
              "loses-an-unfinished-line",
              "3.08",
              "Does not answer a last line without LF.",
              "one byte, then FIN",
              WrongServices::losesAnUnfinishedLine),
          WrongServer.of(
              "ends-the-last-line",
              "3.08",
              "Adds LF to the answer to a last line without LF.",
              "one byte, then FIN",
              WrongServices::endsTheLastLine),
          WrongServer.of(
              "a-line-behind-the-last",
              "3.08",
              "Splits its input at LF, and answers the empty text behind the last LF with LF.",
              "then FIN: expected FIN",
              WrongServices::aLineBehindTheLast),
          WrongServer.of(
              "loses-a-line-while-blocked",
              "3.08",
              "Loses a last line without LF if the client's FIN comes while earlier replies are"
                  + " pending.",
              "from a client that does not read yet",
              WrongServices::losesALineWhileBlocked),
          WrongServer.of(
              "counts-in-32-bits",
              "3.09",
              "Keeps a count in 32 bits.",
              "the count 21474836",
              WrongServices::countsIn32Bits),
          WrongServer.of(
              "limits-replies",
              "3.09",
              "Sends at most 100,000,000 bytes in answer to a count.",
              "byte 100,000,000 being",
              WrongServices::limitsReplies),
          WrongServer.of(
              "octal-counts",
              "3.09",
              "Reads a count with a leading zero as octal.",
              "the count 010",
              WrongServices::octalCounts),
          WrongServer.of(
              "no-leading-zeros",
              "3.09",
              "Refuses counts with leading zeros.",
              "the count 00",
              WrongServices::noLeadingZeros),
          WrongServer.of(
              "serves-half-a-count",
              "3.09",
              "Takes the digits that it has read for the whole count.",
              "the count ",
              WrongServices::servesHalfACount),
          WrongServer.of(
              "signed-counts",
              "3.10",
              "Accepts a sign before a count, as Long.parseLong does.",
              "a plus sign before a count",
              WrongServices::signedCounts),
          WrongServer.of(
              "trims-counts",
              "3.10",
              "Removes blanks around a count, and CR.",
              "a blank before a count",
              WrongServices::trimsCounts),
          WrongServer.of(
              "digits-of-any-script",
              "3.10",
              "Accepts the digits of other scripts, as Character.isDigit does.",
              "an Arabic-Indic digit",
              WrongServices::digitsOfAnyScript),
          WrongServer.of(
              "any-number-of-digits",
              "3.10",
              "Accepts more than thirteen digits.",
              "fourteen digits",
              WrongServices::anyNumberOfDigits),
          WrongServer.of(
              "skips-empty-counts",
              "3.10",
              "Ignores empty lines.",
              "an empty line",
              WrongServices::skipsEmptyCounts),
          WrongServer.of(
              "goes-on-behind-a-malformed-count",
              "3.10",
              "Sends the error line, and then serves the next count.",
              "FIN",
              WrongServices::goesOnBehindAnError),
          WrongServer.of(
              "serves-a-cut-off-count",
              "3.11",
              "Answers a count that the end of input cuts off.",
              "a count without LF, then FIN",
              WrongServices::servesACutOffCount),
          WrongServer.of(
              "ignores-a-cut-off-count",
              "3.11",
              "Ignores a count that the end of input cuts off.",
              "a count without LF, then FIN",
              WrongServices::ignoresACutOffCount),
          WrongServer.of(
              "loses-half-a-count-while-blocked",
              "3.11",
              "Ends the conversation, without an error line, if the client's FIN comes behind half"
                  + " a count while the reply to another one is pending.",
              "the digits 12 without LF, then FIN",
              WrongServices::losesHalfACountWhileBlocked));

  private static final int MAX_LINE = 8192;
  private static final int PIECE = 4096;
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private WrongServices() {}

  private static CorrectServer answersByTheWord(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        int last = it.in.limit() - 1;
        boolean word = it.in.hasRemaining() && it.in.get(last) == ' ';
        return word
            ? Services.UPPER.open().advance(it.in, it.out, endOfInput)
            : super.advance(it, endOfInput);
      }
    };
  }

  private static CorrectServer emptyLinesSkipped(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        if (service.equals(Services.LINES)) {
          int kept = 0;
          for (int i = 0; i < it.in.limit(); i++) {
            if (it.in.get(i) != '\n' || kept == 0 || it.in.get(kept - 1) != '\n') {
              it.in.put(kept++, it.in.get(i));
            }
          }
          it.in.limit(kept);
        }
        return received;
      }
    };
  }

  private static CorrectServer crAtTheEndOfAChunk(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        int last = it.in.limit() - 1;
        if (service.equals(Services.LINES) && last >= 0 && it.in.get(last) == '\r') {
          it.in.limit(last);
        }
        return received;
      }
    };
  }

  private static CorrectServer limitCountsTheNewline(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        if (service.equals(Services.LINES) && it.in.limit() > MAX_LINE) {
          it.in.put(MAX_LINE, (byte) '?'); // the LF counts as a byte of the line
        }
        return received;
      }
    };
  }

  private static CorrectServer constantPerByte(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        if (service.equals(Services.FIXED)) {
          while (it.in.remaining() > 1) {
            ByteBuffer one = it.in.slice(it.in.position(), 1);
            it.session.advance(one, it.out, false);
            it.in.get();
          }
        }
        return super.advance(it, endOfInput);
      }
    };
  }

  private static CorrectServer givesUpOnSlowReaders(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        it.channel.configureBlocking(false);
        while (it.out.hasRemaining()) {
          int n = it.channel.write(it.out);
          if (n == 0) {
            TimeUnit.MILLISECONDS.sleep(20);
            n = it.channel.write(it.out);
          }
          if (n == 0) {
            throw new EOFException("too slow");
          }
        }
        it.channel.configureBlocking(true);
      }
    };
  }

  private static CorrectServer aThousandLinesARead(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        int lines = 0;
        for (int i = 0; service.equals(Services.LINES) && i < it.in.limit(); i++) {
          if (it.in.get(i) == '\n' && ++lines == 1000) {
            it.in.limit(i + 1);
          }
        }
        return received;
      }
    };
  }

  private static CorrectServer limitInCharacters(ServerConfig config, Service service)
      throws IOException {
    return limitedBy(
        config, service, (line, _) -> new String(line, StandardCharsets.UTF_8).length() > MAX_LINE);
  }

  private static CorrectServer limitOfCompleteLines(ServerConfig config, Service service)
      throws IOException {
    return limitedBy(config, service, (line, complete) -> complete && line.length > MAX_LINE);
  }

  private static CorrectServer refusesAFullBuffer(ServerConfig config, Service service)
      throws IOException {
    return limitedBy(
        config,
        service,
        (line, complete) -> line.length > MAX_LINE || (!complete && line.length == MAX_LINE));
  }

  private static CorrectServer limitedBy(
      ServerConfig config, Service service, UncheckedLines.Limit limit) throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Session open() {
        return service.equals(Services.LINES) ? new UncheckedLines(limit) : super.open();
      }
    };
  }

  private static CorrectServer goesOnBehindAnError(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Session open() {
        return service.equals(Services.LINES) || service.equals(Services.FLOOD)
            ? reopened(service)
            : super.open();
      }
    };
  }

  /** A session that begins anew where the session of the service finishes. */
  private static Session reopened(Service service) {
    return new Session() {
      private Session session = service.open();

      @Override
      public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
        Progress progress = session.advance(in, out, endOfInput);
        if (progress != Progress.FINISHED || endOfInput) {
          return progress;
        }
        session = service.open();
        byte octet = 0;
        while (in.hasRemaining() && octet != '\n') {
          octet = in.get();
        }
        return advance(in, out, false);
      }
    };
  }

  private static CorrectServer forgetsAnswersBeforeAnError(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        Progress progress = super.advance(it, endOfInput);
        int length = "ERR line too long\n".length();
        boolean failed = progress == Progress.FINISHED && !endOfInput;
        if (failed && service.equals(Services.LINES) && it.out.position() > length) {
          int end = it.out.position();
          it.out.limit(end).position(end - length).compact();
        }
        return progress;
      }
    };
  }

  private static CorrectServer twiceAndThenNot(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private boolean silent;

      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        boolean request = service.equals(Services.FIXED) && it.in.hasRemaining();
        Progress progress = super.advance(it, endOfInput);
        if (request) {
          int length = it.out.position();
          if (silent) {
            it.out.position(0);
          } else {
            it.out.put(it.out.array(), 0, length);
          }
          silent = !silent;
        }
        return progress;
      }
    };
  }

  private static CorrectServer ignoresBlankRequests(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        String request = StandardCharsets.ISO_8859_1.decode(it.in.duplicate()).toString();
        if (service.equals(Services.FIXED) && !request.isEmpty() && request.isBlank()) {
          it.in.position(it.in.limit());
          return Progress.UNDERFLOW;
        }
        return super.advance(it, endOfInput);
      }
    };
  }

  private static CorrectServer endsLinesAtCr(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.LINES,
        line -> text(line).replace('\r', '\n'),
        WrongServices::text);
  }

  private static CorrectServer stripsLines(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config, service, Services.LINES, line -> text(line).strip() + "\n", WrongServices::text);
  }

  private static CorrectServer linesAsCStrings(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.LINES,
        line -> text(line).replaceFirst("\0.*", ""),
        WrongServices::text);
  }

  private static CorrectServer unicodeUpperCase(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.LINES,
        line -> {
          String upper = new String(line, StandardCharsets.UTF_8).toUpperCase(Locale.ROOT);
          return text(upper.getBytes(StandardCharsets.UTF_8));
        },
        WrongServices::text);
  }

  private static CorrectServer linesAsFormats(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.LINES,
        line -> text(line).replace("%%", "%").replace("%n", "\n"),
        WrongServices::text);
  }

  private static CorrectServer oneBufferForAllClients(ServerConfig config, Service service)
      throws IOException {
    ByteArrayOutputStream shared = new ByteArrayOutputStream();
    return new CorrectServer(config, service) {
      @Override
      Session open() {
        return service.equals(Services.LINES)
            ? new ChangedLines(super.open(), line -> line, _ -> new byte[0], shared)
            : super.open();
      }

      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        return endOfInput ? Progress.FINISHED : super.advance(it, false);
      }
    };
  }

  private static CorrectServer skipsAByteOrderMark(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean first = !it.hasReceived;
        boolean received = super.receive(it);
        if (first
            && service.equals(Services.LINES)
            && it.in.remaining() >= BYTE_ORDER_MARK.length
            && it.in.slice(0, BYTE_ORDER_MARK.length).equals(ByteBuffer.wrap(BYTE_ORDER_MARK))) {
          it.in.position(BYTE_ORDER_MARK.length);
        }
        return received;
      }
    };
  }

  private static CorrectServer losesAnUnfinishedLine(ServerConfig config, Service service)
      throws IOException {
    return changing(config, service, Services.LINES, WrongServices::text, _ -> "");
  }

  private static CorrectServer endsTheLastLine(ServerConfig config, Service service)
      throws IOException {
    return changing(config, service, Services.LINES, WrongServices::text, it -> text(it) + "\n");
  }

  private static CorrectServer aLineBehindTheLast(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        Progress progress = super.advance(it, endOfInput);
        if (progress == Progress.FINISHED && service.equals(Services.LINES)) {
          it.out.put((byte) '\n');
        }
        return progress;
      }
    };
  }

  private static CorrectServer losesALineWhileBlocked(ServerConfig config, Service service)
      throws IOException {
    return service.equals(Services.LINES)
        ? losesTheRestWhileBlocked(config, service)
        : new CorrectServer(config, service);
  }

  /**
   * Takes FIN that comes while it is blocked for the end of all requests, the last one included.
   */
  private static CorrectServer losesTheRestWhileBlocked(ServerConfig config, Service service)
      throws IOException {
    return new ReadsAheadServer(config, service) {
      @Override
      void endsWhileBlocked(Conversation it) {
        int end = it.in.limit();
        while (end > it.in.position() && it.in.get(end - 1) != '\n') {
          end--;
        }
        it.in.limit(end);
      }

      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        boolean ended = hasEnded(it);
        Progress progress = super.advance(it, endOfInput && !ended);
        return ended && progress == Progress.UNDERFLOW ? Progress.FINISHED : progress;
      }
    };
  }

  private static CorrectServer countsIn32Bits(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.FLOOD,
        line ->
            isCount(line)
                ? Math.max(0, (int) Long.parseLong(text(line).strip())) + "\n"
                : text(line),
        WrongServices::text);
  }

  private static CorrectServer limitsReplies(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.FLOOD,
        line ->
            isCount(line)
                ? Math.min(100_000_000, Long.parseLong(text(line).strip())) + "\n"
                : text(line),
        WrongServices::text);
  }

  private static CorrectServer octalCounts(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.FLOOD,
        line ->
            text(line).matches("0[0-7]{1,12}\n")
                ? Long.parseLong(text(line).strip(), 8) + "\n"
                : text(line),
        WrongServices::text);
  }

  private static CorrectServer noLeadingZeros(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.FLOOD,
        line -> text(line).matches("0[0-9]+\n") ? "?\n" : text(line),
        WrongServices::text);
  }

  private static CorrectServer servesHalfACount(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        Progress progress = super.advance(it, endOfInput);
        boolean half = it.in.limit() > 0 && Character.isDigit(it.in.get(it.in.limit() - 1));
        if (service.equals(Services.FLOOD) && progress == Progress.UNDERFLOW && half) {
          return it.session.advance(ByteBuffer.wrap(new byte[] {'\n'}), it.out, false);
        }
        return progress;
      }
    };
  }

  private static CorrectServer signedCounts(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.FLOOD,
        line -> text(line).replaceFirst("^\\+(?=[0-9])", "").replaceFirst("^-[0-9]+", "0"),
        WrongServices::text);
  }

  private static CorrectServer trimsCounts(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config, service, Services.FLOOD, line -> text(line).strip() + "\n", WrongServices::text);
  }

  private static CorrectServer digitsOfAnyScript(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.FLOOD,
        line ->
            new String(line, StandardCharsets.UTF_8)
                .codePoints()
                .map(it -> Character.isDigit(it) ? '0' + Character.digit(it, 10) : it)
                .mapToObj(it -> it < 0x80 ? Character.toString(it) : "?")
                .collect(Collectors.joining()),
        WrongServices::text);
  }

  private static CorrectServer anyNumberOfDigits(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.FLOOD,
        line -> text(line).replaceFirst("^[0-9]+(?=[0-9]{13}\n)", ""),
        WrongServices::text);
  }

  private static CorrectServer skipsEmptyCounts(ServerConfig config, Service service)
      throws IOException {
    return changing(
        config,
        service,
        Services.FLOOD,
        line -> text(line).equals("\n") ? "" : text(line),
        WrongServices::text);
  }

  private static CorrectServer servesACutOffCount(ServerConfig config, Service service)
      throws IOException {
    return changing(config, service, Services.FLOOD, WrongServices::text, it -> text(it) + "\n");
  }

  private static CorrectServer ignoresACutOffCount(ServerConfig config, Service service)
      throws IOException {
    return changing(config, service, Services.FLOOD, WrongServices::text, _ -> "");
  }

  private static CorrectServer losesHalfACountWhileBlocked(ServerConfig config, Service service)
      throws IOException {
    return service.equals(Services.FLOOD)
        ? losesTheRestWhileBlocked(config, service)
        : new CorrectServer(config, service);
  }

  private static boolean isCount(byte[] line) {
    return text(line).matches("[0-9]{1,13}\n");
  }

  /** Returns a character for each byte. */
  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** A server that changes the lines of one service, and a last line that lacks its LF. */
  private static CorrectServer changing(
      ServerConfig config,
      Service service,
      Service changed,
      Function<byte[], String> change,
      Function<byte[], String> changeLast)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Session open() {
        return service.equals(changed)
            ? new ChangedLines(
                super.open(),
                it -> change.apply(it).getBytes(StandardCharsets.ISO_8859_1),
                it -> changeLast.apply(it).getBytes(StandardCharsets.ISO_8859_1),
                new ByteArrayOutputStream())
            : super.open();
      }
    };
  }

  private static CorrectServer searchesFromTheOldOffset(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, byte[]> begun = new ConcurrentHashMap<>();

      @Override
      boolean receive(Conversation it) throws IOException {
        byte[] before = begun.getOrDefault(it, new byte[0]);
        boolean received = it.channel.read(it.in.clear().limit(PIECE)) >= 0;
        String text = text(before) + text(Arrays.copyOf(it.in.array(), it.in.position()));
        int end = received ? 0 : text.length();
        int searched = before.length;
        for (int lf = text.indexOf('\n', searched); lf >= 0; ) {
          end = lf + 1;
          lf = text.indexOf('\n', end + searched);
        }
        begun.put(it, text.substring(end).getBytes(StandardCharsets.ISO_8859_1));
        it.in.clear().put(text.substring(0, end).getBytes(StandardCharsets.ISO_8859_1)).flip();
        return received || end > 0;
      }
    };
  }

  private static CorrectServer addsUpTheBeginnings(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, Integer> sums = new ConcurrentHashMap<>();

      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        String read = new String(it.in.array(), 0, it.in.limit(), StandardCharsets.ISO_8859_1);
        int begun = read.length() - 1 - read.lastIndexOf('\n');
        int sum = begun == 0 ? 0 : sums.getOrDefault(it, 0) + begun;
        sums.put(it, sum);
        if (sum > MAX_LINE) {
          it.in.clear().put(new byte[MAX_LINE + 1]).flip();
        }
        return received;
      }
    };
  }
}
