package iomodels.conformance.targets;

/** Starts a server in this JVM; a constructor that takes the port often is one. */
@FunctionalInterface
public interface ServerStarter {

  /**
   * Starts a server on 127.0.0.1.
   *
   * @return stops the server when it is closed
   * @throws Exception if it cannot start, for instance since the port is in use
   */
  AutoCloseable start(int port) throws Exception;
}
