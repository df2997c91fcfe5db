package iomodels.site;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The ids of the headings of one text, as GitHub makes them: {@code #run-it}, {@code #run-it-1}.
 */
final class HeadingIds {

  private final Map<String, Integer> count = new HashMap<>();

  /** Returns the id of the next heading. */
  String next(String heading) {
    String id =
        heading
            .strip()
            .toLowerCase(Locale.ROOT)
            .replaceAll("[^\\p{L}\\p{N}\\s_-]", "")
            .replaceAll("\\s", "-");
    int before = count.merge(id, 1, Integer::sum) - 1;
    return before == 0 ? id : id + "-" + before;
  }
}
