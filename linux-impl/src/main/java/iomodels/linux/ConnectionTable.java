package iomodels.linux;

import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The open connections of a loop by descriptor. An array is enough, since the kernel always assigns
 * the lowest free descriptor. Confined to the thread of the loop.
 */
final class ConnectionTable<C> {

  private @Nullable Object[] connections = new Object[64];
  private int size;

  boolean isEmpty() {
    return size == 0;
  }

  /** The connection with this descriptor; null if there is none. */
  @SuppressWarnings("unchecked") // Only put() writes to the array.
  @Nullable C get(int fd) {
    return fd < connections.length ? (C) connections[fd] : null;
  }

  void put(int fd, C connection) {
    if (fd >= connections.length) {
      connections = Arrays.copyOf(connections, 2 * fd);
    }
    connections[fd] = connection;
    size++;
  }

  @SuppressWarnings("ReferenceEquality") // Identity matters here, not equality.
  boolean contains(int fd, C connection) {
    return get(fd) == connection;
  }

  /**
   * Removes the given connection.
   *
   * @return false if it has been removed before: its descriptor must then not be closed, since
   *     another connection may have the same descriptor by now
   */
  boolean remove(int fd, C connection) {
    boolean isThere = contains(fd, connection);
    if (isThere) {
      remove(fd);
    }
    return isThere;
  }

  /** Removes the connection with this descriptor, if there is one. */
  void remove(int fd) {
    if (get(fd) != null) {
      connections[fd] = null;
      size--;
    }
  }

  /** Calls the action for every connection; the action may remove it. */
  void forEach(Consumer<C> action) {
    for (int fd = 0; fd < connections.length; fd++) {
      C connection = get(fd);
      if (connection != null) {
        action.accept(connection);
      }
    }
  }
}
