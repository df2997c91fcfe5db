package iomodels.blocking;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.blocking.LineConversation.Request;
import iomodels.program.GatherRequest;
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;

/**
 * Calls each backend in its own virtual thread, which connects, writes and reads. {@code
 * ExecutorService.invokeAll} with a deadline and {@code invokeAny} collect the results. Both
 * interrupt the threads whose answers are no longer needed, and an interrupt closes the {@code
 * SocketChannel} on which the thread blocks. So cancellation needs no further code.
 *
 * <p>The client's two threads wait as described in {@link LineConversation}; a backend's thread
 * waits in {@code connect}, then in {@code read}. Structured concurrency (JEP 505) needs less code;
 * in Java 25 it is a preview.
 */
final class VirtualGather {

  private static final int BUFFER_SIZE = 2 * 1024;
  private static final int RETRIES = 1;

  private final ProgramConfig config;

  private VirtualGather(ProgramConfig config) {
    this.config = config;
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    VirtualGather gather = new VirtualGather(config);
    return new ProgramHost(
        config, peer -> new LineConversation(peer, gather::request, GatherRequest.MALFORMED));
  }

  // end::accept[]

  private Optional<Request> request(String line) {
    return GatherRequest.parse(line).map(request -> () -> ask(request));
  }

  private String ask(GatherRequest request) throws InterruptedException {
    List<Callable<String>> calls = new ArrayList<>();
    config.upstreams().forEach(it -> calls.add(() -> call(it, request.text())));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      return switch (request.kind()) {
        case ALL -> all(threads, calls);
        case FIRST -> first(threads, calls);
      };
    }
  }

  // tag::ask[]
  /** An interrupt closes the connection. */
  private static String call(InetSocketAddress backend, String text)
      throws IOException, LineTooLongException {
    try (SocketChannel upstream = SocketChannel.open(backend)) {
      LineConversation.write(upstream, text + "\n");
      LineReader lines = new LineReader();
      ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE);
      while (upstream.read(in.clear()) >= 0) {
        Optional<String> answer = lines.next(in.flip());
        if (answer.isPresent() && GatherRequest.isSuccess(answer.get())) {
          return answer.get();
        }
        if (answer.isPresent()) {
          throw new IOException(answer.get());
        }
      }
      throw new EOFException();
    }
  }

  // end::ask[]

  // tag::all[]
  private String all(ExecutorService threads, List<Callable<String>> calls)
      throws InterruptedException {
    StringBuilder answer = new StringBuilder();
    long limit = config.deadline().toNanos();
    for (Future<String> each : threads.invokeAll(calls, limit, NANOSECONDS)) {
      answer.append(
          switch (each.state()) {
            case SUCCESS -> "ok " + each.resultNow() + "\n";
            case CANCELLED -> "late\n";
            case FAILED, RUNNING -> "failed\n";
          });
    }
    return answer.toString();
  }

  // end::all[]

  // tag::first[]
  private String first(ExecutorService threads, List<Callable<String>> calls)
      throws InterruptedException {
    long deadline = System.nanoTime() + config.deadline().toNanos();
    for (int i = 0; i <= RETRIES; i++) {
      try {
        return "ok " + threads.invokeAny(calls, left(deadline), NANOSECONDS) + "\n";
      } catch (TimeoutException _) {
        return "late\n";
      } catch (ExecutionException _) {
        // All calls have failed.
      }
      if (i < RETRIES) {
        NANOSECONDS.sleep(Math.min(config.backOff().toNanos(), left(deadline)));
        if (left(deadline) == 0) {
          return "late\n";
        }
      }
    }
    return "failed\n";
  }

  private static long left(long deadline) {
    return Math.max(0, deadline - System.nanoTime());
  }

  // end::first[]
}
