package iomodels.site;

import java.util.List;
import java.util.Optional;

/**
 * Renders a question as a form: a reader chooses an option, and a script says whether it is right.
 * Without the script, the answer is below, folded.
 */
final class QuestionMarkup {

  private final Words words;
  private final Prose.Directives directives;

  QuestionMarkup(Words words, Prose.Directives directives) {
    this.words = words;
    this.directives = directives;
  }

  /**
   * Renders the question.
   *
   * @param id its name, unique on the page
   * @param fact the recorded answer; empty if it has not been recorded
   * @throws IllegalArgumentException if the fact does not match exactly one option
   */
  String html(String id, Question question, Optional<String> fact) {
    String language = words.language();
    int right = fact.map(question::right).orElse(-1);
    Markup html = new Markup();
    html.open(
        "form",
        "class",
        "predict",
        "id",
        id,
        "data-right",
        words.of("predict.right"),
        "data-wrong",
        words.of("predict.wrong"),
        "data-none",
        words.of("predict.none"));
    html.open("fieldset");
    html.open("legend");
    html.html(CodeMarkup.inline(question.in(language)));
    html.close("legend");
    List<Question.Option> options = question.options();
    for (int i = 0; i < options.size(); i++) {
      html.open("label");
      html.open("input", "type", "radio", "name", id, "value", i);
      if (i == right) {
        html.with("data-right", "");
      }
      html.html(" " + CodeMarkup.inline(options.get(i).in(language)));
      html.close("label");
    }
    html.close("fieldset");
    if (right < 0) {
      html.element("p", words.of("predict.not-recorded"), "class", "note");
    } else {
      html.open("p");
      html.element("button", words.of("predict.check"), "type", "submit", "hidden", "");
      html.empty("span", "class", "judgement", "role", "status");
      html.close("p");
      html.open("details");
      html.element("summary", words.of("predict.answer"));
      html.open("p");
      html.open("b");
      html.html(CodeMarkup.inline(options.get(right).in(language)));
      html.close("b");
      html.close("p");
      html.html(new Prose().html(question.why().in(language), directives));
      html.close("details");
    }
    html.close("form");
    return html.toString();
  }
}
