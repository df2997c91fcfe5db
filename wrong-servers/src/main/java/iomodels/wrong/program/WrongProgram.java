package iomodels.wrong.program;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;

/**
 * A program that is wrong in one way.
 *
 * @param name short and stable, in kebab case
 * @param program the kind of program
 * @param rule the id of the rule that it breaks, such as {@code 11.01}
 * @param fault the fault, as a sentence in the third person that ends with a full stop
 * @param symptom a part of the detail of the finding that the kit must report
 * @param starter starts the program
 */
public record WrongProgram(
    String name,
    Program program,
    String rule,
    String fault,
    String symptom,
    StyleProvider.Starter starter) {

  /** Creates a program that is not yet bound. */
  interface Factory {
    CorrectProgram create(ProgramConfig config) throws IOException;
  }

  static StyleProvider.Starter starting(Factory factory) {
    return config -> factory.create(config).start();
  }
}
