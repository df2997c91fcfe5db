package iomodels.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.Transport;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

class LoopsTest {

  @Test
  void aShortageOfDirectMemoryIsLoggedOnceAndWithoutStackTraces() {
    Loops.of(Transport.NIO, 1).end(); // Installs the hook.
    Throwable failure = new IllegalStateException(new OutOfMemoryError("no direct memory"));

    List<LogRecord> records =
        recorded(
            () -> {
              Operators.onErrorDropped(failure, Context.empty());
              Operators.onErrorDropped(failure, Context.empty());
            });

    assertThat(records)
        .singleElement()
        .satisfies(
            it -> {
              assertThat(it.getMessage()).contains("no direct memory");
              assertThat(it.getThrown()).isNull();
            });
  }

  private static List<LogRecord> recorded(Runnable action) {
    List<LogRecord> records = new CopyOnWriteArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            records.add(record);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger(Loops.class.getName());
    logger.addHandler(handler);
    try {
      action.run();
    } finally {
      logger.removeHandler(handler);
    }
    return records;
  }
}
