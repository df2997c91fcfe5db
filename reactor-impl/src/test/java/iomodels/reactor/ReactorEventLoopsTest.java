package iomodels.reactor;

import iomodels.conformance.junit.EventLoopChecks;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

class ReactorEventLoopsTest {

  @TestFactory
  Stream<DynamicNode> noBufferLeaksAndNoEventLoopBlocks() {
    return EventLoopChecks.tests(thread -> thread.getName().startsWith("loops"));
  }
}
