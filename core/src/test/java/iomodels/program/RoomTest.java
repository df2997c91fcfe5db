package iomodels.program;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RoomTest {

  private final Room room = new Room();

  /** A member that leaves when it is told a certain line, as if writing that line had failed. */
  private final class Guest implements Room.Member {

    private final String name;
    private final String last;
    private final List<String> told = new ArrayList<>();

    Guest(String name, String last) {
      this.name = name;
      this.last = last;
    }

    @Override
    public boolean tell(String line) {
      told.add(line);
      if (line.equals(last)) {
        room.leave(name, this);
      }
      return true;
    }

    @Override
    public void drop() {
      told.add("dropped");
    }
  }

  private Guest enter(String name, String last) {
    Guest guest = new Guest(name, last);
    assertThat(room.enter(name, guest)).isEmpty();
    return guest;
  }

  @Test
  void allMembersReceiveTheSameOrderIfAMemberLeavesDuringALine() {
    Guest before = enter("before", "");
    enter("resets", "speaker: hello\n");
    Guest after = enter("after", "");
    Guest speaker = enter("speaker", "");
    room.say("speaker", speaker, "hello");
    assertThat(before.told).endsWith("speaker: hello\n", "* resets left\n");
    assertThat(after.told).endsWith("speaker: hello\n", "* resets left\n");
    assertThat(speaker.told).endsWith("* resets left\n");
  }

  @Test
  void theStackDoesNotGrowWithTheNumberOfMembersThatLeaveDuringALine() {
    int members = 2_000;
    IntStream.range(0, members).forEach(i -> enter("m" + i, "speaker: hello\n"));
    Guest speaker = enter("speaker", "");
    room.say("speaker", speaker, "hello");
    assertThat(speaker.told).hasSize(1 + members);
    assertThat(room.enter("m0", new Guest("m0", ""))).isEmpty();
  }

  @Test
  void aMemberThatLeavesDuringItsWelcomeIsRemoved() {
    Guest witness = enter("witness", "");
    enter("ghost", "* you are ghost; here: witness\n");
    assertThat(witness.told).endsWith("* ghost joined\n", "* ghost left\n");
    assertThat(room.enter("ghost", new Guest("ghost", ""))).isEmpty();
  }

  @Test
  void aNewcomerIsToldWhenAMemberLeavesMeanwhile() {
    enter("resets", "* new joined\n");
    Guest newcomer = enter("new", "");
    assertThat(newcomer.told.stream().collect(joining()))
        .isEqualTo("* you are new; here: resets\n* resets left\n");
  }
}
