package iomodels.site;

import java.util.Locale;

/** Elements of XML, written one after another. Attributes are keys and values in turn. */
final class Markup {

  private final StringBuilder text = new StringBuilder();

  /** Where the last start tag ends: an attribute can be put in here. */
  private int end;

  /** A start tag. */
  void open(String name, Object... attributes) {
    text.append('<').append(name).append('>');
    end = text.length() - 1;
    with(attributes);
  }

  /** More attributes for the last start tag. */
  void with(Object... attributes) {
    StringBuilder more = new StringBuilder();
    for (int i = 0; i < attributes.length; i += 2) {
      Object value = attributes[i + 1];
      String plain = value instanceof Number it ? number(it.doubleValue()) : value.toString();
      more.append(' ').append(attributes[i]).append("=\"").append(escaped(plain)).append('"');
    }
    text.insert(end, more);
    end += more.length();
  }

  void close(String name) {
    text.append("</").append(name).append('>');
  }

  /** An element with a text in it. */
  void element(String name, String content, Object... attributes) {
    open(name, attributes);
    text.append(escaped(content));
    close(name);
  }

  /** An element with nothing in it. */
  void empty(String name, Object... attributes) {
    element(name, "", attributes);
  }

  /** With one digit after the point at most. */
  static String number(double value) {
    String number = String.format(Locale.ROOT, "%.1f", value);
    return number.endsWith(".0") ? number.substring(0, number.length() - 2) : number;
  }

  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
