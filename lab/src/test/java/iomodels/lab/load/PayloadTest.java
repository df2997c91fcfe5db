package iomodels.lab.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iomodels.service.Services;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PayloadTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 64, 16 * 1024})
  void upperIsAnsweredByteForByteAndDiffersByConnection(int bytes) {
    Payload payload = Payload.of(Services.UPPER, bytes);

    assertThat(payload.message(0)).hasSize(bytes).isNotEqualTo(payload.message(1));
    assertThat(payload.reply(0)).hasSize(bytes).isNotEqualTo(payload.message(0));
    assertThat((char) payload.reply(2)[0]).isEqualTo('C');
  }

  @Test
  void aLineEndsWithALineFeedAndHoldsNoOther() {
    Payload payload = Payload.of(Services.LINES, 500);
    String message = new String(payload.message(3), US_ASCII);

    assertThat(message.indexOf('\n')).isEqualTo(499);
    assertThat(payload.reply(3)).hasSize(500);
  }

  @Test
  void aFloodIsAskedForAFewBytes() {
    assertThat(Payload.of(Services.FLOOD, 4).reply(0)).hasSize(8);
  }

  @Test
  void whatCannotBeLoadedIsRefusedInWords() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Payload.of(Services.DISCARD, 64))
        .withMessage("discard does not answer each message: there is nothing to measure");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Payload.of(Services.FLOOD, 64))
        .withMessage("flood does not wait for input after a message of 64 bytes");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Payload.of(Services.UPPER, 0))
        .withMessage("a message must have at least one byte");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Payload.ofDatagrams(Services.LINES, 64))
        .withMessage("lines is not served over UDP");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Payload.ofDatagrams(Services.FIXED, 64))
        .withMessage("a reply of fixed does not repeat the number of its datagram");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Payload.ofDatagrams(Services.UPPER, 7))
        .withMessageStartingWith("a datagram carries a number: it must have 8 to 65,507 bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 0xBADCAFE, Integer.MAX_VALUE})
  void aNumberIsReadAsItWasWritten(int number) {
    ByteBuffer buffer = ByteBuffer.allocate(20);
    SequenceNumber.write(number, buffer);

    assertThat(SequenceNumber.read(buffer)).isEqualTo(number);
    assertThat(buffer.position()).isZero();
  }

  @Test
  void whatIsNoNumberIsNoNumber() {
    assertThat(SequenceNumber.read(ByteBuffer.wrap("0000G000".getBytes(US_ASCII)))).isEqualTo(-1);
  }
}
