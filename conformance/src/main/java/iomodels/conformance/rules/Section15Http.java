package iomodels.conformance.rules;

import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.conformance.Rule.Level.SHOULD;
import static iomodels.program.Programs.HTTP;

import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.HttpRoute;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** Section 15: an HTTP/1.1 server. The kit plays its clients. */
final class Section15Http {

  static final String HELLO = new HttpRoute.Hello().text();
  static final String SLOW = new HttpRoute.Slow(Duration.ZERO).text();

  /** A path that no server has. */
  static final String NOTHING = "/nothing";

  static final List<Rule> ALL =
      List.of(
          rule(
              "15.01",
              "The server MUST answer requests alike, in whatever pieces they arrive.",
              "TCP does not keep message boundaries (RFC 9293), so a read may return half of a"
                  + " line, or two requests. A parser that keeps no state between reads loses"
                  + " requests only when the network splits them.",
              Set.of(Precondition.UPPER),
              HttpMessages::pieces),
          new Rule(
              "15.02",
              SHOULD,
              "The server SHOULD ignore an empty line before a request line.",
              "Old clients send CR LF after the content of a request, which then precedes the next"
                  + " one. RFC 9112, section 2.2, asks servers to ignore at least one.",
              HTTP,
              Set.of(),
              HttpMessages::emptyLine),
          rule(
              "15.03",
              "The server MUST refuse a CR without LF in the value of a field, or read it as a"
                  + " space.",
              "A server that ends a line there finds fields that a proxy has not seen, such as a"
                  + " Content-Length: request smuggling (CWE-444; RFC 9112, section 2.2).",
              HttpMessages::bareCarriageReturn),
          new Rule(
              "15.04",
              SHOULD,
              "The server SHOULD answer a malformed request line with an error status, and then"
                  + " close the connection.",
              "Without an answer the client cannot tell a malformed request from a broken"
                  + " network (vert.x#3724: a target with a blank). RFC 9112, section 3, asks"
                  + " for 400, or for a redirection.",
              HTTP,
              Set.of(),
              HttpMessages::requestLine),
          rule(
              "15.05",
              "The server MUST refuse a target that is too long for it with 414, or another status"
                  + " 4xx.",
              "Without a limit one client exhausts the memory (CWE-770). RFC 9112, section 3, names"
                  + " 414; a close without a status looks like a failure of the network.",
              HttpMessages::longTarget),
          rule(
              "15.06",
              "The server MUST refuse a request of HTTP/1.1 without Host, with two of them, or with"
                  + " an invalid one, with 400.",
              "A proxy may take the first Host and a server the last: the cache is then filled with"
                  + " the page of another site. RFC 9112, section 3.2, demands 400.",
              HttpMessages::host),
          rule(
              "15.07",
              "The server MUST accept a target in absolute form.",
              "Clients of a proxy send the whole URI, and some send it to the server as well. RFC"
                  + " 9112, section 3.2.2, demands that a server accepts it.",
              HttpMessages::absoluteTarget),
          rule(
              "15.08",
              "The server MUST refuse a request of another major version than 1, or answer it in"
                  + " HTTP/1.1.",
              "A client that gets a response of HTTP/9.9 takes the server for one that speaks it."
                  + " RFC 9110, sections 6.2 and 15.6.6, permits an answer in HTTP/1.1, and has the"
                  + " status 505.",
              HttpMessages::version),
          rule(
              "15.09",
              "The server MUST refuse whitespace between the name of a field and the colon with"
                  + " 400.",
              "A server that strips the whitespace and a proxy that does not may determine the"
                  + " length of a message by different fields: request smuggling (CWE-444; RFC"
                  + " 9112, section 5.1).",
              HttpMessages::whitespace),
          rule(
              "15.10",
              "The server MUST refuse a field that is continued on the next line, or read the line"
                  + " end as a space.",
              "A server that strips the whitespace finds a field where a proxy has seen a part of"
                  + " a value: request smuggling (CWE-444; RFC 9112, section 5.2).",
              HttpMessages::foldedField),
          new Rule(
              "15.11",
              SHOULD,
              "The server SHOULD refuse NUL in the value of a field.",
              "Where NUL ends a string, a value is read in part by one program and in full by the"
                  + " next. RFC 9110, section 5.5, also permits a space in its place, which the"
                  + " client cannot see.",
              HTTP,
              Set.of(),
              HttpMessages::nul),
          rule(
              "15.12",
              "The server MUST refuse a head that is too long for it with 431, or another status"
                  + " 4xx.",
              "A field of a gigabyte must not be kept (CWE-770). RFC 9110, section 5.4, asks for a"
                  + " status 4xx, so that the client knows that a shorter one may be accepted.",
              HttpMessages::longHead),
          rule(
              "15.13",
              "The server MUST refuse a Content-Length that is no decimal number, or that is given"
                  + " twice with different values, with 400, and then close the connection.",
              "Two parsers that read such a length differently disagree about where the next"
                  + " request begins, which is how request smuggling works (CWE-444; RFC 9112,"
                  + " section 6.3).",
              Set.of(Precondition.SINK),
              HttpMessages::contentLength),
          rule(
              "15.14",
              "The server MUST close the connection after its response to a request that has both"
                  + " Content-Length and Transfer-Encoding.",
              "Such a request may be an attempt at smuggling: a proxy goes by one of them and the"
                  + " server by the other. RFC 9112, section 6.1, permits to refuse it or to answer"
                  + " it, and demands that the connection ends in either case.",
              Set.of(Precondition.SINK),
              HttpMessages::bothLengths),
          rule(
              "15.15",
              "The server MUST refuse a Transfer-Encoding whose last coding is not chunked with"
                  + " 400, or with 501 if it does not know it.",
              "The length of such a request cannot be determined (RFC 9112, section 6.3). A server"
                  + " that looks for the word alone takes xchunked for chunked.",
              Set.of(Precondition.SINK),
              HttpMessages::chunkedNotLast),
          new Rule(
              "15.16",
              SHOULD,
              "The server SHOULD answer 501 to a transfer coding that it does not know.",
              "The client learns that it may try again without the coding; 400 would tell it that"
                  + " the request is malformed (RFC 9112, section 6.1).",
              HTTP,
              Set.of(Precondition.SINK),
              HttpMessages::unknownCoding),
          rule(
              "15.17",
              "The server MUST close the connection after a request of HTTP/1.0 with"
                  + " Transfer-Encoding.",
              "A proxy of HTTP/1.0 has passed on the field without understanding it, so the"
                  + " server cannot know where the request ends (RFC 9112, section 6.1).",
              Set.of(Precondition.SINK),
              HttpMessages::chunkedInOldVersion),
          rule(
              "15.18",
              "The server MUST NOT take the content of a request that names chunked twice for the"
                  + " next request.",
              "A server that compares the joined value with the word finds no content, and what a"
                  + " client hides in it becomes a request (CWE-444; RFC 9112, section 6.1).",
              Set.of(Precondition.SINK),
              HttpMessages::chunkedTwice),
          rule(
              "15.19",
              "The server MUST NOT accept the size of a chunk that is not hexadecimal, or too"
                  + " large.",
              "0x5, -1 and 1_0 are numbers for many a library, and the sum of a large one may"
                  + " overflow. Where two parsers differ, the rest of a chunk becomes a request"
                  + " (RFC 9112, section 7.1).",
              Set.of(Precondition.SINK),
              HttpMessages::chunkSizes),
          rule(
              "15.20",
              "The server MUST NOT accept a chunk whose data is longer than its size, or that no CR"
                  + " LF follows.",
              "What follows the data is then taken for the size of the next chunk, or for a request"
                  + " (RFC 9112, section 7.1).",
              Set.of(Precondition.SINK),
              context ->
                  HttpMessages.chunks(
                      context,
                      List.of("5\r\nhello!\r\n0\r\n\r\n", "5\r\nhello6\r\nhello!\r\n0\r\n\r\n"))),
          rule(
              "15.21",
              "The server MUST ignore extensions of chunks that it does not know.",
              "An extension may be quoted, and its value may contain any character (RFC 9112,"
                  + " section 7.1.1). A server that refuses extensions cannot receive uploads of"
                  + " clients that sign their chunks.",
              Set.of(Precondition.UPPER),
              HttpMessages::chunkExtensions),
          rule(
              "15.22",
              "The server MUST NOT let a trailer change how messages are framed.",
              "A Content-Length that comes after the content would make the next request its"
                  + " content (RFC 9110, section 6.5.1).",
              Set.of(Precondition.UPPER),
              HttpMessages::trailers),
          rule(
              "15.23",
              "The server MUST keep the connection open after a complete exchange.",
              "A connection for each request costs round trips, and leaves a socket in TIME_WAIT"
                  + " each time. Connections are persistent by default (RFC 9112, section 9.3).",
              Set.of(Precondition.SINK),
              HttpConnections::keepsOpen),
          rule(
              "15.24",
              "The server MUST answer pipelined requests in their order, also if a later one is"
                  + " ready first.",
              "A client finds the response to a request by their order alone (RFC 9112, section"
                  + " 9.3.2). Handlers that answer when they are ready send a response for the"
                  + " wrong request.",
              Set.of(Precondition.SLOW, Precondition.BYTES),
              HttpConnections::inOrder),
          rule(
              "15.25",
              "The server MUST read the content of each request in full, or close the connection"
                  + " after the response.",
              "Content that a handler leaves unread is otherwise taken for the next request, so"
                  + " that a client can hide a request in it (RFC 9112, section 9.3; CWE-444).",
              Set.of(Precondition.DENY),
              HttpConnections::unreadContent),
          rule(
              "15.26",
              "The server MUST NOT answer what follows a request with Connection: close.",
              "The client has said that this is its last request; what follows is no request of"
                  + " this client (RFC 9112, section 9.6; aiohttp#8087).",
              HttpConnections::nothingAfterClose),
          rule(
              "15.27",
              "The server MUST answer a client that has sent FIN after its requests, and then close"
                  + " the connection.",
              "A client that has nothing more to send may say so: printf into nc, or a proxy that"
                  + " passes FIN on. A server that closes at FIN loses pending responses"
                  + " (aiohttp#3659, uvicorn#1264).",
              Set.of(
                  Precondition.HALF_CLOSE,
                  Precondition.UPPER,
                  Precondition.SLOW,
                  Precondition.BYTES),
              HttpConnections::answersAfterFin),
          new Rule(
              "15.28",
              MUST,
              "The server MUST deliver the status of a request that it refuses while the client"
                  + " sends the content, and MUST accept content of just the permitted length.",
              "A server that closes at once sends RST for the content that is on its way, and RST"
                  + " may destroy the response (RFC 9112, section 9.6). An upload that is too large"
                  + " then looks like a failure of the network (vertx-web#2295).",
              HTTP,
              Set.of(Precondition.SINK, Precondition.DENY),
              Scheduling.WAITING,
              HttpConnections::refusesInStages),
          rule(
              "15.29",
              "The server MUST NOT take content that is cut off for complete.",
              "When a client is interrupted, its system sends FIN in the middle of an upload. A"
                  + " file that is stored in part looks like a whole one (RFC 9112, section 8).",
              Set.of(Precondition.SINK, Precondition.UPPER),
              HttpConnections::truncated),
          rule(
              "15.30",
              "The server MUST send 100, or a final status, before it waits for content that the"
                  + " client announces with Expect: 100-continue.",
              "The client waits before it sends a large upload; curl gives up waiting after a"
                  + " second, others never do (RFC 9110, section 10.1.1).",
              Set.of(Precondition.UPPER, Precondition.SINK, Precondition.DENY),
              HttpConnections::continues),
          rule(
              "15.31",
              "The server MUST NOT send an interim response to a client of HTTP/1.0.",
              "Such a client takes 100 Continue for its response (RFC 9110, section 15.2).",
              Set.of(Precondition.SINK),
              HttpConnections::noInterimResponse),
          rule(
              "15.32",
              "The server MUST NOT send content with a response to HEAD or with status 204, and"
                  + " MUST keep the connection.",
              "The client takes such content for the next response (RFC 9110, sections 9.3.2 and"
                  + " 15.3.5; netty#10868).",
              Set.of(
                  Precondition.FOLDER,
                  Precondition.BYTES,
                  Precondition.FILES,
                  Precondition.TICKER,
                  Precondition.SINK),
              HttpConnections::noContent),
          rule(
              "15.33",
              "The server MUST NOT send chunks to a client of HTTP/1.0.",
              "Such a client takes the sizes of the chunks for content (RFC 9112, section 6.1).",
              Set.of(Precondition.BYTES, Precondition.TICKER),
              HttpConnections::noChunksForOldClients),
          new Rule(
              "15.34",
              MUST,
              "The server MUST send Date with each response of a route: the time of the response.",
              "Caches compute the age of a response from it (RFC 9110, section 6.6.1; RFC 9111,"
                  + " section 4.2.3).",
              HTTP,
              Set.of(),
              Scheduling.WAITING,
              HttpConnections::date),
          rule(
              "15.35",
              "The server MUST answer a path that it does not have with 404, and a method that a"
                  + " path does not have with 405 and Allow.",
              "A client that gets 404 for the wrong method looks for a mistake in the path. Allow"
                  + " tells it what is possible (RFC 9110, section 15.5.6).",
              Set.of(Precondition.UPPER, Precondition.SINK),
              HttpConnections::methods),
          rule(
              "15.36",
              "The server MUST hold little of an upload whose response is not read.",
              "A server that reads on stores the response, and one client exhausts its memory. If"
                  + " it stops reading, TCP stops the client (RFC 9293, section 3.8.6).",
              Set.of(Precondition.UPPER),
              HttpResources::holdsLittle),
          new Rule(
              "15.37",
              MUST,
              "The server MUST end a connection whose head is not complete by the deadline, even if"
                  + " a byte arrives now and then.",
              "With a limit on silence alone, a few hundred clients that send a byte per second"
                  + " occupy all connections: Slowloris (CVE-2007-6750).",
              HTTP,
              Set.of(Precondition.DEADLINE),
              Scheduling.WAITING,
              HttpConnections::dribbles),
          new Rule(
              "15.38",
              MUST,
              "The server MUST stop an event stream when its client has gone, whether it has sent"
                  + " FIN and RST or RST alone.",
              "Browsers close event streams whenever a page is left. A timer that goes on for each"
                  + " of them uses processor time in vain (reactor-netty#547).",
              HTTP,
              Set.of(Precondition.PROCESS, Precondition.TICKER),
              Scheduling.ALONE,
              HttpResources::stopsEventStreams),
          new Rule(
              "15.39",
              MUST,
              "On stop, the server MUST complete the exchanges that have begun, end idle"
                  + " connections at once, and then end.",
              "Service managers send SIGTERM at each deployment. A server that ends at once cuts"
                  + " off downloads and uploads, and one that waits for idle connections, which"
                  + " pools keep open for hours, is killed.",
              HTTP,
              Set.of(Precondition.LIFE, Precondition.UPPER, Precondition.SLOW, Precondition.TICKER),
              Scheduling.TIMED,
              HttpResources::stops),
          rule(
              "15.40",
              "The server MUST NOT serve a file outside its folder, nor a device.",
              "Paths come from the network: .., encoded or not, and links lead elsewhere (CWE-22,"
                  + " CWE-59), and /dev/zero never ends.",
              Set.of(Precondition.FOLDER, Precondition.FILES),
              HttpConnections::staysInFolder),
          rule(
              "15.41",
              "The server MUST answer other clients while one does not read, one waits, and one"
                  + " sends slowly.",
              "A write that blocks on a shared thread stops the service for all; one phone without"
                  + " reception is enough.",
              Set.of(Precondition.BYTES, Precondition.SLOW, Precondition.UPPER),
              HttpConnections::othersGoOn),
          new Rule(
              "15.42",
              MUST,
              "The server MUST leave nothing open, however an exchange ends.",
              "Clients vanish in the middle of a head, an upload, a file, and an event stream. If"
                  + " one of these paths forgets a socket, a file or a timer, accept(2) fails with"
                  + " EMFILE some days later.",
              HTTP,
              Set.of(
                  Precondition.PROCESS,
                  Precondition.FOLDER,
                  Precondition.UPPER,
                  Precondition.SINK,
                  Precondition.SLOW,
                  Precondition.TICKER,
                  Precondition.FILES),
              Scheduling.ALONE,
              HttpResources::leavesNothing));

  private Section15Http() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return rule(id, sentence, why, Set.of(), check);
  }

  private static Rule rule(
      String id, String sentence, String why, Set<Precondition> preconditions, Check check) {
    return new Rule(id, MUST, sentence, why, HTTP, preconditions, check);
  }

  /** Starts the program with the usual time limit of a head. */
  static Instance program(TestContext context) throws IOException, InterruptedException {
    return program(context, Path.of("."));
  }

  /** Starts the program with this folder. */
  static Instance program(TestContext context, Path folder)
      throws IOException, InterruptedException {
    return context.program(
        ProgramConfig.onLoopback(List.of()).within(ProgramConfig.HEAD_LIMIT).reading(folder));
  }

  /** Returns a request without content. */
  static String get(String target) {
    return request("GET " + target, "");
  }

  /**
   * Returns the head of a request.
   *
   * @param fields further fields, each but the last with its line end; may be empty
   */
  static String request(String methodAndTarget, String fields) {
    return "%s HTTP/1.1\r\nHost: kit\r\n%s%s\r\n"
        .formatted(methodAndTarget, fields, fields.isEmpty() ? "" : "\r\n");
  }
}
