package iomodels.linux;

import iomodels.conformance.junit.ServerContract;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

class LinuxContractTest {

  @TestFactory
  Stream<DynamicNode> everyServerKeepsTheContract() {
    return ServerContract.tests();
  }
}
