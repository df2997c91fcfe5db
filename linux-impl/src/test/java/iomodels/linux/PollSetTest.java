package iomodels.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PollSetTest {

  private final PollSet set = new PollSet();

  @Test
  void theLastEntryReplacesARemovedOneAndKeepsItsReportedEvents() {
    add(7, 8, 9);
    report(2, Libc.POLLOUT);
    set.remove(7);
    assertThat(descriptors()).containsExactly(9, 8);
    assertThat(set.revents(0)).isEqualTo(Libc.POLLOUT);
    set.change(9, Libc.POLLIN);
    assertThat(set.revents(0)).isZero();
    set.remove(8);
    set.remove(9);
    assertThat(set.size()).isZero();
  }

  @Test
  void growsWithTheNumberOfDescriptorsAndTheHighestDescriptor() {
    int[] many = IntStream.range(0, 1_000).map(i -> 2_000 - i).toArray();
    add(many);
    assertThat(descriptors()).containsExactly(many);
  }

  private void add(int... descriptors) {
    for (int fd : descriptors) {
      set.add(fd, Libc.POLLIN);
    }
  }

  /** Sets the reported events, as {@code poll} does. */
  private void report(int index, short events) {
    long offset = PollFd.LAYOUT.byteSize() * index + 6;
    set.segment().set(ValueLayout.JAVA_SHORT, offset, events);
  }

  private int[] descriptors() {
    return IntStream.range(0, set.size()).map(set::fd).toArray();
  }
}
