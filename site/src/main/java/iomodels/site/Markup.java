package iomodels.site;

import java.util.Locale;

/** Builds XML text. Attributes are passed as alternating keys and values. */
final class Markup {

  private final StringBuilder text = new StringBuilder();

  /** The end of the last start tag, where {@link #with} inserts attributes. */
  private int end;

  /** Appends a start tag. */
  void open(String name, Object... attributes) {
    text.append('<').append(name).append('>');
    end = text.length() - 1;
    with(attributes);
  }

  /** Adds attributes to the last start tag. */
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

  /** Appends an element that contains text. */
  void element(String name, String content, Object... attributes) {
    open(name, attributes);
    text.append(escaped(content));
    close(name);
  }

  /** Appends text that is markup already. */
  void html(String markup) {
    text.append(markup);
  }

  /** Appends an empty element. */
  void empty(String name, Object... attributes) {
    element(name, "", attributes);
  }

  /** Formats a number with at most one decimal place. */
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
