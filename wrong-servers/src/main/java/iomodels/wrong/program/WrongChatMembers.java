package iomodels.wrong.program;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Chat rooms that are wrong about members for which lines are pending. */
final class WrongChatMembers {

  private WrongChatMembers() {}

  static CorrectProgram keepsNamesWhileLinesArePending(ProgramConfig config) throws IOException {
    Map<SocketChannel, String> names = new ConcurrentHashMap<>();
    Set<String> leaving = ConcurrentHashMap.newKeySet();
    return new CorrectChat(config) {
      @Override
      CorrectRoom room() {
        return new CorrectRoom() {
          @Override
          boolean isTaken(String name) {
            return super.isTaken(name) || leaving.contains(name);
          }
        };
      }

      @Override
      Optional<String> enter(CorrectRoom room, Guest it) {
        Optional<String> refusal = super.enter(room, it);
        if (refusal.isEmpty()) {
          names.put(it.client, it.name);
        }
        return refusal;
      }

      @Override
      void leave(Guest it) {
        if (it.queuedBytes.get() > 0) {
          leaving.add(it.name);
        }
        super.leave(it);
      }

      @Override
      void end(SocketChannel client) {
        super.end(client);
        Optional.ofNullable(names.remove(client)).ifPresent(leaving::remove);
      }
    };
  }

  static CorrectProgram leavesResetsToTheWriter(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      void lost(Guest it) {
        if (it.queuedBytes.get() == 0) {
          super.lost(it);
        }
      }
    };
  }

  static CorrectProgram countsCharactersOfAnOutbox(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      int size(byte[] line) {
        return new String(line, UTF_8).length();
      }
    };
  }
}
