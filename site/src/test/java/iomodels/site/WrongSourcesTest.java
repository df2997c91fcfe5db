package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import iomodels.site.WrongCode.Difference;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tests that the code of every wrong server shows its fault. */
class WrongSourcesTest {

  private static final Path ROOT = Path.of("..");

  /** Servers with the correct code and a wrong declaration. */
  private static final Set<String> WRONG_BY_DECLARATION =
      Set.of("poller-that-waits", "leaves-the-address-to-the-kernel");

  private static Map<String, WrongCode> all = Map.of();

  @BeforeAll
  static void read() throws IOException {
    all = WrongSources.read(ROOT);
  }

  @Test
  void everyWrongServerIsFoundInTheOrderOfTheRules() {
    assertThat(all.keySet())
        .containsExactlyElementsOf(WrongServers.all().stream().map(WrongServer::name).toList());
    assertThat(all.values())
        .allSatisfy(
            code -> {
              WrongServer server = WrongServers.named(code.name()).orElseThrow();
              assertThat(code.rule()).isEqualTo(server.rule());
              assertThat(code.fault()).isEqualTo(server.fault());
            });
  }

  @Test
  void fileAndLineOfTheSourceAreCorrect() throws IOException {
    for (WrongCode code : all.values()) {
      List<String> source = code.source().lines().toList();
      List<String> there = Files.readAllLines(ROOT.resolve(code.file()));
      assertThat(there.get(code.line() - 1)).contains(source.getFirst());
      assertThat(there.get(code.line() - 1 + source.size() - 1)).contains(source.getLast());
      assertThat(source.getFirst()).doesNotStartWith(" ");
    }
  }

  @Test
  void everyWrongServerDiffersFromTheCorrectOne() {
    assertThat(all.values())
        .allSatisfy(
            code -> {
              if (WRONG_BY_DECLARATION.contains(code.name())) {
                assertThat(code.differences()).isEmpty();
                assertThat(code.source()).contains("\"" + code.name() + "\"");
              } else {
                assertThat(code.differences()).isNotEmpty();
                assertThat(code.differences()).anyMatch(it -> !it.added());
              }
            })
        .allSatisfy(
            code ->
                assertThat(code.differences())
                    .allSatisfy(
                        it -> {
                          assertThat(it.unified()).allMatch(line -> line.matches("[-+ ].*"));
                          assertThat(it.unified()).anyMatch(line -> line.matches("[-+].*"));
                          assertThat(it.line()).isPositive();
                        }));
  }

  @Test
  void fileAndLineOfTheCorrectMethodAreCorrect() throws IOException {
    for (WrongCode code : all.values()) {
      for (Difference difference : code.differences()) {
        List<String> there = Files.readAllLines(ROOT.resolve(difference.file()));
        String first = difference.member().split(",", 2)[0];
        assertThat(String.join(" ", there.subList(difference.line() - 1, difference.line() + 2)))
            .contains(first);
      }
    }
  }

  @Test
  void anOverriddenMethodIsShownAsADiff() {
    Difference finish = only("closes-with-input-unread");

    assertThat(finish.member()).isEqualTo("finish");
    assertThat(finish.file()).hasFileName("CorrectServer.java");
    assertThat(finish.unified())
        .contains("-  it.channel.shutdownOutput();", "+  it.channel.close();", " }")
        .first()
        .isEqualTo(" void finish(Conversation it) throws IOException, InterruptedException {");
  }

  @Test
  void callsToTheSuperclassAreInlined() {
    assertThat(only("one-byte-is-the-end").unified())
        .containsExactly(
            " boolean receive(Conversation it) throws IOException {",
            "   it.in.clear();",
            "   int n = it.channel.read(it.in);",
            "   it.in.flip();",
            "   it.hasReceived |= n > 0;",
            "-  return n >= 0;",
            "+  return n >= 0 && it.in.remaining() > 1;",
            " }");
    assertThat(only("banner").unified())
        .filteredOn(line -> !line.startsWith(" "))
        .containsExactly("+  it.channel.write(ByteBuffer.wrap(\"hello\\n\".getBytes(US_ASCII)));");
    assertThat(differences("truncates-at-16-kib").getLast().unified())
        .contains(
            "-  datagrams.send(reply, sender);",
            "+  datagrams.send(reply.limit(Math.min(reply.limit(), CAPACITY)), sender);");
  }

  @Test
  void indentationAloneIsNoDifference() {
    assertThat(differences("pool-of-64").getLast().unified())
        .contains("     while (it.progress != Progress.FINISHED) {", "+  threads.acquire();")
        .noneMatch(line -> line.startsWith("-"));
  }

  @Test
  void bracketsArePairedByIndentation() {
    assertThat(only("off-by-one-at-a-full-buffer").unified())
        .endsWith("+  }", "+  return received;", " }");
    assertThat(only("partial-write-dropped").unified())
        .containsExactly(
            " void send(Conversation it) throws IOException, InterruptedException {",
            "-  while (it.out.hasRemaining()) {",
            "+  it.channel.configureBlocking(false);",
            "   it.bytesSent += it.channel.write(it.out);",
            "-  }",
            "+  it.channel.configureBlocking(true);",
            " }");
  }

  @Test
  void fieldsHelpersAndConstantsAreAdded() {
    assertThat(differences("table-of-128-clients"))
        .extracting(Difference::member)
        .containsExactly("table, accepted, places", "accept", "send");
    assertThat(differences("wakes-up-for-nothing"))
        .extracting(Difference::member, Difference::added)
        .containsExactly(tuple("bind", false), tuple("look", true));
    assertThat(differences("truncates-at-16-kib").getFirst().unified())
        .containsExactly("+private static final int CAPACITY = 16 * 1024;");
  }

  private static List<Difference> differences(String name) {
    WrongCode code = all.get(name);
    return code == null ? List.of() : code.differences();
  }

  private static Difference only(String name) {
    assertThat(differences(name)).hasSize(1);
    return differences(name).getFirst();
  }
}
