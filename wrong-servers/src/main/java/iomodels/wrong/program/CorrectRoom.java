package iomodels.wrong.program;

import iomodels.program.Room.Member;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.regex.Pattern;

/**
 * The correct room: its members, and the lines to send to each. Each step is a method, and a wrong
 * room overrides one of them. A lock guards it.
 */
class CorrectRoom {

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,16}");

  final Map<String, Member> members = new LinkedHashMap<>();
  private final Queue<Runnable> events = new ArrayDeque<>();
  private boolean telling;

  /** Returns the refusal, or empty if the newcomer is now a member. */
  final Optional<String> enter(String name, Member newcomer) {
    Optional<String> refusal = refusal(name);
    if (refusal.isEmpty()) {
      admit(name, newcomer);
    }
    return refusal;
  }

  final Optional<String> refusal(String name) {
    if (!NAME.matcher(name).matches()) {
      return Optional.of("error a name has 1 to 16 letters, digits, - or _\n");
    }
    return isTaken(name) ? Optional.of("error %s is taken\n".formatted(name)) : Optional.empty();
  }

  boolean isTaken(String name) {
    return members.containsKey(name);
  }

  void admit(String name, Member newcomer) {
    String welcome = welcome(name);
    tellAll("* %s joined\n".formatted(name), name);
    members.put(name, newcomer);
    happens(() -> tell(name, newcomer, welcome));
  }

  /** Returns the list of members for a newcomer. */
  String welcome(String name) {
    StringBuilder welcome = new StringBuilder("* you are %s; here:".formatted(name));
    members.keySet().forEach(it -> welcome.append(' ').append(it));
    return welcome.append('\n').toString();
  }

  final void say(String name, Member member, String line) {
    if (isHere(name, member)) {
      tellAll("%s: %s\n".formatted(name, line), name);
    }
  }

  void leave(String name, Member member) {
    if (isHere(name, member)) {
      remove(name);
      tellAll("* %s left\n".formatted(name), name);
    }
  }

  /** Called when the outbox of a member is full. */
  void drop(String name, Member member) {
    remove(name);
    tellAll("* %s was dropped: it does not read\n".formatted(name), name);
    member.drop();
  }

  void remove(String name) {
    members.remove(name);
  }

  final boolean isHere(String name, Member member) {
    return member.equals(members.get(name));
  }

  /** Tells those that are members now, except one. */
  final void tellAll(String line, String except) {
    List<Map.Entry<String, Member>> now = List.copyOf(members.entrySet());
    happens(
        () -> {
          for (Map.Entry<String, Member> each : now) {
            if (!each.getKey().equals(except)
                && !tell(each.getKey(), each.getValue(), line)
                && endsAtFullOutbox()) {
              break;
            }
          }
        });
  }

  /** Returns whether a line is not sent to the members after one that is dropped. */
  boolean endsAtFullOutbox() {
    return false;
  }

  /** Returns false if the member is dropped. */
  private boolean tell(String name, Member member, String line) {
    if (isHere(name, member) && !member.tell(line)) {
      drop(name, member);
      return false;
    }
    return true;
  }

  /** An event that another one causes happens after it. */
  private void happens(Runnable event) {
    events.add(event);
    if (!telling) {
      telling = true;
      for (Runnable next = events.poll(); next != null; next = events.poll()) {
        next.run();
      }
      telling = false;
    }
  }
}
