package iomodels.program;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.regex.Pattern;

/**
 * The rules of the room ({@link Programs#CHAT}): who is in it, and who is told what. It does no
 * I/O, and never blocks. Not safe for use by several threads: the caller confines it to one event
 * loop, or guards it by a lock.
 *
 * <p>Reentrant calls are safe: a write that fails inside {@link Member#tell} may lead to {@link
 * #leave} at once. Such a call only adds to the queue of notices, which the outermost call empties;
 * so all members are told everything in the same order, and the stack does not grow with the number
 * of members.
 */
public final class Room {

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,16}");

  private final Map<String, Member> members = new LinkedHashMap<>();

  /** The members as they are now, shared by all notices until somebody enters or leaves. */
  private List<Map.Entry<String, Member>> present = List.of();

  /** What has not yet been told to all, in the order in which it happened. */
  private final Queue<Notice> notices = new ArrayDeque<>();

  /** Whether a call further down the stack tells the notices, one after another. */
  private boolean telling;

  /** Nobody is there yet. */
  public Room() {}

  /** Somebody in the room, as the server knows them. */
  public interface Member {

    /**
     * Takes a line, which ends with LF, to be sent to the member, and returns without blocking. It
     * may call the room back; it must not throw.
     *
     * @return whether the outbox had room for it; if not, the member is dropped
     */
    boolean tell(String line);

    /**
     * The member is no longer in the room, since it does not read: closes its connection. It may
     * call the room back.
     */
    void drop();
  }

  /**
   * Admits a newcomer, sends them the list of members, and announces them to all members.
   *
   * @return why not, a line that ends with LF; empty if they are in
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

  /** A member says something to all others; ignored if that member is no longer in the room. */
  public void say(String name, Member member, String line) {
    if (isHere(name, member)) {
      notices.add(new Notice("%s: %s\n".formatted(name, line), name, present));
      tellAll();
    }
  }

  /** A member's connection has ended; ignored if that member is no longer in the room. */
  public void leave(String name, Member member) {
    if (isHere(name, member)) {
      remove(name, "* %s left\n".formatted(name));
      tellAll();
    }
  }

  /** A line for all who were there when it was said, but one of them. */
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

  /** Drops a member whose outbox is full; the others are told after this notice. */
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
