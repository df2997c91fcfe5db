package iomodels.linux;

import iomodels.conformance.junit.Conformance;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

class LinuxConformanceIT {

  @TestFactory
  Stream<DynamicNode> everyModelConforms() {
    return Conformance.tests();
  }
}
