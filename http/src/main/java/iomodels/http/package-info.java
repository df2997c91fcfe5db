/**
 * The server's side of an HTTP/1.1 connection, without I/O. Begin with {@link
 * iomodels.http.HttpConversation}.
 */
@NullMarked
package iomodels.http;

import org.jspecify.annotations.NullMarked;
