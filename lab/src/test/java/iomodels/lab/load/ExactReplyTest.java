package iomodels.lab.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class ExactReplyTest {

  private final ExactReply verifier =
      new ExactReply("ABC".getBytes(US_ASCII), it -> LoadFailure.of("connection", 1, 2, it));

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(US_ASCII));
  }

  @Test
  void aReplyMayArriveInPartsAndTogetherWithTheNext() {
    ByteBuffer received = bytes("CA");
    verifier.verify(bytes("AB"));
    assertThat(verifier.progress()).isEqualTo("2 of 3 bytes of a reply received");
    verifier.verify(received);

    assertThat(verifier.isComplete()).isTrue();
    assertThat(received.remaining()).as("bytes of the next reply").isEqualTo(1);
    verifier.reset();
    verifier.verify(received);
    assertThat(verifier.remaining()).isEqualTo(2);
  }

  @Test
  void aWrongByteIsNamedByItsPlaceInTheReply() {
    verifier.verify(bytes("A"));

    assertThatThrownBy(() -> verifier.verify(bytes("BX")))
        .isInstanceOf(LoadFailure.class)
        .hasMessageContaining("connection 1 of 2: byte 2 of a reply is 0x58, not 0x43");
  }
}
