package iomodels.site;

import com.github.difflib.DiffUtils;
import com.github.difflib.patch.AbstractDelta;
import com.github.difflib.patch.DeltaType;
import java.util.ArrayList;
import java.util.List;

/**
 * A line diff of two short texts that shows all lines of both. Lines that differ in indentation
 * only count as equal: code around them may have added or removed a block.
 */
final class LineDiff {

  /** A removed, an added or a common line. A common line may be indented differently in each. */
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

  /** Returns all lines, each with a prefix: blank, minus or plus. */
  static List<String> unified(List<String> before, List<String> after) {
    LineDiff diff = new LineDiff(before, after);
    for (int i = diff.lines.size() - 1; i >= 0; i--) {
      diff.pairBetter(i);
    }
    return diff.removalsFirst().stream().map(Line::toString).toList();
  }

  /**
   * Repairs the pairing of brackets. If the diff has paired two brackets with different
   * indentation, and the run of changed lines below contains one with the same indentation, pairs
   * that one instead.
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

  /** Returns the lines with removed lines before added lines in each change. */
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
