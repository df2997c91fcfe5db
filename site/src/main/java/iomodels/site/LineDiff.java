package iomodels.site;

import com.github.difflib.DiffUtils;
import com.github.difflib.patch.AbstractDelta;
import com.github.difflib.patch.DeltaType;
import java.util.ArrayList;
import java.util.List;

/**
 * What differs between two short texts, line by line, with all lines of both. A line that is only
 * indented otherwise is the same: around it stands something new.
 */
final class LineDiff {

  /** A line of the one, of the other, or of both: then each as it is indented there. */
  private record Line(char sign, String before, String after) {

    @Override
    public String toString() {
      return sign + (sign == '-' ? before : after);
    }
  }

  private final List<Line> lines = new ArrayList<>();

  private LineDiff(List<String> before, List<String> after) {
    int old = 0;
    int next = 0;
    for (AbstractDelta<String> delta :
        DiffUtils.diff(before, after, (a, b) -> a.strip().equals(b.strip())).getDeltas()) {
      if (delta.getType() == DeltaType.EQUAL) {
        continue;
      }
      for (; old < delta.getSource().getPosition(); old++, next++) {
        lines.add(new Line(' ', before.get(old), after.get(next)));
      }
      delta.getSource().getLines().forEach(it -> lines.add(new Line('-', it, "")));
      delta.getTarget().getLines().forEach(it -> lines.add(new Line('+', "", it)));
      old += delta.getSource().size();
      next += delta.getTarget().size();
    }
    for (; old < before.size(); old++, next++) {
      lines.add(new Line(' ', before.get(old), after.get(next)));
    }
  }

  /** Each line after a blank, a minus or a plus. */
  static List<String> unified(List<String> before, List<String> after) {
    LineDiff diff = new LineDiff(before, after);
    for (int i = diff.lines.size() - 1; i >= 0; i--) {
      diff.pairBetter(i);
    }
    return diff.removalsFirst().stream().map(Line::toString).toList();
  }

  /**
   * A bracket is like any other: where one that is indented otherwise has been taken for the same,
   * and one that is indented alike stands further below, among what is new or what is gone, that
   * one is meant.
   */
  private void pairBetter(int index) {
    Line pair = lines.get(index);
    if (pair.sign != ' ' || pair.before.equals(pair.after)) {
      return;
    }
    char run = index + 1 < lines.size() ? lines.get(index + 1).sign : ' ';
    for (int i = index + 1; run != ' ' && i < lines.size() && lines.get(i).sign == run; i++) {
      if (run == '+' && lines.get(i).after.equals(pair.before)) {
        lines.set(index, new Line('+', "", pair.after));
        lines.set(i, new Line(' ', pair.before, pair.before));
        return;
      }
      if (run == '-' && lines.get(i).before.equals(pair.after)) {
        lines.set(index, new Line('-', pair.before, ""));
        lines.set(i, new Line(' ', pair.after, pair.after));
        return;
      }
    }
  }

  /** Of what has changed in one place, first what is gone. */
  private List<Line> removalsFirst() {
    List<Line> sorted = new ArrayList<>();
    List<Line> added = new ArrayList<>();
    for (Line line : lines) {
      if (line.sign == '+') {
        added.add(line);
      } else {
        if (line.sign == ' ') {
          sorted.addAll(added);
          added.clear();
        }
        sorted.add(line);
      }
    }
    sorted.addAll(added);
    return sorted;
  }
}
