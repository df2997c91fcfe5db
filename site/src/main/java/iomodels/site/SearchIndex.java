package iomodels.site;

import iomodels.conformance.Rule;
import iomodels.conformance.rules.Rules;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.site.Content.Text;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What the search page finds in one language. Links are relative to that page. */
final class SearchIndex {

  /**
   * A page or a part of a page.
   *
   * @param kind what it is, for the reader
   * @param title the name, which counts more than the text
   */
  record Entry(String url, String kind, String title, String text) {}

  private static final List<String> PAGES =
      List.of(
          "side-by-side",
          "programs",
          "timeline",
          "table",
          "lab",
          "rules",
          "ladder",
          "tutorial",
          "glossary");

  private static final Pattern NAMED = Pattern.compile("\\{\\{(?:rule|model|wrong) ([^}]+)}}");
  private static final Pattern OTHER = Pattern.compile("\\{\\{[^}]+}}");

  private final StudySite site;
  private final Words words;
  private final Links links;
  private final Prose prose = new Prose();
  private final List<Entry> entries = new ArrayList<>();

  SearchIndex(StudySite site, Words words) {
    this.site = site;
    this.words = words;
    links = new Links(words.language(), 0);
  }

  /** Returns all entries; of those that match equally well, the first ones are shown first. */
  List<Entry> entries() throws IOException {
    for (String page : PAGES) {
      add(page + ".html", "page", words.of("nav." + page), words.of("index." + page));
    }
    for (Implementation implementation : site.implementations().all()) {
      addModel(implementation);
    }
    for (Term term : site.content().glossary()) {
      String title = term.title(words.language());
      List<String> others = new ArrayList<>(names(term));
      others.remove(title);
      String text = plain(String.join(", ", others) + " " + term.in(words.language()));
      add(links.term(term.id()), "term", title, text);
    }
    for (Text lesson : site.content().lessons(words.language())) {
      add("lessons/%s.html".formatted(lesson.slug()), "lesson", lesson);
    }
    for (Text document : site.content().documents(words.language())) {
      add(document.slug() + ".html", "page", document);
    }
    for (Rule rule : site.rules().values()) {
      add(links.rule(rule.id()), rule);
    }
    for (Program program : Programs.all()) {
      String url = links.program(program.name());
      String text =
          site.content()
              .program(words.language(), program.name())
              .map(it -> plain(it.title() + " " + it.summary() + " " + it.markdown()))
              .orElse(program.sentence());
      add(url, "program", program.name(), text);
      Rules.of(program).forEach(it -> add(links.programRule(it.id()), it));
    }
    for (WrongServer wrong : WrongServers.all()) {
      String fault = words.translated("fault", wrong.name(), wrong.fault());
      add(links.wrong(wrong.name()), "wrong", wrong.name(), fault);
    }
    site.recorded()
        .lab()
        .ifPresent(
            lab ->
                lab.measurements()
                    .claims()
                    .forEach(
                        it -> {
                          String claim = words.translated("claim", it.id(), it.claim());
                          add(links.claim(it.id()), "claim", claim, it.claim());
                        }));
    return List.copyOf(entries);
  }

  private void addModel(Implementation implementation) throws IOException {
    String summary = plain(words.summary(implementation));
    if (implementation.card().isEmpty()) {
      add(links.sideBySide(implementation.id()), "columns", implementation.id(), summary);
      return;
    }
    String url = links.model(implementation.id());
    add(url, "model", implementation.id(), summary);
    site.content()
        .model(words.language(), implementation.id())
        .ifPresent(it -> addSections(url, "model", implementation.id(), it));
  }

  private void add(String url, String kind, Text text) {
    add(url, kind, text.title(), plain(text.summary()));
    addSections(url, kind, text.title(), text);
  }

  private void addSections(String url, String kind, String title, Text text) {
    for (Prose.Section section : prose.sections(withoutDirectives(text.markdown()))) {
      String place = section.id().isEmpty() ? url : url + "#" + section.id();
      String name = section.title().isEmpty() ? title : title + " · " + section.title();
      if (!section.text().isEmpty()) {
        add(place, kind, name, section.text());
      }
    }
  }

  private void add(String url, Rule rule) {
    add(url, "rule", rule.id(), words.sentence(rule) + " " + words.why(rule));
  }

  private void add(String url, String kind, String title, String text) {
    entries.add(new Entry(url, words.of("search.kind." + kind), title, text));
  }

  private static List<String> names(Term term) {
    List<String> names = new ArrayList<>();
    for (String name : new String[] {term.term(), term.zhTerm(), term.java(), term.python()}) {
      if (name != null) {
        names.add(name);
      }
    }
    return names;
  }

  private String plain(String markdown) {
    StringBuilder text = new StringBuilder();
    for (Prose.Section section : prose.sections(withoutDirectives(markdown))) {
      text.append(section.title()).append(' ').append(section.text()).append(' ');
    }
    return text.toString().strip();
  }

  private static String withoutDirectives(String markdown) {
    return OTHER.matcher(NAMED.matcher(markdown).replaceAll("$1")).replaceAll("");
  }
}
