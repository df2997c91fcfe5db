package iomodels.site;

import iomodels.conformance.Rule;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The directives of the prose on one page. */
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
          case "region", "cost" -> 2;
          case "trace", "lab" -> 3;
          default -> 1;
        };
    if (values.size() != wanted) {
      throw new IllegalArgumentException("{{%s}}".formatted(String.join(" ", directive)));
    }
    String first = values.getFirst();
    return switch (name) {
      case "region" -> region(site.exhibit(first), values.get(1));
      case "cost" -> site.recorded().shown(site.exhibit(first).id(), values.get(1));
      case "lab" -> lab(site.exhibit(first).id(), values.get(1), values.get(2));
      case "claim" -> claim(first);
      case "trace" -> calls(first, values.get(1), values.get(2));
      case "model" -> model(site.exhibit(first));
      case "compare" -> block(links.sideBySide(known(first, Exhibit::id)), "prose.compare", first);
      case "timeline" ->
          block(links.timeline(known(first, Exhibit::file)), "prose.timeline", first);
      case "rule" -> rule(first);
      case "source" ->
          link(links.source(site.sourcePath(first)), "<code>" + tail(first) + "</code>");
      case "wrong" -> link(links.wrong(site.wrongServer(first)), "<code>" + first + "</code>");
      case "term" -> {
        Term term = site.term(first);
        yield link(links.term(term.id()), Markup.escaped(term.title(words.language())));
      }
      default -> throw new IllegalArgumentException("there is no directive " + name);
    };
  }

  /** The region of each of the server's files that has it, with where it is from. */
  private String region(Exhibit exhibit, String region) {
    List<Source> sources = exhibit.with(region);
    if (sources.isEmpty()) {
      return "<p class=\"without\">%s</p>".formatted(CodeMarkup.inline(exhibit.without(region)));
    }
    StringBuilder html = new StringBuilder();
    for (Source source : sources) {
      List<Source.Passage> passages = source.regions().getOrDefault(region, List.of());
      html.append(
          "<figure class=\"region\"><figcaption>%s <b>%s</b>, <a href=\"%s#L%d\">%s</a></figcaption>%s</figure>"
              .formatted(
                  model(exhibit),
                  words.of("region." + region),
                  links.source(source.path()),
                  passages.isEmpty() ? 1 : passages.getFirst().line(),
                  tail(source.path()),
                  CodeMarkup.passages(passages, source.language())));
    }
    return html.toString();
  }

  private String model(Exhibit exhibit) {
    String id = "<code>" + exhibit.id() + "</code>";
    if (exhibit.card().isPresent()) {
      return link(links.model(exhibit.id()), id);
    }
    return exhibit
        .written()
        .map(it -> link(links.program(it.program().name()), id))
        .orElseGet(
            () -> link(links.source(exhibit.page()), "<code>" + tail(exhibit.page()) + "</code>"));
  }

  /** How many calls, by name, or of a kind. */
  private String calls(String server, String by, String what) {
    return site.recorded()
        .trace(Exhibit.file(site.exhibit(server).id()))
        .filter(it -> it.json().isPresent())
        .map(it -> by.equals("kind") ? it.ofKind(what) : it.calls(what))
        .map(it -> String.format(Locale.ROOT, "%,d", it))
        .orElse("–");
  }

  private String lab(String server, String scenario, String figure) {
    return site.recorded().lab().map(it -> it.shown(server, scenario, figure)).orElse(Lab.NOTHING);
  }

  /** The sentence, with its verdict, if the lab has recorded it. */
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
                            Markup.escaped(words.said("claim", id, it.claim())),
                            words.of("lab.verdict." + it.verdict()))))
        .orElse(Lab.NOTHING);
  }

  private String rule(String id) {
    Rule rule = site.rule(id);
    String title = words.sentence(rule) + words.of("site.space") + words.why(rule);
    return "<a class=\"rule\" href=\"%s\" title=\"%s\">%s</a>"
        .formatted(links.rule(id), Markup.escaped(title), id);
  }

  private String known(String names, Function<Exhibit, String> name) {
    return Stream.of(names.split(","))
        .map(it -> name.apply(site.exhibit(it)))
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
