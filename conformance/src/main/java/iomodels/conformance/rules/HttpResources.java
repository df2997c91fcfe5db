package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.HELD;
import static iomodels.conformance.Bound.IDLE_CPU;
import static iomodels.conformance.rules.Section15Http.HELLO;
import static iomodels.conformance.rules.Section15Http.SLOW;
import static iomodels.conformance.rules.Section15Http.get;
import static iomodels.conformance.rules.Section15Http.program;
import static iomodels.conformance.rules.Section15Http.request;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What an HTTP server holds for its clients, and what is left of them. */
final class HttpResources {

  private static final int WINDOW = 64 * 1024;
  private static final long UPLOAD = 2_000_000_000;
  private static final int FILE = 2_000_000;

  /** Clients of event streams; each timer that goes on ticks 100 times per second. */
  private static final int STREAMS = 200;

  /** Clients whose requests arrive together with the stop. */
  private static final int BUSY = 40;

  /** More bytes than events have, or a short response. */
  private static final int MAX_EVENTS = 100_000;

  /** How long to wait until a request has been read. */
  private static final Duration AT_MOST = Duration.ofSeconds(5);

  private HttpResources() {}

  /** Rule 15.36. */
  static void holdsLittle(TestContext context) throws Broken, IOException, InterruptedException {
    Peer client = context.connectWithWindow(program(context), WINDOW);
    client.send(request("POST /upper", "Content-Length: " + UPLOAD));
    Peer.BytePattern letters = (into, length, _) -> Arrays.fill(into, 0, length, (byte) 'x');
    HeldBytes.demandFew(
        "a server", client, client, letters, context.count(HELD), Kernel.buffers() + 4L * WINDOW);
  }

  /** Rule 15.38. */
  static void stopsEventStreams(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (int i = 0; i < STREAMS; i++) {
      try (Peer client = context.connect(program)) {
        client.send(get("/ticker?ms=10"));
        HttpResponse.next(client, 200);
        if (i % 2 == 0) {
          client.finishSending();
        }
        client.reset();
      }
    }
    if (Section08Resources.isBusy(context, program)) {
      throw new Broken(
          "less than %d %% of a core after %d clients of event streams have left"
              .formatted(context.count(IDLE_CPU), STREAMS),
          "it never used less than that");
    }
  }

  /** Rule 15.39. */
  static void stops(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    Peer nothing = context.connect(program);
    Peer idle = context.connect(program);
    idle.send(get("/hello"));
    HttpResponse.demandText(idle, HELLO);
    Peer waits = context.connect(program);
    waits.send(get("/slow/700"));
    Peer uploads = context.connect(program);
    uploads.send(request("POST /upper", "Content-Length: 10") + "hello");
    Peer ticks = context.connect(program);
    ticks.send(get("/ticker?ms=50"));
    HttpResponse.next(ticks, 200);
    Peer pipelines = context.connect(program);
    pipelines.send(get("/slow/500") + get("/hello"));
    waits.awaitRead(AT_MOST);
    uploads.awaitRead(AT_MOST);
    pipelines.awaitRead(AT_MOST);
    List<Peer> busy = new ArrayList<>();
    for (int i = 0; i < BUSY; i++) {
      Peer client = context.connect(program);
      client.send(get("/hello").repeat(i % 4));
      busy.add(client);
    }
    PendingAtStop pending = PendingAtStop.stop(context, program);
    try {
      idle.expectFin(context.time(CLOSE));
      nothing.expectEnd(context.time(CLOSE));
    } catch (Broken e) {
      throw e.at("an idle connection at the stop");
    }
    try {
      for (Peer client : busy) {
        pending.demand(() -> client.readToEnd(MAX_EVENTS, context.time(CLOSE)));
      }
    } catch (Broken e) {
      throw e.at("a connection on which requests arrive together with the stop");
    }
    try {
      pending.demand(() -> ticks.readToEnd(MAX_EVENTS));
    } catch (Broken e) {
      throw e.at("an event stream at the stop");
    }
    pending.demand(
        () -> {
          uploads.send("world");
          HttpResponse.demandText(uploads, "HELLOWORLD");
        });
    pending.demand(() -> HttpResponse.demandText(waits, SLOW));
    try {
      pending.demand(() -> HttpResponse.demandText(pipelines, SLOW));
      pending.demand(() -> pipelines.readToEnd(MAX_EVENTS, context.time(CLOSE)));
    } catch (Broken e) {
      throw e.at("the first of two pipelined requests at the stop");
    }
    Shutdown.demandEnd(context, program);
  }

  /** Rule 15.42. */
  static void leavesNothing(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.write(folder.resolve("file"), new byte[FILE]);
    Instance program = program(context, folder);
    ResourceLeaks.demandNone(
        context,
        List.of(program),
        context.count(CLOSES) / 8,
        () -> {
          for (Ending each : Ending.values()) {
            try (Peer client = context.connect(program)) {
              each.converse(client);
            } catch (Broken e) {
              throw e.at("a client that " + each.words);
            }
          }
        });
    ErrorOutput.demandLittleWhileClientsReset(
        context, program, () -> Ending.IN_THE_HEAD.converse(context.connect(program)));
  }

  /** How an exchange can end. */
  private enum Ending {
    ANSWERED("is answered, and closes") {
      @Override
      void converse(Peer client) throws Broken {
        client.send(get("/hello"));
        HttpResponse.demandText(client, HELLO);
      }
    },
    REFUSED("sends a malformed request") {
      @Override
      void converse(Peer client) throws Broken {
        client.send("GET /a b HTTP/1.1\r\nHost: kit\r\n\r\n");
        HttpResponse.next(client); // Which status it has is the matter of 15.04.
      }
    },
    IN_THE_HEAD("resets in the middle of a head") {
      @Override
      void converse(Peer client) throws Broken, IOException {
        client.send("GET /hello HTTP/1.1\r\nHo");
        client.reset();
      }
    },
    IN_AN_UPLOAD("resets in the middle of an upload") {
      @Override
      void converse(Peer client) throws Broken, IOException {
        client.send(request("POST /upper", "Content-Length: 10") + "hello");
        client.awaitRead(AT_MOST);
        client.reset();
      }
    },
    CUT_OFF("finishes in the middle of an upload") {
      @Override
      void converse(Peer client) throws Broken {
        client.send(request("PUT /sink", "Content-Length: 10") + "hello");
        client.finishSending();
        client.readToEnd(MAX_EVENTS);
      }
    },
    WAITING("resets while it waits") {
      @Override
      void converse(Peer client) throws Broken, IOException {
        client.send(get("/slow/60000"));
        client.awaitRead(AT_MOST);
        client.reset();
      }
    },
    TICKER("resets during an event stream") {
      @Override
      void converse(Peer client) throws Broken, IOException {
        client.send(get("/ticker?ms=10"));
        HttpResponse.next(client, 200);
        client.reset();
      }
    },
    TICKER_FINISHED("finishes, and resets, during an event stream") {
      @Override
      void converse(Peer client) throws Broken, IOException {
        client.send(get("/ticker?ms=10"));
        HttpResponse.next(client, 200);
        client.finishSending();
        client.reset();
      }
    },
    DOWNLOAD("resets in the middle of a file") {
      @Override
      void converse(Peer client) throws Broken, IOException {
        client.send(get("/files/file"));
        HttpResponse.next(client, 200);
        client.reset();
      }
    },
    FILE("resets while its file is opened") {
      @Override
      void converse(Peer client) throws Broken, IOException {
        client.send(get("/files/file"));
        client.reset();
      }
    },
    PIPELINED("resets after several requests") {
      @Override
      void converse(Peer client) throws Broken, IOException {
        client.send(get("/slow/20") + get("/hello") + get("/ticker"));
        client.reset();
      }
    };

    private final String words;

    Ending(String words) {
      this.words = words;
    }

    abstract void converse(Peer client) throws Broken, IOException;
  }
}
