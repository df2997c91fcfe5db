package iomodels.conformance.targets;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.process.GcOverheadLimit;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.spi.HiddenServers;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/**
 * The process that runs a program of one style for the kit: {@code ProgramHostProcess STYLE
 * PROGRAM}. It starts servers by the command {@code start ID FOLDER MILLIS PORT UPSTREAM…} of
 * {@link HostCommands}: the deadline, its own port or 0, and the ports of the upstreams. It ends at
 * the end of its standard input, so that it does not outlive the kit.
 */
public final class ProgramHostProcess {

  private ProgramHostProcess() {}

  /** Runs until its input ends. */
  public static void main(String[] arguments) throws IOException {
    GcOverheadLimit.watch();
    Program program = Programs.named(arguments[1]).orElseThrow();
    StyleProvider.Page page = style(arguments[0]).flatMap(it -> it.page(program)).orElseThrow();
    new HostCommands(words -> page.starter().start(config(words))).run();
    System.exit(0);
  }

  private static Optional<StyleProvider> style(String name) {
    return StyleProvider.named(name)
        .or(
            () ->
                ServiceLoader.load(HiddenServers.class).stream()
                    .flatMap(it -> it.get().style(name).stream())
                    .findFirst());
  }

  private static ProgramConfig config(List<String> words) {
    Stream<InetSocketAddress> upstreams =
        words.stream().skip(3).map(ProgramHostProcess::onLoopback);
    return ProgramConfig.onLoopback(upstreams.toList())
        .at(onLoopback(words.get(2)))
        .reading(Path.of(URLDecoder.decode(words.get(0), UTF_8)))
        .within(Duration.ofMillis(Long.parseLong(words.get(1))));
  }

  private static InetSocketAddress onLoopback(String port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port));
  }
}
