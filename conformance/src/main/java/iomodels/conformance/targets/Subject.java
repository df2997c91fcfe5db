package iomodels.conformance.targets;

/** What the kit can judge: a server, a program or a client. */
public sealed interface Subject extends AutoCloseable permits Target, ProgramTarget, Client {

  /** Its name in reports. */
  String name();

  /** Ends whatever it has started, and nothing else. */
  @Override
  void close();
}
