package iomodels.vertx;

import iomodels.conformance.junit.EventLoopChecks;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

class VertxEventLoopsTest {

  @TestFactory
  Stream<DynamicNode> noBufferLeaksAndNoEventLoopBlocks() {
    return EventLoopChecks.tests(thread -> thread.getName().startsWith("vert.x-eventloop-thread-"));
  }
}
