package iomodels.cli.output;

import iomodels.lab.load.Load;
import iomodels.lab.load.RoundObserver;
import iomodels.lab.report.WholeFile;
import java.io.Closeable;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;

/** Shows the progress of a load every second, and writes an HdrHistogram log. */
public final class LoadProgress implements RoundObserver, Closeable {

  private static final double PERCENTILE = 99;
  private static final long MILLIS_PER_SECOND = 1_000;

  /** The log has nanoseconds, as the histograms have: no conversion. */
  private static final double UNIT = 1;

  private final Progress progress;
  private final Optional<Path> hdr;
  private final Optional<Path> part;
  private final Optional<PrintStream> file;
  private final Optional<HistogramLogWriter> log;
  private final long begun = System.currentTimeMillis();
  private volatile boolean stopped;

  /**
   * Starts the progress bar and the log.
   *
   * @param hdr file of the log; empty for none
   * @param seconds duration of the load, with its warm-up
   */
  public LoadProgress(Load load, Optional<Path> hdr, double seconds) throws IOException {
    progress = Progress.of((long) Math.ceil(seconds));
    progress.say("%,d connections".formatted(load.connections()));
    this.hdr = hdr;
    if (hdr.isEmpty()) {
      part = Optional.empty();
      file = Optional.empty();
      log = Optional.empty();
      return;
    }
    part = Optional.of(WholeFile.beside(hdr.get()));
    file = Optional.of(open(part.get()));
    HistogramLogWriter writer = new HistogramLogWriter(file.get());
    writer.outputComment("latencies in nanoseconds; written by iomodels load");
    writer.outputLogFormatVersion();
    writer.outputStartTime(begun);
    writer.setBaseTime(begun);
    writer.outputLegend();
    log = Optional.of(writer);
  }

  private static PrintStream open(Path file) throws FileNotFoundException {
    return new PrintStream(new FileOutputStream(file.toFile()), false, StandardCharsets.UTF_8);
  }

  /** Observes the warm-up, which is not logged. */
  public RoundObserver warmingUp() {
    return new RoundObserver() {
      @Override
      public boolean shouldContinue() {
        return !stopped;
      }

      @Override
      public void intervalEnded(Interval interval) {
        show("warming up: ", interval);
      }
    };
  }

  /** Ends the round soon. Can be called by any thread. */
  public void stop() {
    stopped = true;
  }

  /** Whether the round was ended by {@link #stop}. */
  public boolean isStopped() {
    return stopped;
  }

  @Override
  public boolean shouldContinue() {
    return !stopped;
  }

  @Override
  public void intervalEnded(Interval interval) {
    show("", interval);
    write("", interval.latency(), interval);
    interval.uncorrected().ifPresent(it -> write("uncorrected", it, interval));
  }

  private void show(String before, Interval interval) {
    Histogram latency = interval.latency();
    long millis = Math.max(1, interval.endMillis() - interval.startMillis());
    progress.say(
        String.format(
            Locale.ROOT,
            "%s%,d msg/s, p99 %,d µs",
            before,
            latency.getTotalCount() * MILLIS_PER_SECOND / millis,
            latency.getValueAtPercentile(PERCENTILE) / 1_000));
    progress.step();
  }

  private void write(String tag, Histogram histogram, Interval interval) {
    if (histogram.getTotalCount() == 0 || log.isEmpty()) {
      return;
    }
    if (!tag.isEmpty()) {
      histogram.setTag(tag);
    }
    histogram.setStartTimeStamp(begun + interval.startMillis());
    histogram.setEndTimeStamp(begun + interval.endMillis());
    log.get()
        .outputIntervalHistogram(
            interval.startMillis() / (double) MILLIS_PER_SECOND,
            interval.endMillis() / (double) MILLIS_PER_SECOND,
            histogram,
            UNIT);
  }

  /**
   * Moves the complete log to its place.
   *
   * @throws IOException if it could not be written completely
   */
  @Override
  public void close() throws IOException {
    progress.close();
    if (file.isEmpty()) {
      return;
    }
    boolean complete = !file.get().checkError();
    file.get().close();
    if (!complete) {
      WholeFile.discard(part.orElseThrow(), hdr.orElseThrow());
      throw new IOException("cannot write all of " + hdr.orElseThrow() + "; is the disk full?");
    }
    WholeFile.publish(part.orElseThrow(), hdr.orElseThrow());
  }
}
