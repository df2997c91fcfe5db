package iomodels.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.lab.load.Load;
import iomodels.lab.load.LoadGenerator;
import iomodels.lab.load.LoadGenerators;
import iomodels.lab.load.LoadResult;
import iomodels.lab.load.Payload;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class NginxTest {

  @BeforeEach
  void itIsInstalled() {
    assumeThat(Nginx.isInstalled()).as("nginx is installed").isTrue();
  }

  @Test
  void itServesWhatTheProgramServes() throws Exception {
    try (Nginx nginx = Nginx.start(List.of());
        LoadGenerator load =
            LoadGenerators.connect(
                Load.of(nginx.address(), 2, Payload.httpHello()).withInFlight(3))) {
      LoadResult result = load.round(Duration.ofMillis(200));

      assertThat(result.answered()).isPositive();
    }
  }

  @Test
  void bothOfItsProcessesEndWithIt() throws Exception {
    ProcessHandle master;
    List<ProcessHandle> workers;
    try (Nginx nginx = Nginx.start(List.of())) {
      master = nginx.process();
      workers = master.children().toList();

      assertThat(workers).hasSize(1);
    }
    master.onExit().get(30, TimeUnit.SECONDS);
    workers.getFirst().onExit().get(30, TimeUnit.SECONDS);
  }
}
