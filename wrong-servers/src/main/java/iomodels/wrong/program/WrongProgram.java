package iomodels.wrong.program;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;

/**
 * A program that is wrong in one way.
 *
 * @param name short and stable, in kebab case
 * @param program what it is meant to be
 * @param rule the id of the rule that it must be found to break, such as {@code 11.01}
 * @param fault what is wrong with it, in a sentence
 * @param symptom what the kit has to say about it: a part of the finding's detail
 * @param starter starts it
 */
public record WrongProgram(
    String name,
    Program program,
    String rule,
    String fault,
    String symptom,
    StyleProvider.Starter starter) {

  /** Makes a program that is not bound yet. */
  interface Factory {
    CorrectProgram create(ProgramConfig config) throws IOException;
  }

  static StyleProvider.Starter starting(Factory factory) {
    return config -> factory.create(config).start();
  }
}
