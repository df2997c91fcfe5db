package iomodels.reactor;

import iomodels.conformance.junit.Conformance;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

class ReactorConformanceIT {

  @TestFactory
  Stream<DynamicNode> everyModelConforms() {
    return Conformance.tests();
  }
}
