package iomodels.cli;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.program.Programs;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** A wrong command line is reported in one line on standard error, with the remedy; exit code 2. */
class BadInputTest {

  private static final Pattern NUMBER =
      Pattern.compile("int|long|double|java.util.Optional<java.lang.(Integer|Long|Double)>");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          serve                                        | name a MODEL
          serve no-such-model                          | there are: blocking-pool
          serve nio-selektor                           | no model 'nio-selektor'; did you mean 'nio-selector'?
          serve nio                                    | there are: blocking-pool
          serve io_uring                               | did you mean 'linux-io-uring'?
          serve tutorial-selekt                        | did you mean 'tutorial-select'?
          serve closes-with-input-unred                | did you mean 'closes-with-input-unread'?
          serve --tutorial tutorial-selekt             | did you mean 'tutorial-select'?
          serve tutorial-select --service upper        | tutorial-select serves fixed and nothing else
          serve example-vertex                         | no example 'vertex'; did you mean 'vertx'?
          serve virtual --program relay                | no style 'virtual'; did you mean 'virtual-threads'?
          serve vertx --program rely                   | did you mean 'relay'?
          serve vertx --service uper                   | did you mean 'upper'?
          serve --wrong bannner                        | did you mean 'banner'?
          serve nio-selector --service gopher          | there are: upper, echo, fixed, lines, flood, discard
          serve nio-selector --host no-such-host.test  | there is no host no-such-host.test; choose another --host
          serve nio-selector --host 192.0.2.1          | choose another --host
          serve nio-selector --host ::zz               | is not an IPv6 address
          serve nio-selector --host fe80::1%nope0      | there is no network interface 'nope0'
          serve nio-selector --host 127.0.0.1:80       | is not a host
          serve nio-selector --host 2001:db8::1        | choose another --host
          serve nio-selector --udp --service flood     | not for UDP
          serve nio-selector --transport epoll         | leave --transport out
          serve --wrong no-such-fault                  | iomodels list --wrong
          serve --tutorial no-such-text                | iomodels list --wrong
          serve --example no-such-framework            | there are: vertx, reactor-netty, netty
          serve --example vertx --service flood        | example-vertx serves upper and nothing else
          serve --example vertx --udp                  | does not answer UDP
          serve --program relay                        | name a STYLE: nio-selector
          serve nothing --program relay                | there are: nio-selector
          serve vertx --program telnet                 | there are: relay, gather, chat, offload, http
          serve vertx --program relay                  | add --upstream HOST:PORT
          serve vertx --program relay --upstream one   | is not HOST:PORT
          serve vertx --program relay --upstream a:1 --upstream b:2 | has one upstream
          serve vertx --program relay --upstream 127.0.0.1:8080     | choose another --port
          serve vertx --program relay --upstream 127.0.0.1:9 --queue 2    | relay has no --queue
          serve vertx --program relay --service upper  | leave one of them out
          serve --wrong banner --program relay         | leave one of them out
          serve --example vertx --program relay        | relay has no examples
          serve example-netty --program http           | did you mean 'reactor-netty'?
          serve example-tomcat --program http          | there are: vertx, reactor-netty, jdk
          serve vertx --back-off 3                     | add --program gather
          conform                                      | name a MODEL
          conform --example no-such-framework          | there are: vertx, reactor-netty, netty
          conform --wrong no-such-fault                | iomodels list --wrong
          conform --wrong banner --rule 99.99          | no rule '99.99'; there are: 1.01-1.0
          conform --wrong banner --transport epoll     | leave --transport out
          conform --wrong banner --client {port}       | judge them apart from servers
          conform no-such-model                        | there are: blocking-pool
          conform tutorial-bloking                     | did you mean 'tutorial-blocking'?
          conform nio-selector --rule 4.1              | no rule '4.1'; did you mean '4.01'?
          conform --client {port} --rule 1001          | did you mean '10.01'?
          conform nio-selector --bound patience=soon   | not a whole number
          conform nio-selector --bound pace=1          | NAME=VALUE
          conform nio-selector --bound patience=0      | it is 1 to 3600000
          conform nio-selector --bound CLIENTS=99999999999 | it is 1 to 100000
          conform nio-selector --bound HELD=2147483648     | it is 1 to 1073741824
          conform --target 127.0.0.1:9 --waive HALFCLOSE   | did you mean 'HALF_CLOSE'?
          conform --target 127.0.0.1:9 --waive everything  | there are: CONCURRENT, HALF_CLOSE
          conform --target 127.0.0.1:9 --waive half-close --capability HALF_CLOSE | leave out --capability or --waive
          conform --client {port} --waive HALF_CLOSE       | --waive is for servers
          conform --target nowhere                     | is not HOST:PORT
          conform --target 127.0.0.1:70000             | it is 1 to 65535
          conform --target 127.0.0.1:99999999999       | port 99999999999 is out of range
          conform --target ::1:8080                    | in brackets, such as [::1]:8080
          conform --target no-such-host.test:80        | there is no host no-such-host.test; check the name
          conform --exec /bin/true                     | needs {port}
          conform --exec '/bin/false {port}'           | ended at once
          conform --exec /bin/false{port} --service upper,flood | needs {service}
          conform --target 127.0.0.1:9 --service upper,flood | a running server has one service
          conform --target 127.0.0.1:9 --service upper,gopher | no service 'gopher'; there are: upper, echo
          conform nio-selector --rule 11.05            | add --program relay
          conform nio-selector --rule 11               | add --program relay
          conform --program telnet vertx               | there are: relay, gather, chat, offload, http
          conform --program relay                      | name a STYLE (nio-selector
          conform --program relay no-such-style        | there are: nio-selector
          conform --program relay vertx --rule 1.01    | no rule '1.01'; did you mean '11.01'?
          conform --program relay --target 127.0.0.1:9 | --target is for http, and not for relay
          conform --program chat vertx --waive /upper  | --waive is for http, and not for chat
          conform --program http vertx --waive upper   | no route or capability 'upper'; did you mean '/upper'?
          conform --program http vertx --waive concurrent | there are: HALF_CLOSE, /upper
          conform vertx --waive /upper                 | there are: CONCURRENT
          conform --program http --target 127.0.0.1:9  | nothing listens at 127.0.0.1:9
          conform --program chat --example vertx       | chat has no examples; the only program with examples is http
          conform --program http --example netty       | did you mean 'reactor-netty'?
          conform --program relay --exec {upstreams}   | needs {port}
          conform --program relay --exec {port}        | needs {upstreams}
          conform --program offload --exec {port}      | needs {folder}
          conform --program http --exec {port}         | needs {folder}
          conform --program gather --exec {port}{upstreams} | needs {deadline}
          conform --program chat --exec false{port}    | ended at once
          learn strem                                  | no stage 'strem'; did you mean 'stream'?
          learn 13                                     | no stage '13'; there are: 1 to 12, or echo
          learn --watch                                | add --exec 'COMMAND {port}'
          learn --exec /bin/true                       | stage echo needs {port} in --exec
          learn --exec '/bin/false {port}'             | ended at once
          learn --list --reset                         | --list and --reset: leave one of them out
          learn 3 --list                               | --list takes no STAGE
          learn --reset --json -                       | --json has nothing to write with --reset
          learn --starter go --json -                  | --json has nothing to write with --starter
          learn --watch --json - --exec {port}         | --json has nothing to write with --watch
          learn -o here                                | add --starter LANGUAGE
          learn --folder /no/such                      | there is no folder /no/such; choose another --folder
          compare no-such-model                        | there are: blocking-pool
          compare tutorial-poling                      | did you mean 'tutorial-polling'?
          bench no-such-model                          | there are: blocking-pool
          bench example-none                           | there are: vertx, reactor-netty, netty
          bench c-kqueue                               | there are: c-sequential, c-threads
          bench --program gather                       | choose one of: relay, chat, http
          bench --program relay no-such-style          | those do: nio-selector
          bench --program relay example-vertx          | relay has no examples
          bench --program relay --scenario large       | is for models
          bench --program relay --jvm-flag=-Xmx1g      | is for models
          bench nio-selector --scenario relay          | give --program relay
          bench nio-selector --scenario http-50        | give --program http
          bench nginx                                  | no model 'nginx'
          bench --program http no-such-style           | those do: nio-selector
          bench --program http --scenario relay        | give --program relay
          trace                                        | name a MODEL
          trace no-such-model                          | there are: blocking-pool
          trace dies-of-a-rest                         | did you mean 'dies-of-a-reset'?
          trace c-kqueue                               | there are: c-sequential, c-threads
          trace example-none                           | there are: vertx, reactor-netty, netty
          trace --tutorial no-such-text                | iomodels list --wrong
          trace --exec '/bin/true'                     | needs {port}
          trace nio-selector --name it                 | leave it out
          trace nio-selector nio-selector              | name it once
          trace nio-selector c-epoll --output one.json | name a directory
          trace nio-selector --output /no/such/x.json  | there is no folder /no/such
          new My_Model                                 | use lower-case letters, digits and hyphens
          new blocking-threads                         | choose another name
          new tutorial-select                          | choose another name
          new banner                                   | choose another name
          new c-mine                                   | choose another name
          new example-mine                             | choose another name
          new class                                    | choose another name, or a package
          new 2nd                                      | use lower-case letters, digits and hyphens
          new mine-                                    | use lower-case letters, digits and hyphens
          new core                                     | choose another one with --package
          new a123456789-123456789-123456789-123456789-123456789-123456789-123456789 | 60 characters at most
          new my-model --like no-such-model            | there are: blocking-pool
          new my-model --package com.9lives            | is not a valid package name
          new my-model --package com.example.package   | is not a valid package name
          new my-model --package com.Example           | is not a valid package name
          new my-model --package iomodels.nio          | choose another one with --package
          new my-model --package java.mymodel          | choose another one with --package
          new my-model --package java                  | choose another one with --package
          new my-model --package java.net.http         | choose another one with --package
          new my-model --package com.$mine             | is not a valid package name
          new my-model --no-install                    | add --outside DIR as well
          new my-model --force                         | --force is for --remove; add it as well
          new my-model --remove --outside /tmp/mine    | delete its folder by hand
          new --remove My_Model                        | use lower-case letters, digits and hyphens
          new --remove my-model                        | in a clone of the project
          new my-model                                 | in a clone of the project
          """)
  void isOneLineThatNamesTheRemedy(String command, String remedy) {
    Cli cli = Cli.run(words(command));

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err().lines()).hasSize(1).first().asString().contains(remedy);
    assertThat(cli.out()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "frobnicate",
    "connect 99999999999",
    "connect 127.0.0.1:99999999999",
    "connect ::1:8080:",
    "load [::1]:0",
    "load --bytes 16777216 --connections 60000",
    "serve vertx --wrong banner",
    "serve nio-selector --port many",
    "list --what"
  })
  void isALineAndAHintWhereTheWordsThemselvesAreWrong(String command) {
    Cli cli = Cli.run(words(command));

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err().lines()).hasSize(2).last().asString().startsWith("Try: iomodels");
  }

  @ParameterizedTest
  @CsvSource({
    "conpare, compare",
    "help conpare, compare",
    "conform vertx --servise upper, --service",
    "conform vertx --capability HALFCLOSE, HALF_CLOSE",
    "serve vertx --transport epol, epoll",
    "bench vertx --scenario larg, large"
  })
  void aMistypedCommandOptionOrValueIsToldWhatWasMeant(String command, String meant) {
    assertThat(Cli.run(words(command)).err()).contains("did you mean '%s'?".formatted(meant));
  }

  @Test
  void withoutACommandADozenLinesSayWhereToBegin() {
    Cli cli = Cli.run();

    assertThat(cli.exitCode()).isZero();
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out())
        .contains("Begin with:", "iomodels serve nio-selector", "iomodels --help")
        .doesNotContain("Commands:");
    assertThat(cli.out().lines()).hasSizeLessThanOrEqualTo(12).allMatch(it -> it.length() <= 80);
  }

  @Test
  void theHelpListsEveryCommandAndSaysWhereToBegin() {
    Cli cli = Cli.run("--help");

    assertThat(cli.exitCode()).isZero();
    assertThat(cli.out()).contains("Commands:", "conform", "Begin with:");
  }

  /** Every numeric option of every command, except seeds, which have no range. */
  static Stream<Arguments> numbers() {
    return new CommandLine(Main.class)
        .getSubcommands().entrySet().stream()
            .flatMap(
                command ->
                    command.getValue().getCommandSpec().options().stream()
                        .filter(it -> NUMBER.matcher(type(it)).matches())
                        .filter(it -> !it.longestName().equals("--seed"))
                        .map(it -> Arguments.of(command.getKey(), it.longestName())));
  }

  private static String type(OptionSpec option) {
    return option.userObject() instanceof Field field ? field.getGenericType().getTypeName() : "";
  }

  @ParameterizedTest
  @MethodSource("numbers")
  void aNumberOutOfRangeIsNamedWithItsRange(String command, String option) {
    for (String number : List.of("-1", "2147483647", "99999999999", "1e99", "many")) {
      Cli cli = Cli.run(command, option, number, "any");

      assertThat(cli.exitCode()).as(number).isEqualTo(2);
      assertThat(cli.err().lines())
          .hasSize(2)
          .first()
          .asString()
          .contains(option + " is ", "number from ");
    }
  }

  static Stream<String> models() {
    return ServerProvider.installed().stream().map(model -> model.card().name());
  }

  @ParameterizedTest
  @MethodSource("models")
  void aPortInUseIsNamed(String model) throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Cli cli = Cli.run("serve", model, "--port", String.valueOf(taken.getLocalPort()));

      assertThat(cli.exitCode()).isEqualTo(2);
      assertThat(cli.err())
          .contains("127.0.0.1:%d is in use".formatted(taken.getLocalPort()), "--port");
    }
  }

  static Stream<String> styles() {
    return ArgumentResolver.styles(Programs.RELAY).stream().map(StyleProvider::style);
  }

  @ParameterizedTest
  @MethodSource("styles")
  void aPortInUseIsNamedByProgramsToo(String style) throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = "--port=" + taken.getLocalPort();
      Cli cli = Cli.run("serve", style, "--program=relay", "--upstream=127.0.0.1:9", port);

      assertThat(cli.exitCode()).isEqualTo(2);
      assertThat(cli.err())
          .contains("127.0.0.1:%d is in use".formatted(taken.getLocalPort()), "--port");
    }
  }

  @Test
  void anAddressWhereNothingListensIsNamed() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    Cli cli = Cli.run("conform", "--target", "127.0.0.1:" + free);

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("nothing listens at 127.0.0.1:" + free);
  }

  /** Splits at blanks, but not between single quotes. */
  private static String[] words(String command) {
    return command.contains("'")
        ? new String[] {
          command.substring(0, command.indexOf(" --")),
          "--exec",
          command.substring(command.indexOf('\'') + 1, command.lastIndexOf('\''))
        }
        : command.split(" +");
  }
}
