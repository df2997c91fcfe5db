package iomodels.conformance.junit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iomodels.conformance.targets.ServerStarter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.opentest4j.TestAbortedException;

/** Tests servers that know nothing of this project. */
class OfServerTest {

  @TestFactory
  Stream<DynamicTest> anEchoServerKeepsTheRules() {
    return Conformance.ofServer(
        "echo", EchoServer::new, "1", "2.03", "4.01", "6.01", "9.02", "9.05");
  }

  /** Takes bytes for text, and so changes those that are none. */
  private static final class TextServer extends EchoServer {

    TextServer(int port) throws IOException {
      super(port);
    }

    @Override
    void echo(InputStream in, OutputStream out) throws IOException {
      byte[] chunk = new byte[8192];
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        out.write(new String(chunk, 0, n, UTF_8).getBytes(UTF_8));
      }
    }
  }

  @Test
  void aBrokenRuleFailsItsTest() {
    Map<String, String> results = results("echo", TextServer::new, "1.02", "1.03");

    assertThat(results.get("1.03")).isEmpty();
    assertThat(results.get("1.02")).contains("(byte 0 being 0x80)", "why: ", "seed ");
    assertThat(results.get("enough")).isEmpty();
  }

  @Test
  void aServerOfAnotherServiceIsNoSuccess() {
    Map<String, String> results = results("upper", EchoServer::new, "1");

    assertThat(results.get("1.01")).startsWith("aborted: the server does not serve upper");
    assertThat(results.get("enough"))
        .startsWith("0 of 5 rules were tried")
        .contains("it echoes; try --service echo");
  }

  @Test
  void aServerThatDoesNotStartSaysWhy() {
    ServerStarter failing =
        _ -> {
          throw new IOException("no licence");
        };

    assertThat(results("echo", failing, "1.01").get("enough")).contains("no licence");
  }

  @Test
  void anUnknownServiceIsNamedWithTheOthers() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Conformance.ofServer("ecco", EchoServer::new))
        .withMessageContaining("unknown service \"ecco\"; there are: [upper, echo, ");
  }

  /** The messages of failed and aborted tests, by the first word of the test's name. */
  private static Map<String, String> results(String service, ServerStarter starter, String... ids) {
    Map<String, String> results = new LinkedHashMap<>();
    Conformance.ofServer(service, starter, ids)
        .forEach(it -> results.put(it.getDisplayName().split(" ", 2)[0], result(it)));
    return results;
  }

  private static String result(DynamicTest test) {
    try {
      test.getExecutable().execute();
      return "";
    } catch (TestAbortedException e) {
      return "aborted: " + e.getMessage().replace("Assumption failed: ", "");
    } catch (Throwable e) {
      return String.valueOf(e.getMessage());
    }
  }
}
