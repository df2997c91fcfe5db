package iomodels.lab.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ThreadNamesTest {

  @Test
  void aNameThatWasCutIsWholeIfThereIsJustOneLikeIt() {
    List<String> names = List.of("blocking-threads-connection", "blocking-threads-connection");

    assertThat(ThreadNames.whole("blocking-thread", names)).contains("blocking-threads-connection");
  }

  @Test
  void anUnknownThreadBelongsToTheOnlyProcess() {
    ThreadNames names = new ThreadNames(ProcessHandle.current());
    names.remember(7, 7);
    names.remember(8, 7);

    assertThat(names.process(9)).isEqualTo(7);
    assertThat(names.name(9)).isEqualTo("thread");
  }

  @Test
  void whereThereAreTwoItMayBeAThird() {
    ThreadNames names = new ThreadNames(ProcessHandle.current());
    names.remember(7, 7);
    names.remember(8, 8);

    assertThat(names.process(9)).isEqualTo(9);
  }

  @Test
  void withSeveralProcessesAnUnknownThreadIsAProcessOfItsOwn() {
    List<String> names = List.of("blocking-threads-connection", "blocking-threads-acceptor");

    assertThat(ThreadNames.whole("blocking-thread", names)).isEmpty();
    assertThat(ThreadNames.whole("python3", names)).isEmpty();
  }
}
