package iomodels.wrong.program;

import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.channels.SocketChannel;

/** Programs that write a stack trace to their standard error for each client that resets. */
final class NoisyPrograms {

  static final String FAULT = "Writes a stack trace to its standard error for each reset.";
  static final String SYMPTOM = "bytes on its standard error";

  private NoisyPrograms() {}

  private static void log(Exception e) {
    new IOException("a conversation with a client has failed", e).printStackTrace();
  }

  static CorrectProgram relay(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      @Override
      void lost(Pair it, SocketChannel from) {
        log(new IOException("a connection was reset"));
        super.lost(it, from);
      }
    };
  }

  static CorrectProgram gather(ProgramConfig config) throws IOException {
    return new CorrectGather(config) {
      @Override
      void cutOff(Exception e) {
        log(e);
      }
    };
  }

  static CorrectProgram chat(ProgramConfig config) throws IOException {
    return new CorrectChat(config) {
      @Override
      void cutOff(Exception e) {
        log(e);
      }
    };
  }

  static CorrectProgram offload(ProgramConfig config) throws IOException {
    return new CorrectOffload(config) {
      @Override
      void cutOff(Exception e) {
        log(e);
      }
    };
  }

  static CorrectProgram http(ProgramConfig config) throws IOException {
    return new CorrectHttp(config) {
      @Override
      void cutOff(Exception e) {
        log(e);
      }
    };
  }
}
