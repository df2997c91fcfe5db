package iomodels.conformance.targets;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A host and a port in the common notations: {@code example.org:8080}, {@code 127.0.0.1:8080},
 * {@code [::1]:8080}, {@code [fe80::1%eth0]:8080}. An IPv6 address before a port is in brackets,
 * because both contain colons (RFC 3986); it is printed in its short form (RFC 5952).
 *
 * @param host a name, or an address without brackets
 * @param port from 1 to 65535
 */
public record HostAndPort(String host, int port) {

  /** The largest port. */
  public static final int MAX_PORT = 65_535;

  private static final Pattern BRACKETS = Pattern.compile("\\[([^\\[\\]]*)](?::(.*))?");
  private static final Pattern PORT = Pattern.compile("[0-9]+");
  private static final Pattern HOST = Pattern.compile("[^\\s\\[\\]/@\\p{Cntrl}]+");
  private static final int GROUPS = 8;

  /**
   * Reads {@code HOST:PORT}, or a port alone, which is on 127.0.0.1.
   *
   * @throws IllegalArgumentException if the text is not valid; the message says what to write
   */
  public static HostAndPort parse(String text) {
    if (PORT.matcher(text).matches()) {
      return new HostAndPort("127.0.0.1", port(text));
    }
    Matcher brackets = BRACKETS.matcher(text);
    if (brackets.matches()) {
      if (brackets.group(2) == null) {
        throw new IllegalArgumentException(
            "'%s' has no port; write HOST:PORT, such as %s:8080".formatted(text, text));
      }
      return new HostAndPort(host(text.substring(0, brackets.end(1) + 1)), port(brackets.group(2)));
    }
    int colon = text.lastIndexOf(':');
    if (colon != text.indexOf(':')) {
      throw new IllegalArgumentException(
          "'%s' is not HOST:PORT; write an IPv6 address in brackets, such as [::1]:8080"
              .formatted(text));
    }
    if (colon < 1) {
      throw new IllegalArgumentException(
          "'%s' is not HOST:PORT, such as 127.0.0.1:8080".formatted(text));
    }
    return new HostAndPort(host(text.substring(0, colon)), port(text.substring(colon + 1)));
  }

  /**
   * Reads a host without a port: a name, an IPv4 address, or an IPv6 address with or without
   * brackets.
   *
   * @throws IllegalArgumentException if the text is not valid
   */
  public static String host(String text) {
    Matcher brackets = BRACKETS.matcher(text);
    boolean inBrackets = brackets.matches() && brackets.group(2) == null;
    String host = inBrackets ? brackets.group(1) : text;
    if (inBrackets || host.indexOf(':') != host.lastIndexOf(':')) {
      demandInet6(host);
    } else if (!HOST.matcher(host).matches() || host.contains(":")) {
      throw new IllegalArgumentException(
          "'%s' is not a host; write a name or an address, such as 127.0.0.1 or ::1"
              .formatted(text));
    }
    return host;
  }

  private static void demandInet6(String host) {
    int zone = host.indexOf('%');
    try {
      Inet6Address.ofLiteral(host);
    } catch (IllegalArgumentException _) {
      if (zone > 0 && isInet6(host.substring(0, zone))) {
        throw new IllegalArgumentException(
            "there is no network interface '%s' for %s; ip link lists them"
                .formatted(host.substring(zone + 1), host));
      }
      throw new IllegalArgumentException(
          "'%s' is not an IPv6 address; write one such as ::1".formatted(host));
    }
  }

  private static boolean isInet6(String address) {
    try {
      Inet6Address.ofLiteral(address);
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  /**
   * Reads a port.
   *
   * @throws IllegalArgumentException if it is not a number from 1 to 65535
   */
  public static int port(String text) {
    if (!PORT.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "'%s' is not a port; it is a number from 1 to %d".formatted(text, MAX_PORT));
    }
    // Ten digits may exceed an int; such a number is out of range anyway.
    int port = text.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(text);
    if (port < 1 || port > MAX_PORT) {
      throw new IllegalArgumentException(
          "port %s is out of range; it is 1 to %d".formatted(text, MAX_PORT));
    }
    return port;
  }

  /** Returns all addresses of the host, in the order of the system's resolver. */
  public List<InetSocketAddress> resolve() throws UnknownHostException {
    return Stream.of(InetAddress.getAllByName(host))
        .map(address -> new InetSocketAddress(address, port))
        .toList();
  }

  @Override
  public String toString() {
    return (host.contains(":") ? "[%s]:%d" : "%s:%d").formatted(host, port);
  }

  /** Formats an address with its port; keeps the name of a host that was given by name. */
  public static String write(InetSocketAddress address) {
    InetAddress resolved = address.getAddress();
    String host = address.getHostString();
    if (resolved != null && host.equals(resolved.getHostAddress())) {
      host = write(resolved);
    }
    return new HostAndPort(host, address.getPort()).toString();
  }

  /** Formats an address with its port, always in numbers. */
  public static String numeric(InetSocketAddress address) {
    return new HostAndPort(write(address.getAddress()), address.getPort()).toString();
  }

  /** Formats an address; IPv6 as in RFC 5952, with the longest run of zeros left out. */
  public static String write(InetAddress address) {
    if (!(address instanceof Inet6Address)) {
      return address.getHostAddress();
    }
    String text = address.getHostAddress();
    int zone = text.indexOf('%');
    String[] groups = (zone < 0 ? text : text.substring(0, zone)).split(":", -1);
    int start = 0;
    int length = 1; // One group of zeros alone stays.
    for (int i = 0; i < GROUPS; i++) {
      int end = i;
      while (end < GROUPS && groups[end].equals("0")) {
        end++;
      }
      if (end - i > length) {
        start = i;
        length = end - i;
      }
    }
    String shortened =
        length == 1
            ? join(groups, 0, GROUPS)
            : join(groups, 0, start) + "::" + join(groups, start + length, GROUPS);
    return zone < 0 ? shortened : shortened + text.substring(zone);
  }

  private static String join(String[] groups, int from, int to) {
    StringJoiner joiner = new StringJoiner(":");
    for (int i = from; i < to; i++) {
      joiner.add(groups[i]);
    }
    return joiner.toString();
  }
}
