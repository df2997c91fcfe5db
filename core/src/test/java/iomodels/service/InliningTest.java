package iomodels.service;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * C2 inlines buffer accesses into a session's loops, even if it compiles the session before it
 * compiles the access methods. Each session runs in a JVM that compiles only sessions and waits for
 * each compilation, so the order does not depend on timing.
 */
class InliningTest {

  private static final int CALLS = 50_000;

  @ParameterizedTest
  @ValueSource(strings = {"upper", "lines", "flood"})
  void accessesToADirectBufferAreInlined(String service, @TempDir Path folder) throws Exception {
    assumeThat(System.getProperty("java.vm.name")).as("a JVM with C2").contains("Server VM");
    Path log = folder.resolve("compilations.txt");
    Process java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xbatch",
                "-XX:-TieredCompilation",
                "-XX:CompileCommand=quiet",
                "-XX:CompileCommand=compileonly,iomodels.service.*::*",
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:+PrintCompilation",
                "-XX:+PrintInlining",
                "-cp",
                location(Services.class) + File.pathSeparator + location(InliningTest.class),
                InliningTest.class.getName(),
                service)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      assertThat(java.waitFor(2, TimeUnit.MINUTES)).as("the JVM has ended").isTrue();
    } finally {
      java.destroyForcibly();
    }
    List<String> lines = Files.readAllLines(log);

    assertThat(java.exitValue()).as("exit value; output: %s", lines).isZero();
    assertThat(lines)
        .anySatisfy(it -> assertThat(it).contains("::advance"))
        .noneSatisfy(it -> assertThat(it).contains("unloaded signature classes"));
  }

  private static Path location(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  /** Passes messages of 64 bytes to the named service, often enough for C2 to compile it. */
  public static void main(String[] arguments) {
    Session session = Services.named(arguments[0]).orElseThrow().open();
    ByteBuffer in = ByteBuffer.allocateDirect(64);
    ByteBuffer out = ByteBuffer.allocateDirect(64);
    byte[] message =
        (arguments[0].equals("flood") ? "1\n".repeat(32) : "a".repeat(63) + "\n")
            .getBytes(US_ASCII);
    in.put(message);
    for (int i = 0; i < CALLS; i++) {
      session.advance(in.rewind(), out.clear(), false);
    }
  }
}
