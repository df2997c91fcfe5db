package iomodels.program;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.regex.Pattern;

/**
 * The state of a chat room ({@link Programs#CHAT}): its members, and the lines to send to each. It
 * does no I/O and never blocks. Not safe for use by several threads: the caller confines it to one
 * event loop or guards it with a lock.
 *
 * <p>Reentrant calls are safe: for instance, if a write fails inside {@link Member#tell}, the
 * server may call {@link #leave} at once. Such a call only adds to the queue of notices, and the
 * outermost call empties the queue. So all members receive all lines in the same order, and the
 * stack does not grow with the number of members.
 */
public final class Room {

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,16}");

  private final Map<String, Member> members = new LinkedHashMap<>();

  /** A snapshot of the members, shared by all notices until the next change. */
  private List<Map.Entry<String, Member>> present = List.of();

  /** Lines that have not been passed to all recipients yet, in order. */
  private final Queue<Notice> notices = new ArrayDeque<>();

  /** Whether a call further down the stack is emptying the queue. */
  private boolean telling;

  /** Creates an empty room. */
  public Room() {}

  /** A member of the room. The server implements it for each connection. */
  public interface Member {

    /**
     * Queues a line for sending, and returns without blocking. It may call methods of the room; it
     * must not throw.
     *
     * @param line the line, which ends with LF
     * @return false if the outbox is full: the room then drops the member
     */
    boolean tell(String line);

    /**
     * Closes the connection of a member that the room has removed because it does not read. It may
     * call methods of the room.
     */
    void drop();
  }

  /**
   * Admits a newcomer, sends it the list of members, and announces it to all members.
   *
   * @return the error to send to the newcomer, a line that ends with LF; empty if it is admitted
   */
  public Optional<String> enter(String name, Member newcomer) {
    if (!NAME.matcher(name).matches()) {
      return Optional.of("error a name has 1 to 16 letters, digits, - or _\n");
    }
    if (members.containsKey(name)) {
      return Optional.of("error %s is taken\n".formatted(name));
    }
    StringBuilder welcome = new StringBuilder("* you are %s; here:".formatted(name));
    members.keySet().forEach(it -> welcome.append(' ').append(it));
    notices.add(new Notice("* %s joined\n".formatted(name), name, present));
    members.put(name, newcomer);
    present = List.copyOf(members.entrySet());
    notices.add(
        new Notice(welcome.append('\n').toString(), "", List.of(Map.entry(name, newcomer))));
    tellAll();
    return Optional.empty();
  }

  /** Sends a member's line to all others; has no effect if the member is not in the room. */
  public void say(String name, Member member, String line) {
    if (isHere(name, member)) {
      notices.add(new Notice("%s: %s\n".formatted(name, line), name, present));
      tellAll();
    }
  }

  /** Removes a member, and tells the others; has no effect if the member is not in the room. */
  public void leave(String name, Member member) {
    if (isHere(name, member)) {
      remove(name, "* %s left\n".formatted(name));
      tellAll();
    }
  }

  /** A line for all members at the time it was queued, except the one named {@code except}. */
  private record Notice(String line, String except, List<Map.Entry<String, Member>> recipients) {}

  private void remove(String name, String news) {
    members.remove(name);
    present = List.copyOf(members.entrySet());
    notices.add(new Notice(news, name, present));
  }

  private boolean isHere(String name, Member member) {
    return member.equals(members.get(name));
  }

  /** Empties the queue, unless a call further down the stack is doing so already. */
  private void tellAll() {
    if (telling) {
      return;
    }
    telling = true;
    try {
      for (Notice next = notices.poll(); next != null; next = notices.poll()) {
        tell(next);
      }
    } finally {
      telling = false;
    }
  }

  /** Passes a notice to its recipients; drops a member whose outbox is full. */
  private void tell(Notice notice) {
    for (Map.Entry<String, Member> each : notice.recipients()) {
      String name = each.getKey();
      Member member = each.getValue();
      boolean concerned = !name.equals(notice.except()) && isHere(name, member);
      if (concerned && !member.tell(notice.line())) {
        remove(name, "* %s was dropped: it does not read\n".formatted(name));
        member.drop();
      }
    }
  }
}
