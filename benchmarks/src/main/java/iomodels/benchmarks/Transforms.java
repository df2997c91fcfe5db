package iomodels.benchmarks;

import iomodels.service.Services;
import iomodels.service.Session;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The time that each service takes to process a chunk, from input buffer to output buffer. {@link
 * #copy} is the lower bound: it copies the bytes without looking at them.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class Transforms {

  private static final int LINE = 64;

  /** The length of the chunk in bytes. */
  @Param({"64", "1024", "16384"})
  public int bytes = LINE;

  /** Whether the buffers are direct, as those of most servers are. */
  @Param({"true", "false"})
  public boolean direct = true;

  private final Session upper = Services.UPPER.open();
  private final Session lines = Services.LINES.open();
  private final Session flood = Services.FLOOD.open();
  private final ByteBuffer request = ByteBuffer.wrap(new byte[] {'1', '\n'});
  private ByteBuffer in = ByteBuffer.allocate(0);
  private ByteBuffer out = ByteBuffer.allocate(0);

  /** Fills the chunk with lines of 64 bytes, of letters and other bytes. */
  @Setup
  public void fill() {
    in = allocate(bytes);
    out = allocate(2 * bytes);
    for (int i = 0; i < bytes; i++) {
      in.put(i, (byte) (i % LINE == LINE - 1 ? '\n' : i % 3 == 0 ? 'a' + i % 26 : 0x80 | i));
    }
  }

  private ByteBuffer allocate(int size) {
    return direct ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size);
  }

  /** The lower bound: copies the chunk unchanged. */
  @Benchmark
  public ByteBuffer copy() {
    return out.clear().put(in.rewind());
  }

  /** The session of {@code upper}. */
  @Benchmark
  public ByteBuffer upper() {
    upper.advance(in.rewind(), out.clear(), false);
    return out;
  }

  /** The responder of {@code upper}. */
  @Benchmark
  public ByteBuffer upperDatagram() {
    Services.UPPER.datagrams().orElseThrow().reply(in.rewind(), out.clear());
    return out;
  }

  /** The session of {@code lines}, for all lines of the chunk. */
  @Benchmark
  public ByteBuffer lines() {
    lines.advance(in.rewind(), out.clear(), false);
    return out;
  }

  /** The session of {@code flood}: a request for one byte, regardless of the chunk. */
  @Benchmark
  public ByteBuffer flood() {
    flood.advance(request.rewind(), out.clear(), false);
    return out;
  }
}
