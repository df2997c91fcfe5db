package iomodels.wrong.program;

import static iomodels.program.Programs.GATHER;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.GatherRequest;
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToIntFunction;
import java.util.function.UnaryOperator;

/** Gather programs that break a rule: section 12. */
final class WrongGathers {

  static final List<WrongProgram> ALL =
      List.of(
          wrong(
              "gather-one-after-another",
              "12.01",
              "Asks the backends one after another.",
              "but none was made",
              WrongGathers::oneAfterAnother),
          wrong(
              "gather-in-the-order-of-arrival",
              "12.01",
              "Returns the answers in their order of arrival.",
              "ok one\\n\" (0x74)",
              WrongGathers::inTheOrderOfArrival),
          wrong(
              "gather-remembers-answers",
              "12.01",
              "Remembers the answers to a question, and does not ask again.",
              "the same question again",
              WrongGathers::remembersAnswers),
          wrong(
              "gather-asks-equal-upstreams-once",
              "12.01",
              "Asks only once an upstream that is given twice.",
              "an upstream that is given twice",
              WrongSharingGathers::asksEqualUpstreamsOnce),
          wrong(
              "gather-takes-a-read-for-an-answer",
              "12.02",
              "Treats one read as a backend's whole answer.",
              "\"ok o",
              WrongGathers::takesAReadForAnAnswer),
          wrong(
              "gather-judges-the-first-read",
              "12.02",
              "Decides by the first read of an answer whether it begins with error.",
              "an answer that arrives as \"err\" and",
              WrongGatherReads::judgesTheFirstRead),
          wrong(
              "gather-takes-an-end-for-a-newline",
              "12.03",
              "Treats the bytes before the end of input as a complete line, as BufferedReader"
                  + " does.",
              "\\nok half",
              WrongGathers::takesAnEndForANewline),
          wrong(
              "gather-avoids-what-has-failed",
              "12.03",
              "Does not ask a backend again that has failed once.",
              "the request after one in which backends have failed",
              WrongGathers::avoidsWhatHasFailed),
          wrong(
              "gather-retries-all",
              "12.03",
              "Retries \"all\" requests, too, if all backends have failed.",
              "that all backends have failed",
              WrongGathers::retriesAll),
          wrong(
              "gather-waits-for-the-last",
              "12.04",
              "Waits for the slowest backend, without a deadline.",
              "nothing came for",
              config ->
                  new CorrectGather(config) {
                    @Override
                    String await(Future<String> call, long deadline)
                        throws InterruptedException, ExecutionException {
                      return call.get();
                    }
                  }),
          wrong(
              "gather-forgets-the-late",
              "12.04",
              "Answers at the deadline, but does not cancel the late calls.",
              "it did not end",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void cancelOfAll(Future<String> call) {}
                  }),
          wrong(
              "gather-counts-from-the-first-request",
              "12.04",
              "Counts the deadline of each request from the first one of the connection.",
              "the second request of a connection: expected an answer at the deadline",
              WrongGathers::countsFromTheFirstRequest),
          wrong(
              "gather-shares-a-timer",
              "12.04",
              "Has one timer, which each request sets anew.",
              "while other clients begin theirs",
              WrongSharingGathers::sharesATimer),
          wrong(
              "gather-a-deadline-for-each-backend",
              "12.04",
              "Waits for one backend after the other, up to the whole deadline for each.",
              "with a backend that sends a byte now and then",
              WrongGathers::aDeadlineForEachBackend),
          wrong(
              "gather-a-deadline-for-each-read",
              "12.04",
              "Has a time limit for each read instead of one for the request.",
              "with a backend that sends a byte now and then",
              WrongGathers::aDeadlineForEachRead),
          wrong(
              "gather-takes-the-first-even-if-bad",
              "12.05",
              "Returns the first answer even if it is an error.",
              "\"ok error",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean isGood(String answer) {
                      return true;
                    }
                  }),
          wrong(
              "gather-late-at-twice-the-deadline",
              "12.04",
              "Waits for connections and then for answers, up to the deadline each.",
              "at the deadline, 250 ms after it at most",
              config ->
                  new CorrectGather(config) {
                    @Override
                    long deadline() {
                      return super.deadline() + config.deadline().toNanos();
                    }
                  }),
          wrong(
              "gather-retries-each-by-itself",
              "12.05",
              "Retries a backend as soon as it has failed, and does not wait for the" + " others.",
              "while another backend has not answered",
              WrongGathers::retriesEachByItself),
          wrong(
              "gather-counts-a-failure-twice",
              "12.05",
              "Counts the FIN behind a backend's error line as a second failure.",
              "while another backend has not answered",
              WrongGatherReads::countsAFailureTwice),
          wrong(
              "gather-lets-losers-run",
              "12.06",
              "Returns the first good answer, but does not cancel the other calls.",
              "it did not end",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void cancelOfFirst(Future<String> call) {}
                  }),
          wrong(
              "gather-lets-losers-of-the-retry-run",
              "12.06",
              "Cancels the other calls after the first try, but not after the retry.",
              "after a retry",
              WrongGathers::letsLosersOfTheRetryRun),
          wrong(
              "gather-answers-with-each-good-answer",
              "12.06",
              "Sends each good answer that has come when it sends the first one, as an event loop"
                  + " does that handles all ready calls.",
              "to which all backends answer at once",
              WrongGathers::answersWithEachGoodAnswer),
          wrong(
              "gather-asks-with-delays",
              "12.06",
              "Asks the next backend only when the previous one has not answered for 50 ms.",
              "to be asked at the same time",
              WrongGathers::asksWithDelays),
          wrong(
              "gather-never-retries",
              "12.07",
              "Does not retry when all backends have failed.",
              "but none was made",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean retries(int tries) {
                      return false;
                    }
                  }),
          wrong(
              "gather-retries-at-once",
              "12.07",
              "Retries without a pause.",
              "expected a pause of",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean backOff(String text, long deadline) {
                      return true;
                    }
                  }),
          wrong(
              "gather-pauses-for-too-long",
              "12.07",
              "Pauses six times as long before a retry.",
              "the shortest of",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean backOff(String text, long deadline) throws InterruptedException {
                      Thread.sleep(config.backOff().multipliedBy(5));
                      return super.backOff(text, deadline);
                    }
                  }),
          wrong(
              "gather-retries-once-for-each-client",
              "12.07",
              "Counts the retries of a connection instead of those of a request.",
              "after one that was retried",
              WrongGathers::retriesOnceForEachClient),
          wrong(
              "gather-shares-a-pause",
              "12.07",
              "Has one timer for the pauses of all requests, which each failed request sets anew.",
              "while requests of other clients fail",
              WrongSharingGathers::sharesAPause),
          wrong(
              "gather-forgets-backends-that-refuse",
              "12.07",
              "Does not ask a backend again that has refused the connection.",
              "that had refused",
              WrongGathers::forgetsBackendsThatRefuse),
          wrong(
              "gather-retries-for-ever",
              "12.08",
              "Retries without limit while all backends fail.",
              "nothing came for",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean retries(int tries) {
                      return true;
                    }
                  }),
          wrong(
              "gather-first-has-no-deadline",
              "12.09",
              "Applies the deadline to \"all\" requests, but not to \"first\" requests.",
              "nothing came for",
              config ->
                  new CorrectGather(config) {
                    @Override
                    Optional<Future<String>> next(BlockingQueue<Future<String>> done, long deadline)
                        throws InterruptedException {
                      return Optional.of(done.take());
                    }
                  }),
          wrong(
              "gather-calls-late-failed",
              "12.09",
              "Answers \"failed\" instead of \"late\" when the deadline passes.",
              "\"faile",
              config ->
                  new CorrectGather(config) {
                    @Override
                    String firstLate() {
                      return FAILED;
                    }
                  }),
          wrong(
              "gather-a-deadline-for-each-try",
              "12.09",
              "Gives the retry a deadline of its own.",
              "the deadline has begun anew",
              config ->
                  new CorrectGather(config) {
                    @Override
                    long deadlineOfRetry(long deadline) {
                      return deadline();
                    }
                  }),
          wrong(
              "gather-pauses-past-the-deadline",
              "12.09",
              "Pauses before a retry even if the deadline comes first, and answers after the"
                  + " pause.",
              "all backends had failed, but it came after a pause",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean backOff(String text, long deadline) throws InterruptedException {
                      Thread.sleep(config.backOff());
                      return System.nanoTime() - deadline < 0;
                    }
                  }),
          wrong(
              "gather-does-not-watch-its-client",
              "12.10",
              "Does not read from the client while it asks, and so does not notice that the client"
                  + " has left.",
              "it did not end",
              WrongGathers::doesNotWatchItsClient),
          wrong(
              "gather-cancels-nothing",
              "12.10",
              "Notices that the client has left, but does not cancel its calls.",
              "it did not end",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void gone(Thread answerer) {}
                  }),
          wrong(
              "gather-lets-the-retry-run",
              "12.10",
              "Cancels the calls of a client that has left, but not those of a retry.",
              "during a retry",
              WrongGathers::letsTheRetryRun),
          wrong(
              "gather-watches-during-the-first-request",
              "12.10",
              "Notices that a client has left only during the first request of its connection.",
              "the second request of a connection: expected",
              WrongLeavingGathers::watchesDuringTheFirstRequest),
          wrong(
              "gather-goes-on-after-a-failed-answer",
              "12.10",
              "Processes the next request of a client that has finished, although the answer before"
                  + " it could not be sent.",
              "the next request of a client that has reset after its FIN",
              WrongLeavingGathers::goesOnAfterAFailedAnswer),
          wrong(
              "gather-requests-side-by-side",
              "12.11",
              "Processes several requests of one client at the same time.",
              "but one was made",
              WrongGathers::requestsSideBySide),
          wrong(
              "gather-goes-on-when-its-buffer-is-empty",
              "12.11",
              "Stops reading when its buffer of 2,048 bytes is full, and goes on only if no part of"
                  + " a request is left in it.",
              "of 120 that arrive together",
              WrongGatherReads::goesOnWhenItsBufferIsEmpty),
          wrong(
              "gather-answers-again-after-late",
              "12.11",
              "Sends an answer that comes just after the deadline as well, after \"late\".",
              "from a backend that answers at the deadline",
              WrongGathers::answersAgainAfterLate),
          wrong(
              "gather-takes-fin-for-hang-up",
              "12.12",
              "Shuts down its output at the client's FIN, before the pending answers.",
              "but got FIN",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void finished(Conversation it) throws IOException {
                      it.client.shutdownOutput();
                    }
                  }),
          wrong(
              "gather-does-not-retry-after-fin",
              "12.12",
              "Does not retry for a client that has finished sending.",
              "a client that has finished sending",
              WrongGathers::doesNotRetryAfterFin),
          wrong(
              "gather-drops-answers",
              "12.12",
              "Keeps 16 answers for a client that does not read, and drops further ones.",
              "a client that reads late",
              WrongSharingGathers::dropsAnswers),
          wrong(
              "gather-one-question-at-a-time",
              "12.13",
              "Processes the requests of all clients one after another.",
              "but none was made",
              WrongGathers::oneQuestionAtATime),
          wrong(
              "gather-pauses-one-after-another",
              "12.13",
              "Pauses before retries one after another, as a blocking sleep on an event"
                  + " loop does.",
              "to pause at the same time",
              WrongGathers::pausesOneAfterAnother),
          wrong(
              "gather-refuses-and-goes-on",
              "12.14",
              "Leaves the connection open after a malformed request.",
              "expected FIN within",
              config ->
                  new CorrectGather(config) {
                    @Override
                    Optional<Request> request(String line) {
                      Request refusal = this::expected;
                      return super.request(line).or(() -> Optional.of(refusal));
                    }
                  }),
          wrong(
              "gather-ignores-case",
              "12.14",
              "Accepts commands in upper case as well.",
              "ALL tea",
              config ->
                  new CorrectGather(config) {
                    @Override
                    Optional<Request> request(String line) {
                      return super.request(
                          line.toLowerCase(Locale.ROOT).startsWith("all ")
                              ? "all " + line.substring("all ".length())
                              : line);
                    }
                  }),
          wrong(
              "gather-separates-by-any-blank",
              "12.14",
              "Accepts a tab between the command and the text.",
              "all\\u0009tea",
              config ->
                  new CorrectGather(config) {
                    @Override
                    Optional<Request> request(String line) {
                      return super.request(line.replace('\t', ' '));
                    }
                  }),
          wrong(
              "gather-refuses-before-it-answers",
              "12.14",
              "Refuses a malformed request while the answer to the previous one is" + " pending.",
              "while another is pending",
              WrongGathers::refusesBeforeItAnswers),
          wrong(
              "gather-closes-with-input-unread",
              "12.14",
              "Closes the connection without reading what follows a malformed request.",
              "a malformed request before others",
              WrongGathers::closesWithInputUnread),
          wrong(
              "gather-refuses-a-later-line-at-once",
              "12.14",
              "Refuses a line that is too long at once if it comes after the request that is"
                  + " pending.",
              "a line that becomes too long while a request is pending",
              WrongGatherReads::refusesALaterLineAtOnce),
          wrong(
              "gather-finishes-and-does-not-close",
              "12.15",
              "Shuts down its output to a backend that has answered, but does not close the"
                  + " connection.",
              "descriptors after all clients have left",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void endCall(SocketChannel upstream) throws IOException {
                      upstream.shutdownOutput();
                    }
                  }),
          wrong(
              "gather-keeps-failed-calls-open",
              "12.15",
              "Does not close the connection to a backend that has sent an error.",
              "descriptors after all clients have left",
              WrongGathers::keepsFailedCallsOpen),
          wrong(
              "gather-leaks-when-the-pause-is-cancelled",
              "12.15",
              "Leaves a socket open when a client leaves during the pause before a retry.",
              "descriptors after all clients have left",
              WrongGathers::leaksWhenThePauseIsCancelled),
          wrong(
              "gather-logs-every-reset",
              "12.15",
              NoisyPrograms.FAULT,
              NoisyPrograms.SYMPTOM,
              NoisyPrograms::gather),
          wrong(
              "gather-waits-for-all-to-leave",
              "12.16",
              "Waits for its clients to leave for six times the grace period.",
              "it still runs",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void dismiss(SocketChannel client) {}

                    @Override
                    Duration gracePeriod() {
                      return config.gracePeriod().multipliedBy(6);
                    }
                  }),
          wrong(
              "gather-connects-to-the-end",
              "12.17",
              "Connects in a separate thread, and does not interrupt it.",
              "calls that are still connecting",
              WrongGathers::connectsToTheEnd),
          wrong(
              "gather-sends-parts",
              "12.18",
              "Sends each line of an answer as soon as it is known.",
              "expected silence",
              WrongGathers::sendsParts),
          wrong(
              "gather-trims",
              "12.19",
              "Removes blanks at both ends of a text.",
              "the text of a request is",
              asking(String::strip)),
          wrong(
              "gather-joins-words",
              "12.19",
              "Splits a text at blanks, and joins the words with one blank.",
              "the text of a request is",
              asking(it -> String.join(" ", it.split("\\s+", -1)))),
          wrong(
              "gather-splits-like-unicode",
              "12.19",
              "Also ends lines at U+2028 and U+0085.",
              "\\u0085",
              asking(it -> it.split("[\\u0085\\u2028\\u2029]", -1)[0])),
          wrong(
              "gather-ends-a-text-at-nul",
              "12.19",
              "Ends a text at NUL, as a string in C does.",
              "\\u0000",
              asking(it -> it.split("\0", -1)[0])),
          wrong(
              "gather-replaces-what-is-not-ascii",
              "12.19",
              "Replaces characters that are not ASCII by question marks.",
              "the text of a request is",
              asking(it -> new String(it.getBytes(US_ASCII), US_ASCII).replace('\uFFFD', '?'))),
          wrong(
              "gather-decodes-each-read",
              "12.19",
              "Decodes each read of a backend's answer separately as UTF-8.",
              "in pieces, the answer",
              WrongGathers::decodesEachRead),
          wrong(
              "gather-takes-latin-1-for-utf-8",
              "12.19",
              "Decodes answers as ISO 8859-1.",
              "the answer of a backend is",
              WrongGathers::takesLatin1ForUtf8),
          wrong(
              "gather-takes-an-empty-answer-for-a-failure",
              "12.19",
              "Treats an empty answer as a failure.",
              "the answer of a backend is \"\"",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean isGood(String answer) {
                      return !answer.isEmpty() && super.isGood(answer);
                    }
                  }),
          wrong(
              "gather-takes-any-error-for-a-failure",
              "12.19",
              "Treats an answer as a failure if it contains \"error\" anywhere, in upper"
                  + " or lower case.",
              "the answer of a backend is \"Error: none\"",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean isGood(String answer) {
                      return !answer.toLowerCase(Locale.ROOT).contains("error");
                    }
                  }),
          wrong(
              "gather-takes-only-the-word-for-a-failure",
              "12.19",
              "Treats an answer as a failure only if its first word is \"error\".",
              "the answer of a backend is \"error: no tea\"",
              config ->
                  new CorrectGather(config) {
                    @Override
                    boolean isGood(String answer) {
                      return !answer.equals("error") && !answer.startsWith("error ");
                    }
                  }),
          wrong(
              "gather-refuses-an-empty-text",
              "12.19",
              "Refuses a request with an empty text.",
              "the text of a request is \"\"",
              config ->
                  new CorrectGather(config) {
                    @Override
                    Optional<Request> request(String line) {
                      return super.request(line.stripTrailing());
                    }
                  }),
          wrong(
              "gather-counts-the-newline",
              "12.20",
              "Counts the LF towards the limit of a request, and so refuses the longest" + " one.",
              "a request or an answer of 1,024 bytes",
              config -> new Measuring(config, it -> utf8(it) + 1)),
          wrong(
              "gather-counts-characters",
              "12.20",
              "Limits a request to 1,024 characters instead of bytes.",
              "a line of 1,025 bytes",
              config -> new Measuring(config, String::length)),
          wrong(
              "gather-has-no-limit-for-answers",
              "12.20",
              "Has no limit for the answers of backends.",
              "an answer of 1,025 bytes",
              config ->
                  new CorrectGather(config) {
                    @Override
                    Lines backendLines(SocketChannel upstream) {
                      return new UnlimitedLines(upstream);
                    }
                  }),
          wrong(
              "gather-cuts-long-answers",
              "12.20",
              "Cuts off an answer after 1,024 bytes.",
              "an answer of 1,025 bytes",
              WrongGathers::cutsLongAnswers),
          wrong(
              "gather-measures-the-read",
              "12.20",
              "Measures an answer together with the bytes that came with it.",
              "and answers with as many more bytes",
              WrongGatherReads::measuresTheRead),
          wrong(
              "gather-counts-the-cr",
              "12.20",
              "Counts the CR before LF towards the limit of an answer.",
              "a line of 1,024 bytes, and CR LF",
              WrongGatherReads::countsTheCr),
          wrong(
              "gather-takes-the-rest-for-a-request",
              "12.21",
              "Treats the bytes before a client's FIN as a complete request.",
              "a request without LF",
              config ->
                  new CorrectGather(config) {
                    @Override
                    Lines lines(SocketChannel client) {
                      return new EndedLines(client);
                    }
                  }),
          wrong(
              "gather-retries-for-the-gone",
              "12.22",
              "Does not notice during the pause before a retry that the client has left.",
              "has reset during the pause",
              WrongGathers::retriesForTheGone),
          wrong(
              "gather-retries-after-the-answer",
              "12.22",
              "Answers at the deadline, but does not cancel the pending retry.",
              "after the answer, which came during the pause",
              WrongGathers::retriesAfterTheAnswer),
          wrong(
              "gather-shares-the-question",
              "12.23",
              "Keeps the question in a field that all requests share.",
              "question",
              WrongGathers::sharesTheQuestion),
          wrong(
              "gather-has-a-pool",
              "12.23",
              "Processes the requests of at most 200 clients at a time.",
              "clients ask at the same time",
              WrongGathers::hasAPool),
          wrong(
              "gather-joins-equal-questions",
              "12.23",
              "Asks only once if several clients ask the same question.",
              "a client that asked the same",
              WrongGathers::joinsEqualQuestions),
          wrong(
              "gather-cancels-equal-questions",
              "12.23",
              "Keeps the calls that run by their question: when a client leaves, those of another"
                  + " client are cancelled.",
              "a client that asked the same as one that has left",
              WrongSharingGathers::cancelsEqualQuestions),
          wrong(
              "gather-ends-at-a-reset",
              "12.24",
              "Ends when an answer cannot be sent, as a program does that leaves SIGPIPE"
                  + " as it is.",
              "after clients and backends have reset",
              WrongGathers::endsAtAReset),
          wrong(
              "gather-has-a-time-limit-for-reads",
              "12.25",
              "Waits for the answer of a backend for two seconds at most.",
              "expected silence",
              config ->
                  new CorrectGather(config) {
                    @Override
                    String await(Future<String> call, long deadline)
                        throws InterruptedException, ExecutionException, TimeoutException {
                      return super.await(call, Math.min(deadline, System.nanoTime() + TWO_SECONDS));
                    }
                  }),
          wrong(
              "gather-has-a-time-limit-for-connecting",
              "12.25",
              "Waits for a backend to accept for two seconds at most.",
              "a backend whose backlog was full",
              WrongGathers::hasATimeLimitForConnecting),
          wrong(
              "gather-closes-idle-clients",
              "12.25",
              "Closes the connection of a client that has sent nothing for two seconds.",
              "expected silence",
              WrongGathers::closesIdleClients),
          wrong(
              "gather-asks-itself",
              "12.26",
              "Starts without checking that no backend has its own address.",
              "with its own port",
              config ->
                  new CorrectGather(config) {
                    @Override
                    void checkUpstreams() {}
                  }));

  private static final long MOMENT = TimeUnit.MILLISECONDS.toNanos(3);
  private static final long TWO_SECONDS = TimeUnit.SECONDS.toNanos(2);

  private WrongGathers() {}

  private static WrongProgram wrong(
      String name, String rule, String fault, String symptom, WrongProgram.Factory factory) {
    return new WrongProgram(name, GATHER, rule, fault, symptom, WrongProgram.starting(factory));
  }

  private static CorrectProgram oneAfterAnother(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      String all(String text, long deadline) throws InterruptedException {
        StringBuilder answer = new StringBuilder();
        for (InetSocketAddress each : config.upstreams()) {
          answer.append(ask(each, text, deadline));
        }
        return answer.toString();
      }

      private String ask(InetSocketAddress backend, String text, long deadline)
          throws InterruptedException {
        Future<String> call = begin(backend, text, new LinkedBlockingQueue<>());
        try {
          return outcome(call, deadline);
        } finally {
          cancelOfAll(call);
        }
      }
    };
  }

  private static CorrectProgram inTheOrderOfArrival(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      String all(String text, long deadline) throws InterruptedException {
        BlockingQueue<Future<String>> done = new LinkedBlockingQueue<>();
        List<Future<String>> calls = begin(text, done);
        try {
          StringBuilder answer = new StringBuilder();
          for (int i = 0; i < calls.size(); i++) {
            Optional<Future<String>> next = next(done, deadline);
            answer.append(next.isEmpty() ? LATE : outcome(next.get(), deadline));
          }
          return answer.toString();
        } finally {
          calls.forEach(this::cancelOfAll);
        }
      }
    };
  }

  private static CorrectProgram takesAReadForAnAnswer(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines backendLines(SocketChannel upstream) {
        return new Lines(upstream) {
          @Override
          Optional<String> next() throws IOException, InterruptedException {
            return receive() ? Optional.of(UTF_8.decode(in).toString().strip()) : Optional.empty();
          }
        };
      }
    };
  }

  private static CorrectProgram takesAnEndForANewline(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines backendLines(SocketChannel upstream) {
        return new EndedLines(upstream);
      }
    };
  }

  /** Treats the bytes before the end of input as a complete line. */
  private static final class EndedLines extends Lines {

    private boolean ended;

    EndedLines(SocketChannel channel) {
      super(channel);
    }

    @Override
    boolean receive() throws IOException, InterruptedException {
      if (super.receive()) {
        return true;
      }
      in.clear().put((byte) '\n').flip();
      boolean isFirst = !ended;
      ended = true;
      return isFirst;
    }
  }

  private static CorrectProgram doesNotWatchItsClient(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      void put(Conversation it, Request request) throws IOException, InterruptedException {
        CountDownLatch answered = new CountDownLatch(1);
        super.put(
            it,
            () -> {
              try {
                return request.answer();
              } finally {
                answered.countDown();
              }
            });
        answered.await();
      }
    };
  }

  private static CorrectProgram requestsSideBySide(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Semaphore asked = new Semaphore(0);

      @Override
      void put(Conversation it, Request request) throws InterruptedException {
        Thread.startVirtualThread(
            () -> {
              answerNow(it, request);
              asked.release();
            });
        asked.acquire();
      }

      @Override
      Lines backendLines(SocketChannel upstream) {
        asked.release();
        return super.backendLines(upstream);
      }
    };
  }

  private static CorrectProgram oneQuestionAtATime(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Lock turn = new ReentrantLock();

      @Override
      String ask(GatherRequest question) throws InterruptedException {
        turn.lockInterruptibly();
        try {
          return super.ask(question);
        } finally {
          turn.unlock();
        }
      }
    };
  }

  private static CorrectProgram connectsToTheEnd(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      SocketChannel connect(InetSocketAddress backend) throws IOException, InterruptedException {
        FutureTask<SocketChannel> connecting = new FutureTask<>(() -> SocketChannel.open(backend));
        Thread.startVirtualThread(connecting);
        try {
          return connecting.get();
        } catch (ExecutionException e) {
          throw new IOException(e.getCause());
        }
      }
    };
  }

  private static CorrectProgram remembersAnswers(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Map<GatherRequest, String> answers = new ConcurrentHashMap<>();

      @Override
      String ask(GatherRequest question) throws InterruptedException {
        String known = answers.get(question);
        if (known != null) {
          return known;
        }
        String answer = super.ask(question);
        answers.put(question, answer);
        return answer;
      }
    };
  }

  private static CorrectProgram avoidsWhatHasFailed(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Set<InetSocketAddress> failed = ConcurrentHashMap.newKeySet();

      @Override
      String call(InetSocketAddress backend, String text)
          throws IOException, InterruptedException, LineTooLongException {
        if (failed.contains(backend)) {
          throw new IOException("it has failed before");
        }
        try {
          return super.call(backend, text);
        } catch (IOException | LineTooLongException e) {
          failed.add(backend);
          throw e;
        }
      }
    };
  }

  private static CorrectProgram retriesAll(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      String all(String text, long deadline) throws InterruptedException {
        String answer = super.all(text, deadline);
        boolean allFailed = answer.equals(FAILED.repeat(config.upstreams().size()));
        return allFailed && backOff(text, deadline) ? super.all(text, deadline) : answer;
      }
    };
  }

  private static CorrectProgram countsFromTheFirstRequest(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final ThreadLocal<Long> deadlines = ThreadLocal.withInitial(super::deadline);

      @Override
      long deadline() {
        return deadlines.get();
      }
    };
  }

  private static CorrectProgram aDeadlineForEachBackend(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      String await(Future<String> call, long deadline)
          throws InterruptedException, ExecutionException, TimeoutException {
        return super.await(call, deadline());
      }
    };
  }

  private static CorrectProgram aDeadlineForEachRead(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private volatile long lastRead = System.nanoTime();

      @Override
      String await(Future<String> call, long deadline)
          throws InterruptedException, ExecutionException, TimeoutException {
        long wanted = deadline;
        while (true) {
          try {
            return super.await(call, wanted);
          } catch (TimeoutException e) {
            if (lastRead + config.deadline().toNanos() - wanted <= 0) {
              throw e;
            }
            wanted = lastRead + config.deadline().toNanos();
          }
        }
      }

      @Override
      Lines backendLines(SocketChannel upstream) {
        return new Lines(upstream) {
          @Override
          boolean receive() throws IOException, InterruptedException {
            boolean received = super.receive();
            lastRead = System.nanoTime();
            return received;
          }
        };
      }
    };
  }

  private static CorrectProgram retriesEachByItself(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      String call(InetSocketAddress backend, String text)
          throws IOException, InterruptedException, LineTooLongException {
        try {
          return super.call(backend, text);
        } catch (IOException _) {
          Thread.sleep(config.backOff());
          return super.call(backend, text);
        }
      }
    };
  }

  private static CorrectProgram letsLosersOfTheRetryRun(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final ThreadLocal<Boolean> retrying = ThreadLocal.withInitial(() -> false);

      @Override
      String ask(GatherRequest question) throws InterruptedException {
        retrying.set(false);
        return super.ask(question);
      }

      @Override
      boolean backOff(String text, long deadline) throws InterruptedException {
        retrying.set(true);
        return super.backOff(text, deadline);
      }

      @Override
      void cancelOfFirst(Future<String> call) {
        if (!retrying.get()) {
          super.cancelOfFirst(call);
        }
      }
    };
  }

  private static CorrectProgram answersWithEachGoodAnswer(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Optional<Future<String>> next(BlockingQueue<Future<String>> done, long deadline)
          throws InterruptedException {
        Optional<Future<String>> next = super.next(done, deadline);
        Thread.sleep(1); // An event loop may be busy for as long.
        return next;
      }

      @Override
      String goodAnswer(Future<String> call, BlockingQueue<Future<String>> done) {
        String answer = super.goodAnswer(call, done);
        Future<String> also = done.poll();
        return also != null && also.state() == Future.State.SUCCESS
            ? answer + super.goodAnswer(also, done)
            : answer;
      }
    };
  }

  private static CorrectProgram asksWithDelays(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      SocketChannel connect(InetSocketAddress backend) throws IOException, InterruptedException {
        Thread.sleep(50L * config.upstreams().indexOf(backend));
        return super.connect(backend);
      }
    };
  }

  private static CorrectProgram retriesOnceForEachClient(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      // Whether the client of this thread has been the reason for a retry.
      private final ThreadLocal<Boolean> retried = ThreadLocal.withInitial(() -> false);

      @Override
      boolean retries(int tries) {
        boolean again = super.retries(tries) && !retried.get();
        retried.set(true);
        return again;
      }
    };
  }

  private static CorrectProgram letsTheRetryRun(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Set<Thread> retrying = ConcurrentHashMap.newKeySet();

      @Override
      boolean backOff(String text, long deadline) throws InterruptedException {
        boolean inTime = super.backOff(text, deadline);
        retrying.add(Thread.currentThread());
        return inTime;
      }

      @Override
      void gone(Thread answerer) {
        if (!retrying.contains(answerer)) {
          super.gone(answerer);
        }
      }
    };
  }

  private static CorrectProgram answersAgainAfterLate(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      String outcome(Future<String> call, long deadline) throws InterruptedException {
        String line = super.outcome(call, deadline);
        if (!line.equals(LATE)) {
          return line;
        }
        String next = super.outcome(call, System.nanoTime() + MOMENT);
        return next.equals(LATE) ? LATE : LATE + next;
      }
    };
  }

  private static CorrectProgram doesNotRetryAfterFin(ProgramConfig config) throws IOException {
    return new KnowingGather(config) {
      private final Set<Conversation> finished = ConcurrentHashMap.newKeySet();

      @Override
      void finished(Conversation it) {
        finished.add(it);
      }

      @Override
      boolean retries(int tries) {
        return super.retries(tries) && !finished.contains(conversation.get());
      }
    };
  }

  /** Knows for which conversation a thread answers. */
  private static class KnowingGather extends CorrectGather {

    @SuppressWarnings("ThreadLocalUsage") // Several of these programs may run in this JVM.
    final ThreadLocal<Conversation> conversation = new ThreadLocal<>();

    KnowingGather(ProgramConfig config) throws IOException {
      super(config);
    }

    @Override
    void put(Conversation it, Request request) throws IOException, InterruptedException {
      super.put(
          it,
          () -> {
            conversation.set(it);
            return request.answer();
          });
    }
  }

  private static CorrectProgram pausesOneAfterAnother(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Lock pause = new ReentrantLock();

      @Override
      boolean backOff(String text, long deadline) throws InterruptedException {
        pause.lockInterruptibly();
        try {
          return super.backOff(text, deadline);
        } finally {
          pause.unlock();
        }
      }
    };
  }

  private static CorrectProgram refusesBeforeItAnswers(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      // Whether the line that this thread has read is malformed.
      private final ThreadLocal<Boolean> refused = ThreadLocal.withInitial(() -> false);

      @Override
      Optional<Request> request(String line) {
        Optional<Request> request = super.request(line);
        refused.set(request.isEmpty());
        return request;
      }

      @Override
      void put(Conversation it, Request request) throws IOException, InterruptedException {
        if (refused.get()) {
          answerNow(it, request);
        } else {
          super.put(it, request);
        }
      }
    };
  }

  private static CorrectProgram closesWithInputUnread(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines lines(SocketChannel client) {
        return new Lines(client) {
          @Override
          void discard() {}
        };
      }

      @Override
      void endAnswers(Conversation it) {}
    };
  }

  private static CorrectProgram keepsFailedCallsOpen(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Set<SocketChannel> kept = ConcurrentHashMap.newKeySet();

      // Whether the call of this thread has failed.
      private final ThreadLocal<Boolean> failed = ThreadLocal.withInitial(() -> false);

      @Override
      boolean isGood(String answer) {
        boolean good = super.isGood(answer);
        failed.set(!good);
        return good;
      }

      @Override
      void endCall(SocketChannel upstream) throws IOException {
        if (failed.get()) {
          kept.add(upstream);
        } else {
          super.endCall(upstream);
        }
      }
    };
  }

  private static CorrectProgram leaksWhenThePauseIsCancelled(ProgramConfig config)
      throws IOException {
    return new CorrectGather(config) {
      private final Queue<SocketChannel> kept = new ConcurrentLinkedQueue<>();

      @Override
      boolean backOff(String text, long deadline) throws InterruptedException {
        try {
          return super.backOff(text, deadline);
        } catch (InterruptedException e) {
          try {
            kept.add(SocketChannel.open());
          } catch (IOException _) {
            // out of file descriptors
          }
          throw e;
        }
      }
    };
  }

  private static CorrectProgram sendsParts(ProgramConfig config) throws IOException {
    return new KnowingGather(config) {
      @Override
      String all(String text, long deadline) throws InterruptedException {
        List<Future<String>> calls = begin(text, new LinkedBlockingQueue<>());
        try {
          for (Future<String> each : calls) {
            writeFully(conversation.get().client, outcome(each, deadline));
          }
        } catch (IOException _) {
          // the client has left
        } finally {
          calls.forEach(this::cancelOfAll);
        }
        return "";
      }
    };
  }

  /** Asks the backends for a changed text. */
  private static WrongProgram.Factory asking(UnaryOperator<String> change) {
    return config ->
        new CorrectGather(config) {
          @Override
          String ask(GatherRequest question) throws InterruptedException {
            return super.ask(new GatherRequest(question.kind(), change.apply(question.text())));
          }
        };
  }

  private static CorrectProgram decodesEachRead(ProgramConfig config) throws IOException {
    return decodingEachRead(config, UTF_8);
  }

  private static CorrectProgram takesLatin1ForUtf8(ProgramConfig config) throws IOException {
    return decodingEachRead(config, ISO_8859_1);
  }

  private static CorrectProgram decodingEachRead(ProgramConfig config, Charset charset)
      throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines backendLines(SocketChannel upstream) {
        return new Lines(upstream) {
          @Override
          boolean receive() throws IOException, InterruptedException {
            boolean received = super.receive();
            if (received) {
              byte[] encoded = charset.decode(in).toString().getBytes(UTF_8);
              int length = Math.min(encoded.length, in.capacity());
              in.clear().put(encoded, 0, length).flip();
            }
            return received;
          }
        };
      }
    };
  }

  /** Measures a client's lines in its own way. */
  private static final class Measuring extends CorrectGather {

    private final ToIntFunction<String> length;

    Measuring(ProgramConfig config, ToIntFunction<String> length) throws IOException {
      super(config);
      this.length = length;
    }

    @Override
    Lines lines(SocketChannel client) {
      return new UnlimitedLines(client) {
        @Override
        Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
          Optional<String> line = super.next();
          demandShort(line.map(length::applyAsInt).orElse(0));
          return line;
        }
      };
    }
  }

  private static int utf8(String text) {
    return text.getBytes(UTF_8).length;
  }

  private static CorrectProgram cutsLongAnswers(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines backendLines(SocketChannel upstream) {
        return new UnlimitedLines(upstream) {
          @Override
          Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
            return super.next()
                .map(it -> it.substring(0, Math.min(it.length(), LineReader.MAX_BYTES)));
          }
        };
      }
    };
  }

  private static CorrectProgram retriesForTheGone(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      boolean backOff(String text, long deadline) throws InterruptedException {
        long end = System.nanoTime() + config.backOff().toNanos();
        while (System.nanoTime() - end < 0) {
          LockSupport.parkNanos(end - System.nanoTime());
          Thread.interrupted(); // It is ignored.
        }
        return true;
      }
    };
  }

  private static CorrectProgram retriesAfterTheAnswer(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      boolean backOff(String text, long deadline) throws InterruptedException {
        long end = System.nanoTime() + config.backOff().toNanos();
        boolean inTime = super.backOff(text, deadline);
        if (!inTime) {
          Thread.startVirtualThread(
              () -> {
                LockSupport.parkNanos(end - System.nanoTime());
                begin(text, new LinkedBlockingQueue<>());
              });
        }
        return inTime;
      }
    };
  }

  private static CorrectProgram sharesTheQuestion(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private volatile String latest = "";

      @Override
      String ask(GatherRequest question) throws InterruptedException {
        latest = question.text();
        return super.ask(question);
      }

      @Override
      SocketChannel connect(InetSocketAddress backend) throws IOException, InterruptedException {
        SocketChannel upstream = super.connect(backend);
        Thread.sleep(1); // As long as connecting takes on a real network.
        return upstream;
      }

      @Override
      String textToSend(String text) {
        return latest;
      }
    };
  }

  private static CorrectProgram hasAPool(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Semaphore pool = new Semaphore(200);

      @Override
      String ask(GatherRequest question) throws InterruptedException {
        pool.acquire();
        try {
          return super.ask(question);
        } finally {
          pool.release();
        }
      }
    };
  }

  private static CorrectProgram joinsEqualQuestions(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Map<GatherRequest, FutureTask<String>> asking = new ConcurrentHashMap<>();

      @Override
      String ask(GatherRequest question) throws InterruptedException {
        FutureTask<String> own = new FutureTask<>(() -> super.ask(question));
        FutureTask<String> other = asking.putIfAbsent(question, own);
        if (other == null) {
          own.run();
          asking.remove(question);
        }
        try {
          return (other == null ? own : other).get();
        } catch (ExecutionException _) {
          return FAILED;
        }
      }
    };
  }

  private static CorrectProgram hasATimeLimitForConnecting(ProgramConfig config)
      throws IOException {
    return new CorrectGather(config) {
      @Override
      SocketChannel connect(InetSocketAddress backend) throws IOException {
        SocketChannel upstream = SocketChannel.open();
        upstream.socket().connect(backend, (int) TimeUnit.NANOSECONDS.toMillis(TWO_SECONDS));
        return upstream;
      }
    };
  }

  private static CorrectProgram forgetsBackendsThatRefuse(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      private final Set<InetSocketAddress> refusing = ConcurrentHashMap.newKeySet();

      @Override
      String ask(GatherRequest question) throws InterruptedException {
        refusing.clear();
        return super.ask(question);
      }

      @Override
      SocketChannel connect(InetSocketAddress backend) throws IOException, InterruptedException {
        if (refusing.contains(backend)) {
          throw new ConnectException("it has refused before");
        }
        try {
          return super.connect(backend);
        } catch (ConnectException e) {
          refusing.add(backend);
          throw e;
        }
      }
    };
  }

  private static CorrectProgram closesIdleClients(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      Lines lines(SocketChannel client) {
        return new Lines(client) {
          @Override
          boolean receive() throws IOException, InterruptedException {
            Thread watch =
                Thread.startVirtualThread(
                    () -> {
                      LockSupport.parkNanos(TWO_SECONDS);
                      if (!Thread.currentThread().isInterrupted()) {
                        closeQuietly(client);
                      }
                    });
            try {
              return super.receive();
            } finally {
              watch.interrupt();
            }
          }
        };
      }
    };
  }

  private static CorrectProgram endsAtAReset(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      void lost(Conversation it) {
        super.lost(it);
        Thread.startVirtualThread(this::close);
      }
    };
  }
}
