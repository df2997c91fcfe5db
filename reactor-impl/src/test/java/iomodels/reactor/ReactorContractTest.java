package iomodels.reactor;

import iomodels.conformance.junit.ServerContract;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

class ReactorContractTest {

  @TestFactory
  Stream<DynamicNode> everyServerKeepsTheContract() {
    return ServerContract.tests();
  }
}
