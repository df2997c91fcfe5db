package iomodels.conformance.targets;

/** A subject of the kit: a server, a program or a client. */
public sealed interface Subject extends AutoCloseable permits Target, ProgramTarget, Client {

  /** Returns its name in reports. */
  String name();

  /** Ends everything that it has started, and nothing else. */
  @Override
  void close();
}
