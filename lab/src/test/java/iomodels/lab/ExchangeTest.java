package iomodels.lab;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iomodels.service.Services;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExchangeTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 64, 16 * 1024})
  void upperIsAnsweredByteForByteAndDiffersByConnection(int bytes) {
    Exchange exchange = Exchange.of(Services.UPPER, bytes);

    assertThat(exchange.message(0)).hasSize(bytes).isNotEqualTo(exchange.message(1));
    assertThat(exchange.reply(0)).hasSize(bytes).isNotEqualTo(exchange.message(0));
    assertThat((char) exchange.reply(2)[0]).isEqualTo('C');
  }

  @Test
  void aLineEndsWithALineFeedAndHoldsNoOther() {
    Exchange exchange = Exchange.of(Services.LINES, 500);
    String message = new String(exchange.message(3), US_ASCII);

    assertThat(message.indexOf('\n')).isEqualTo(499);
    assertThat(exchange.reply(3)).hasSize(500);
  }

  @Test
  void aFloodIsAskedForAFewBytes() {
    assertThat(Exchange.of(Services.FLOOD, 4).reply(0)).hasSize(8);
  }

  @Test
  void whatCannotBeLoadedIsRefusedInWords() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Exchange.of(Services.DISCARD, 64))
        .withMessage("discard does not answer each message, so that there is nothing to measure");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Exchange.of(Services.FLOOD, 64))
        .withMessage("flood does not go on after a message of 64 bytes");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Exchange.of(Services.UPPER, 0))
        .withMessage("a message has at least one byte");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Exchange.ofDatagrams(Services.LINES, 64))
        .withMessage("lines is not served over UDP");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Exchange.ofDatagrams(Services.FIXED, 64))
        .withMessage("a reply of fixed does not tell which datagram it answers");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Exchange.ofDatagrams(Services.UPPER, 7))
        .withMessageStartingWith("a datagram has 8 to 65,507 bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 0xBADCAFE, Integer.MAX_VALUE})
  void aNumberIsReadAsItWasWritten(int number) {
    ByteBuffer buffer = ByteBuffer.allocate(20);
    Sequence.write(number, buffer);

    assertThat(Sequence.read(buffer)).isEqualTo(number);
    assertThat(buffer.position()).isZero();
  }

  @Test
  void whatIsNoNumberIsNoNumber() {
    assertThat(Sequence.read(ByteBuffer.wrap("0000G000".getBytes(US_ASCII)))).isEqualTo(-1);
  }
}
