/** The server's side of an HTTP/1.1 connection, without I/O, over Jetty's parser. */
module iomodels.http {
  requires transitive iomodels.core;
  requires org.eclipse.jetty.http;
  requires static org.jspecify;

  exports iomodels.http;
}
