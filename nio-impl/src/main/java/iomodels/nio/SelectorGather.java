package iomodels.nio;

import static java.nio.channels.SelectionKey.OP_CONNECT;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import iomodels.program.GatherRequest;
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Scatter-gather as state machines in one event loop. A pending request is an object, and so is
 * each of its calls, which reports its completion to the request. The deadline and the pause before
 * a retry are timers of the loop. To cancel a request, the code has to close each socket and remove
 * each timer explicitly; a forgotten one is a leak.
 *
 * <p>Only {@link ProgramLoop} waits; nothing here blocks.
 */
final class SelectorGather {

  private static final int BUFFER_SIZE = 2 * 1024;
  private static final int RETRIES = 1;

  private final ProgramConfig config;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_SIZE); // For all calls.

  private SelectorGather(ProgramConfig config) {
    this.config = config;
  }

  static Server start(ProgramConfig config) throws IOException {
    SelectorGather gather = new SelectorGather(config);
    return new ProgramLoop(config, "gather", (it, loop) -> gather.new Client(it, loop));
  }

  private final class Client extends LineConversation {

    private final ProgramLoop loop;
    private Optional<PendingRequest> pending = Optional.empty();

    Client(SocketChannel peer, ProgramLoop loop) throws IOException {
      super(peer, loop);
      this.loop = loop;
    }

    @Override
    String malformed() {
      return GatherRequest.MALFORMED;
    }

    @Override
    boolean start(String line) {
      Optional<GatherRequest> request = GatherRequest.parse(line);
      pending = request.map(it -> new PendingRequest(this, loop, it));
      pending.ifPresent(PendingRequest::begin);
      return request.isPresent();
    }

    @Override
    void cancel() {
      pending.ifPresent(PendingRequest::cancel);
      pending = Optional.empty();
    }
  }

  /** A request that has not been answered. */
  private final class PendingRequest {

    private final Client client;
    private final ProgramLoop loop;
    private final GatherRequest request;
    private final List<Call> calls = new ArrayList<>();
    private final List<ProgramLoop.Timer> timers = new ArrayList<>();
    private int pending;
    private int retries;

    PendingRequest(Client client, ProgramLoop loop, GatherRequest request) {
      this.client = client;
      this.loop = loop;
      this.request = request;
    }

    void begin() {
      timers.add(loop.after(config.deadline(), this::late));
      ask();
    }

    // tag::ask[]
    private void ask() {
      calls.clear();
      config.upstreams().forEach(it -> calls.add(new Call(this, it, request.text() + "\n")));
      pending = calls.size();
      calls.forEach(Call::connect);
    }

    // end::ask[]

    /** Records that a call has been answered or has failed. */
    void completed(Call call) {
      pending--;
      switch (request.kind()) {
        case ALL -> all();
        case FIRST -> first(call);
      }
    }

    // tag::all[]
    private void all() {
      if (pending == 0) {
        end(calls.stream().map(Call::outcome).collect(joining()));
      }
    }

    // end::all[]

    // tag::first[]
    private void first(Call call) {
      if (call.answer.isPresent()) {
        end(call.outcome());
      } else if (pending == 0 && retries < RETRIES) {
        retries++;
        timers.add(loop.after(config.backOff(), this::ask));
      } else if (pending == 0) {
        end("failed\n");
      }
    }

    // end::first[]

    private void late() {
      switch (request.kind()) {
        case ALL -> end(calls.stream().map(Call::outcome).collect(joining()));
        case FIRST -> end("late\n");
      }
    }

    private void end(String answer) {
      cancel();
      client.answer(answer);
    }

    // tag::close[]
    void cancel() {
      calls.forEach(Call::close);
      timers.forEach(loop::cancel);
    }
    // end::close[]
  }

  /** A call to one backend. */
  private final class Call implements Runnable {

    private final PendingRequest request;
    private final InetSocketAddress backend;
    private final ByteBuffer out;
    private final LineReader lines = new LineReader();
    private Optional<SocketChannel> channel = Optional.empty();
    private Optional<SelectionKey> key = Optional.empty();
    private Optional<String> answer = Optional.empty();
    private boolean done;

    Call(PendingRequest request, InetSocketAddress backend, String line) {
      this.request = request;
      this.backend = backend;
      this.out = ByteBuffer.wrap(line.getBytes(UTF_8));
    }

    // tag::ask[]
    void connect() {
      try {
        SocketChannel opened = SocketChannel.open();
        channel = Optional.of(opened);
        opened.configureBlocking(false);
        boolean connected = Network.with(backend, opened::connect);
        key = Optional.of(request.loop.register(opened, connected ? OP_WRITE : OP_CONNECT, this));
      } catch (IOException _) {
        request.timers.add(
            request.loop.after(Duration.ZERO, this::fail)); // Later: other calls have not begun.
      }
    }

    @Override
    public void run() {
      if (done) {
        return;
      }
      try {
        SocketChannel peer = channel.orElseThrow();
        if (!peer.finishConnect()) {
          return;
        }
        if (out.hasRemaining()) {
          peer.write(out);
        }
        key.orElseThrow().interestOps(out.hasRemaining() ? OP_WRITE : OP_READ);
        boolean ended = peer.read(buffer.clear()) < 0;
        Optional<String> line = lines.next(buffer.flip());
        if (line.isPresent() || ended) {
          complete(line.filter(GatherRequest::isSuccess));
        }
      } catch (IOException | LineTooLongException _) {
        fail();
      }
    }

    private void fail() {
      complete(Optional.empty());
    }

    private void complete(Optional<String> result) {
      if (!done) {
        answer = result;
        close();
        request.completed(this);
      }
    }

    // end::ask[]

    String outcome() {
      return done ? answer.map(it -> "ok " + it + "\n").orElse("failed\n") : "late\n";
    }

    // tag::close[]
    void close() {
      done = true; // The selector may already have selected the key.
      if (channel.filter(SocketChannel::isOpen).isPresent()) {
        Network.closeQuietly(channel.get());
        request.loop.descriptorFreed();
      }
    }
    // end::close[]
  }
}
