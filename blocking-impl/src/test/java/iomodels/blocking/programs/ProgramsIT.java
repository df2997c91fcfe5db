package iomodels.blocking.programs;

import iomodels.conformance.junit.Conformance;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

class ProgramsIT {

  @TestFactory
  Stream<DynamicNode> everyProgramConforms() {
    return Conformance.ofPrograms();
  }
}
