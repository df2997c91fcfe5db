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
 * I/O, and waits for nobody. Not safe for use by several threads: whoever has it sees to it that
 * there is one at a time, by a lock or by being one event loop.
 */
public final class Room {

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,16}");

  private final Map<String, Member> members = new LinkedHashMap<>();

  /** Nobody is there yet. */
  public Room() {}

  /** Somebody in the room, as the server knows them. */
  public interface Member {

    /**
     * Is told a line, which ends with LF: puts it where it waits to be sent, and returns at once.
     *
     * @return whether there was room for it; if not, the member is dropped
     */
    boolean tell(String line);

    /**
     * Is no longer in the room, for not reading: its connection is to be closed. Must not call the
     * room back at once.
     */
    void drop();
  }

  /**
   * Somebody wants to enter.
   *
   * @return why not, a line that ends with LF; empty if they are in, and all have been told
   */
  public Optional<String> enter(String name, Member member) {
    if (!NAME.matcher(name).matches()) {
      return Optional.of("error a name has 1 to 16 letters, digits, - or _\n");
    }
    if (members.containsKey(name)) {
      return Optional.of("error %s is taken\n".formatted(name));
    }
    StringBuilder welcome = new StringBuilder("* you are %s; here:".formatted(name));
    members.keySet().forEach(it -> welcome.append(' ').append(it));
    tellAll("* %s joined\n".formatted(name), name);
    members.put(name, member);
    tell(new Notice(welcome.append('\n').toString(), List.of(name)));
    return Optional.empty();
  }

  /** A member says something; of one that is no longer in the room nobody hears. */
  public void say(String name, Member member, String line) {
    if (member.equals(members.get(name))) {
      tellAll("%s: %s\n".formatted(name, line), name);
    }
  }

  /** A member's connection has ended. Of one that was dropped all have been told already. */
  public void leave(String name, Member member) {
    if (members.remove(name, member)) {
      tellAll("* %s left\n".formatted(name), name);
    }
  }

  private void tellAll(String line, String but) {
    tell(new Notice(line, members.keySet().stream().filter(it -> !it.equals(but)).toList()));
  }

  /** Something that some are to be told. */
  private record Notice(String line, List<String> names) {}

  /** Who has no room for it is dropped, of which those that are left are told in turn. */
  private void tell(Notice first) {
    Queue<Notice> notices = new ArrayDeque<>(List.of(first));
    while (!notices.isEmpty()) {
      Notice notice = notices.remove();
      for (String name : notice.names()) {
        Member member = members.get(name);
        if (member != null && !member.tell(notice.line())) {
          members.remove(name);
          member.drop();
          String news = "* %s was dropped: it does not read\n".formatted(name);
          notices.add(new Notice(news, List.copyOf(members.keySet())));
        }
      }
    }
  }
}
