package iomodels.wrong;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Rule;
import iomodels.conformance.targets.InJvmTarget;
import iomodels.conformance.targets.Target;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** Judges servers side by side. */
final class Jury {

  private static final long SEED = 1;

  private Jury() {}

  /**
   * Judges by one rule a server that is started for it: what one rule kills, the next does not
   * miss.
   */
  static CompletableFuture<Finding> judging(
      ServerProvider provider, Rule rule, Bounds bounds, Semaphore sideBySide) {
    return judging(() -> new InJvmTarget(provider), rule, bounds, sideBySide);
  }

  /** The same of any target. */
  static CompletableFuture<Finding> judging(
      Supplier<Target> server, Rule rule, Bounds bounds, Semaphore sideBySide) {
    CompletableFuture<Finding> found = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                sideBySide.acquire();
                try (Target target = server.get()) {
                  Kit kit = new Kit(List.of(rule), bounds, SEED);
                  found.complete(kit.judge(target, _ -> {}).findings().getFirst());
                } finally {
                  sideBySide.release();
                }
              } catch (IOException | RuntimeException e) {
                found.completeExceptionally(e);
              } catch (InterruptedException e) {
                found.completeExceptionally(e);
                Thread.currentThread().interrupt();
              }
            });
    return found;
  }
}
