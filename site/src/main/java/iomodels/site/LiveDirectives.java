package iomodels.site;

import iomodels.conformance.Rule;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Replaces the directives on one page by links, code and figures. */
final class LiveDirectives implements Prose.Directives {

  private final StudySite site;
  private final Words words;
  private final Links links;

  LiveDirectives(StudySite site, Words words, Links links) {
    this.site = site;
    this.words = words;
    this.links = links;
  }

  @Override
  public String html(List<String> directive) {
    String name = directive.getFirst();
    List<String> values = directive.subList(1, directive.size());
    int wanted =
        switch (name) {
          case "region", "code", "cost" -> 2;
          case "trace", "lab" -> 3;
          default -> 1;
        };
    if (values.size() != wanted) {
      throw new IllegalArgumentException(
          "{{%s}} needs %d arguments".formatted(String.join(" ", directive), wanted));
    }
    String first = values.getFirst();
    return switch (name) {
      case "region" -> region(site.implementation(first), values.get(1));
      case "code" -> code(site.source(first), values.get(1));
      case "cost" -> site.recorded().shown(site.implementation(first).id(), values.get(1));
      case "lab" -> lab(site.implementation(first).id(), values.get(1), values.get(2));
      case "claim" -> claim(first);
      case "trace" -> calls(first, values.get(1), values.get(2));
      case "model" -> model(site.implementation(first));
      case "compare" ->
          block(links.sideBySide(known(first, Implementation::id)), "prose.compare", first);
      case "timeline" ->
          block(links.timeline(known(first, Implementation::file)), "prose.timeline", first);
      case "predict" ->
          new QuestionMarkup(words, this)
              .html(first, site.question(first), site.facts().of(site.question(first).fact()));
      case "rule" -> rule(first);
      case "source" ->
          link(links.source(site.sourcePath(first)), "<code>" + tail(first) + "</code>");
      // Documents of the project are not on the site.
      case "document" -> "<code>%s</code>".formatted(first.replaceFirst("#.*", ""));
      case "wrong" -> link(links.wrong(site.wrongServer(first)), "<code>" + first + "</code>");
      case "term" -> {
        Term term = site.term(first);
        yield link(links.term(term.id()), Markup.escaped(term.title(words.language())));
      }
      default -> throw new IllegalArgumentException("unknown directive '%s'".formatted(name));
    };
  }

  /** Renders a region from each file of a server that contains it, with a link to the file. */
  private String region(Implementation implementation, String region) {
    List<Source> sources = implementation.with(region);
    if (sources.isEmpty()) {
      return "<p class=\"without\">%s</p>"
          .formatted(CodeMarkup.inline(implementation.without(region)));
    }
    StringBuilder html = new StringBuilder();
    for (Source source : sources) {
      List<Source.Passage> passages = source.regions().getOrDefault(region, List.of());
      html.append(
          figure(
              "%s <b>%s</b>, ".formatted(model(implementation), words.of("region." + region)),
              source,
              passages));
    }
    return html.toString();
  }

  /** Renders a region of a file. */
  private String code(Source source, String region) {
    List<Source.Passage> passages = source.regions().get(region);
    if (passages == null) {
      throw new IllegalArgumentException("%s has no region %s".formatted(source.path(), region));
    }
    return figure("", source, passages);
  }

  private String figure(String caption, Source source, List<Source.Passage> passages) {
    return "<figure class=\"region\"><figcaption>%s<a href=\"%s#L%d\">%s</a></figcaption>%s</figure>"
        .formatted(
            caption,
            links.source(source.path()),
            passages.isEmpty() ? 1 : passages.getFirst().line(),
            tail(source.path()),
            CodeMarkup.passages(passages, source.language()));
  }

  private String model(Implementation implementation) {
    String id = "<code>" + implementation.id() + "</code>";
    if (implementation.card().isPresent()) {
      return link(links.model(implementation.id()), id);
    }
    return implementation
        .styledProgram()
        .map(it -> link(links.program(it.program().name()), id))
        .orElseGet(
            () ->
                link(
                    links.source(implementation.page()),
                    "<code>" + tail(implementation.page()) + "</code>"));
  }

  /** Returns the number of calls in a trace, by name or by kind. */
  private String calls(String server, String by, String what) {
    return site.recorded()
        .trace(Implementation.file(site.implementation(server).id()))
        .filter(it -> it.json().isPresent())
        .map(it -> by.equals("kind") ? it.ofKind(what) : it.calls(what))
        .map(it -> String.format(Locale.ROOT, "%,d", it))
        .orElse("–");
  }

  private String lab(String server, String scenario, String figure) {
    return site.recorded().lab().map(it -> it.shown(server, scenario, figure)).orElse(Lab.NOTHING);
  }

  /** Renders a claim with its verdict, if it is recorded. */
  private String claim(String id) {
    return site.recorded()
        .lab()
        .flatMap(it -> it.claim(id))
        .map(
            it ->
                link(
                    links.claim(id),
                    "<q>%s</q> (%s)"
                        .formatted(
                            Markup.escaped(words.translated("claim", id, it.claim())),
                            words.of("lab.verdict." + it.verdict()))))
        .orElse(Lab.NOTHING);
  }

  private String rule(String id) {
    Rule rule = site.rule(id);
    String title = words.sentence(rule) + words.of("site.space") + words.why(rule);
    String url = site.rules().containsKey(id) ? links.rule(id) : links.programRule(id);
    return "<a class=\"rule\" href=\"%s\" title=\"%s\">%s</a>"
        .formatted(url, Markup.escaped(title), id);
  }

  private String known(String names, Function<Implementation, String> name) {
    return Stream.of(names.split(","))
        .map(it -> name.apply(site.implementation(it)))
        .collect(Collectors.joining(","));
  }

  private String block(String url, String key, String names) {
    String text = words.of(key, names.replace(",", words.of("site.comma")));
    return "<p class=\"go\"><a href=\"%s\">%s</a></p>".formatted(url, Markup.escaped(text));
  }

  private static String link(String url, String html) {
    return "<a href=\"%s\">%s</a>".formatted(url, html);
  }

  private static String tail(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
