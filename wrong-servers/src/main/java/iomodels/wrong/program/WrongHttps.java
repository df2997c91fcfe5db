package iomodels.wrong.program;

import static iomodels.program.Programs.HTTP;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import iomodels.http.HttpConversation;
import iomodels.program.HttpDate;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** HTTP servers that break the rules of section 15. */
final class WrongHttps {

  private static final Duration NEVER = Duration.ofHours(1);

  static final List<WrongProgram> ALL =
      List.of(
          wrong(
              "http-takes-a-read-for-a-request",
              "15.01",
              "Forgets what it has read when the read did not contain a whole head.",
              "requests in pieces",
              WrongHttps::forgetsPieces),
          receiving(
              "http-refuses-an-empty-line",
              "15.02",
              "Takes an empty line for a malformed request line.",
              "expected status 200",
              it -> it.startsWith("\r\n") ? "?" + it : it),
          receiving(
              "http-ends-lines-at-cr",
              "15.03",
              "Takes a CR without LF for the end of a line.",
              "part of another field",
              it -> it.replaceAll("\r(?!\n)", "\r\n")),
          sending(
              "http-closes-without-a-status",
              "15.04",
              "Closes the connection at a malformed request line, without an answer.",
              "got FIN",
              it -> it.startsWith("HTTP/1.1 400") ? "" : it),
          sending(
              "http-answers-500-to-a-long-target",
              "15.05",
              "Answers a target that is too long with 500.",
              "got 500",
              it -> it.replace("HTTP/1.1 414 URI Too Long", "HTTP/1.1 500 Server Error")),
          receiving(
              "http-has-no-limit-for-targets",
              "15.05",
              "Answers a request whatever the length of its target.",
              "got 200",
              it -> it.replaceAll("x{100,}", "")),
          receiving(
              "http-needs-no-host",
              "15.06",
              "Accepts a request without Host.",
              "no Host",
              it -> it.contains("Host:") ? it : it.replace("\r\n\r\n", "\r\nHost: any\r\n\r\n")),
          receiving(
              "http-joins-equal-hosts",
              "15.06",
              "Takes two equal fields Host for one.",
              "Host: a and Host: a",
              it -> it.replaceAll("(Host: .*\r\n)\\1", "$1")),
          receiving(
              "http-knows-paths-only",
              "15.07",
              "Takes an absolute target for a path.",
              "got 404",
              it -> it.replace(" http://kit/", " /http://kit/")),
          wrong(
              "http-answers-in-every-version",
              "15.08",
              "Answers a request of HTTP/9.9 in HTTP/9.9.",
              "a request of HTTP/9.9",
              WrongHttps::answersInEveryVersion),
          receiving(
              "http-strips-names",
              "15.09",
              "Strips whitespace between the name of a field and the colon.",
              "expected status 400",
              it -> it.replace(" :", ":")),
          receiving(
              "http-strips-lines",
              "15.10",
              "Strips whitespace before the name of a field, and takes a continuation for a field.",
              "part of another field",
              it -> it.replace("\r\n ", "\r\n")),
          receiving(
              "http-drops-nul",
              "15.11",
              "Drops NUL from the values of fields.",
              "expected status 400",
              it -> it.replace("\0", "")),
          sending(
              "http-closes-at-a-long-head",
              "15.12",
              "Closes the connection at a head that is too long, without an answer.",
              "got FIN",
              it -> it.startsWith("HTTP/1.1 431") ? "" : it),
          receiving(
              "http-accepts-a-sign",
              "15.13",
              "Accepts a sign before the number of Content-Length.",
              "Content-Length: +3",
              it -> it.replace("Content-Length: +", "Content-Length: ")),
          receiving(
              "http-takes-the-first-length",
              "15.13",
              "Takes the first number of a list for Content-Length.",
              "Content-Length: 3, 4",
              it -> it.replaceAll("(Content-Length: \\d+), \\d+", "$1")),
          receiving(
              "http-prefers-chunks",
              "15.14",
              "Ignores Content-Length where there is Transfer-Encoding, and keeps the connection.",
              "Content-Length and Transfer-Encoding",
              it ->
                  it.contains("Transfer-Encoding:")
                      ? it.replaceAll("Content-Length: 3\r\n", "")
                      : it),
          receiving(
              "http-looks-for-the-word-chunked",
              "15.15",
              "Takes each Transfer-Encoding that contains the word chunked for chunked.",
              "Transfer-Encoding: chunked, xchunked",
              it -> it.replace("chunked, xchunked", "chunked")),
          receiving(
              "http-takes-identity-for-a-coding",
              "15.15",
              "Takes a request with Transfer-Encoding: identity for one without content.",
              "Transfer-Encoding: identity",
              it -> it.replace("Transfer-Encoding: identity\r\n", "")),
          sending(
              "http-answers-400-to-an-unknown-coding",
              "15.16",
              "Answers a transfer coding that it does not know with 400.",
              "got 400",
              it -> it.replace("HTTP/1.1 501 Not Implemented", "HTTP/1.1 400 Bad Request")),
          receiving(
              "http-keeps-connections-of-old-proxies",
              "15.17",
              "Goes on after a request of HTTP/1.0 with Transfer-Encoding.",
              "expected the end of the connection",
              it -> it.replace("HTTP/1.0\r\n", "HTTP/1.1\r\n")),
          receiving(
              "http-finds-no-content-behind-two-fields",
              "15.18",
              "Takes a request with two fields Transfer-Encoding for one without content.",
              "an answer to the next request",
              it -> it.replace("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "")),
          receiving(
              "http-reads-hexadecimal-prefixes",
              "15.19",
              "Accepts 0x before the size of a chunk.",
              "0x5",
              it -> it.replace("\r\n0x5\r\n", "\r\n5\r\n")),
          receiving(
              "http-skips-to-the-line-end",
              "15.20",
              "Skips what follows the data of a chunk, up to the line end.",
              "hello!",
              it -> it.replace("\r\nhello!\r\n0\r\n", "\r\nhello\r\n0\r\n")),
          receiving(
              "http-refuses-quoted-extensions",
              "15.21",
              "Refuses an extension of a chunk that is quoted.",
              "chunks with the extension",
              it -> it.replace("5;a=\"b;c\"", "five")),
          receiving(
              "http-applies-trailers",
              "15.22",
              "Takes Content-Length in a trailer for that of further content.",
              "a trailer Content-Length",
              it -> it.replaceAll("(?s)0\r\nContent-Length: 20\r\n\r\n.{20}", "0\r\n\r\n")),
          wrong(
              "http-closes-after-each-response",
              "15.23",
              "Closes the connection after each response, without saying so.",
              "got FIN",
              WrongHttps::closesAfterEach),
          wrong(
              "http-answers-the-quick-first",
              "15.24",
              "Answers requests that arrive together as soon as they are ready.",
              "in their order",
              WrongHttps::answersTheQuickFirst),
          receiving(
              "http-leaves-content-unread",
              "15.25",
              "Takes content that a route does not need for the next request.",
              "the request behind content that GET /hello",
              it -> it.replaceAll("(GET[^\r]*\r\nHost: kit\r\n)Content-Length: \\d+\r\n", "$1")),
          receiving(
              "http-ignores-close",
              "15.26",
              "Goes on after a request with Connection: close.",
              "expected the end of the connection",
              it -> it.replace("Connection: close\r\n", "")),
          receiving(
              "http-knows-close-in-lower-case",
              "15.26",
              "Knows Connection: close, but not Connection: Close.",
              "Connection: Close",
              it -> it.replace("Connection: Close\r\n", "")),
          receiving(
              "http-expects-one-connection-option",
              "15.26",
              "Compares the whole value of Connection with the word close.",
              "Connection: TE, close",
              it -> it.replace("Connection: TE, close\r\n", "")),
          receiving(
              "http-reads-one-field-connection",
              "15.26",
              "Looks for close in the first field Connection alone.",
              "Connection: TE and Connection: close",
              it -> it.replaceAll("(Connection: .*\r\n)Connection: .*\r\n", "$1")),
          wrong(
              "http-closes-at-fin",
              "15.27",
              "Closes the connection as soon as its client has sent FIN.",
              "got FIN",
              WrongHttps::closesAtFin),
          wrong(
              "http-closes-at-once",
              "15.28",
              "Closes the socket right after it has refused a request.",
              "while the client sends its content",
              WrongHttps::closesAtOnce),
          wrong(
              "http-reads-on-for-a-moment",
              "15.28",
              "Closes the socket 300 ms after it has refused a request.",
              "for at least a second",
              config ->
                  new CorrectHttp(config) {
                    @Override
                    void finish(Connection it) throws IOException {
                      finish(it, Duration.ofMillis(300));
                    }
                  }),
          receiving(
              "http-refuses-the-permitted-length",
              "15.28",
              "Refuses content that is just as long as permitted.",
              "PUT /sink of 1,048,576 bytes, with Content-Length",
              it -> it.replace("Content-Length: 1048576\r\n", "Content-Length: 1048577\r\n")),
          sending(
              "http-accepts-truncated-content",
              "15.29",
              "Takes the end of the input for the end of the content.",
              "no success for content that is cut off",
              it -> it.startsWith("HTTP/1.1 400") ? "HTTP/1.1 204 No Content\r\n\r\n" : it),
          sending(
              "http-lets-the-client-wait",
              "15.30",
              "Waits for content that the client does not send before it is told to.",
              "nothing came",
              it -> it.replace("HTTP/1.1 100 Continue\r\n\r\n", "")),
          sending(
              "http-answers-instead-of-continue",
              "15.30",
              "Begins a response that needs the content, and does not send 100.",
              "status 100 before a success that needs the content",
              it -> it.replace("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200", "HTTP/1.1 200")),
          receiving(
              "http-tells-old-clients-to-continue",
              "15.31",
              "Sends 100 Continue to a client of HTTP/1.0.",
              "expected silence",
              it -> it.replace("HTTP/1.0\r\n", "HTTP/1.1\r\n")),
          receiving(
              "http-takes-head-for-get",
              "15.32",
              "Sends the content with a response to HEAD.",
              "after HEAD",
              it -> it.replaceAll("(?m)^HEAD ", "GET ")),
          wrong(
              "http-ends-chunks-of-head",
              "15.32",
              "Sends the last chunk with a response to HEAD that would have chunks.",
              "after HEAD /bytes/5?chunked",
              WrongHttps::endsChunksOfHead),
          receiving(
              "http-sends-chunks-to-old-clients",
              "15.33",
              "Sends chunks to a client of HTTP/1.0.",
              "it is chunked",
              it -> it.replace("HTTP/1.0\r\n", "HTTP/1.1\r\nConnection: close\r\n")),
          sending(
              "http-omits-date",
              "15.34",
              "Sends no Date.",
              "there is none",
              it -> it.replaceAll("Date: [^\r]*\r\n", "")),
          wrong(
              "http-keeps-its-first-date",
              "15.34",
              "Sends the time of its start as Date.",
              "a later Date",
              WrongHttps::keepsItsFirstDate),
          sending(
              "http-answers-404-to-a-wrong-method",
              "15.35",
              "Answers a method that a path does not have with 404.",
              "got 404",
              it -> it.replace("HTTP/1.1 405 Method Not Allowed", "HTTP/1.1 404 Not Found")),
          wrong(
              "http-stores-the-response",
              "15.36",
              "Stores what the client does not read, and reads on.",
              "it read",
              WrongHttps::storesTheResponse),
          wrong(
              "http-waits-for-the-head",
              "15.37",
              "Has no time limit for the head of a request.",
              "a byte at a time",
              config ->
                  new CorrectHttp(config) {
                    @Override
                    HttpConversation conversation() {
                      return new HttpConversation(config.within(NEVER));
                    }
                  }),
          wrong(
              "http-forgets-a-timer",
              "15.38",
              "Goes on with the timer of an event stream whose client has gone.",
              "clients of event streams have left",
              WrongHttps::forgetsATimer),
          wrong(
              "http-cuts-off-when-stopped",
              "15.39",
              "Resets all connections when it is stopped.",
              "Connection reset",
              config ->
                  new CorrectHttp(config) {
                    @Override
                    void dismiss(SocketChannel client) {
                      reset(client);
                    }
                  }),
          wrong(
              "http-follows-links",
              "15.40",
              "Follows a link out of its folder.",
              "HEAD /files/link",
              config -> followsLinks(config, "")),
          wrong(
              "http-compares-prefixes",
              "15.40",
              "Follows a link to a folder whose name begins like that of its own.",
              "HEAD /files/neighbour",
              config -> followsLinks(config, config.folder().toRealPath().toString())),
          wrong(
              "http-one-response-at-a-time",
              "15.41",
              "Holds a lock while it sends a response.",
              "while one client does not read",
              WrongHttps::oneResponseAtATime),
          wrong(
              "http-forgets-a-socket",
              "15.42",
              "Does not close the socket of a client that has reset.",
              "descriptors after all clients have left",
              WrongHttps::forgetsASocket),
          wrong(
              "http-logs-every-reset",
              "15.42",
              NoisyPrograms.FAULT,
              NoisyPrograms.SYMPTOM,
              NoisyPrograms::http));

  private WrongHttps() {}

  private static WrongProgram wrong(
      String name, String rule, String fault, String symptom, WrongProgram.Factory factory) {
    return new WrongProgram(name, HTTP, rule, fault, symptom, WrongProgram.starting(factory));
  }

  /** Returns a program that takes something else than what it has read. */
  private static WrongProgram receiving(
      String name, String rule, String fault, String symptom, UnaryOperator<String> change) {
    return wrong(
        name,
        rule,
        fault,
        symptom,
        config ->
            new CorrectHttp(config) {
              @Override
              void receive(Connection it, String part) throws IOException {
                super.receive(it, change.apply(part));
              }
            });
  }

  /** Returns a program that sends something else than what is right. */
  private static WrongProgram sending(
      String name, String rule, String fault, String symptom, UnaryOperator<String> change) {
    return wrong(
        name,
        rule,
        fault,
        symptom,
        config ->
            new CorrectHttp(config) {
              @Override
              void send(Connection it, String part) throws IOException {
                super.send(it, change.apply(part));
              }
            });
  }

  private static CorrectProgram forgetsPieces(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      @Override
      void receive(Connection it, String part) throws IOException {
        if (!it.http.isReceiving() && part.contains("HTTP/1.1") && !part.contains("\r\n\r\n")) {
          return;
        }
        super.receive(it, part);
      }
    };
  }

  private static CorrectProgram answersInEveryVersion(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      private final Set<Connection> newer = ConcurrentHashMap.newKeySet();

      @Override
      void receive(Connection it, String part) throws IOException {
        if (part.contains("HTTP/9.9")) {
          newer.add(it);
        }
        super.receive(it, part.replace("HTTP/9.9", "HTTP/1.1"));
      }

      @Override
      void send(Connection it, String part) throws IOException {
        super.send(it, newer.contains(it) ? part.replace("HTTP/1.1", "HTTP/9.9") : part);
      }
    };
  }

  private static CorrectProgram closesAfterEach(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      @Override
      void send(Connection it, String part) throws IOException {
        super.send(it, part);
        it.http.stop();
      }
    };
  }

  private static CorrectProgram answersTheQuickFirst(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      @Override
      void receive(Connection it, String part) throws IOException {
        Matcher slow = Pattern.compile("GET /slow.*?\r\n\r\n", Pattern.DOTALL).matcher(part);
        super.receive(it, slow.find() ? slow.replaceFirst("") + slow.group() : part);
      }
    };
  }

  private static CorrectProgram closesAtFin(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      @Override
      void receiveFin(Connection it) throws IOException {
        throw new IOException("the client has gone");
      }
    };
  }

  private static CorrectProgram forgetsATimer(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      @Override
      void converse(Connection it) throws IOException, InterruptedException {
        try {
          super.converse(it);
        } catch (IOException e) {
          Thread.startVirtualThread(
              () -> {
                for (long due = System.nanoTime(); ; due = it.http.due().orElse(due)) {
                  LockSupport.parkNanos(due - System.nanoTime());
                  it.http.advance(ByteBuffer.allocate(0), it.out.clear(), false, System.nanoTime());
                }
              });
          throw e;
        }
      }
    };
  }

  private static CorrectProgram closesAtOnce(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      @Override
      void finish(Connection it) {
        closeQuietly(it.peer);
      }
    };
  }

  private static CorrectProgram endsChunksOfHead(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      private final Set<Connection> heads = ConcurrentHashMap.newKeySet();

      @Override
      void receive(Connection it, String part) throws IOException {
        if (part.startsWith("HEAD")) {
          heads.add(it);
        }
        super.receive(it, part);
      }

      @Override
      void send(Connection it, String part) throws IOException {
        boolean wrong = part.contains("Transfer-Encoding: chunked\r\n") && heads.remove(it);
        super.send(it, wrong ? part.replaceFirst("\r\n\r\n", "\r\n\r\n0\r\n\r\n") : part);
      }
    };
  }

  private static CorrectProgram keepsItsFirstDate(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      private final String date = HttpDate.now();

      @Override
      void send(Connection it, String part) throws IOException {
        super.send(it, part.replaceAll("Date: [^\r]*", "Date: " + date));
      }
    };
  }

  /** Serves links to files whose real path begins with these characters. */
  private static CorrectProgram followsLinks(ProgramConfig config, String prefix)
      throws IOException {
    return new CorrectHttp(config) {
      @Override
      void receive(Connection it, String part) throws IOException {
        Matcher name = Pattern.compile(" /files/([a-z]+) ").matcher(part);
        Path file = name.find() ? config.folder().resolve(name.group(1)) : config.folder();
        if (Files.isSymbolicLink(file)
            && Files.isRegularFile(file)
            && file.toRealPath().toString().startsWith(prefix)) {
          String content = Files.readString(file, ISO_8859_1);
          send(it, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n".formatted(content.length()));
        } else {
          super.receive(it, part);
        }
      }
    };
  }

  private static CorrectProgram oneResponseAtATime(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      @Override
      void send(Connection it, String part) throws IOException {
        synchronized (this) {
          super.send(it, part);
        }
      }
    };
  }

  private static CorrectProgram storesTheResponse(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      private final Map<Connection, BlockingQueue<String>> outboxes = new ConcurrentHashMap<>();

      @Override
      void send(Connection it, String part) {
        outboxes.computeIfAbsent(it, this::startWriter).add(part);
      }

      private BlockingQueue<String> startWriter(Connection it) {
        BlockingQueue<String> outbox = new LinkedBlockingQueue<>();
        Thread.startVirtualThread(
            () -> {
              try {
                while (it.peer.isOpen()) {
                  super.send(it, outbox.take());
                }
              } catch (IOException _) {
                closeQuietly(it.peer);
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              }
            });
        return outbox;
      }
    };
  }

  private static CorrectProgram forgetsASocket(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      private final Set<SocketChannel> forgotten = ConcurrentHashMap.newKeySet();

      @Override
      void converse(Connection it) throws IOException, InterruptedException {
        try {
          super.converse(it);
        } catch (IOException e) {
          forgotten.add(it.peer);
          throw e;
        }
      }

      @Override
      void end(SocketChannel client) {
        if (!forgotten.contains(client)) {
          super.end(client);
        }
      }
    };
  }
}
