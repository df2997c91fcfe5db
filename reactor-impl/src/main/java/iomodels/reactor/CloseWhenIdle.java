package iomodels.reactor;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import java.util.function.BooleanSupplier;

/**
 * Closes a connection of a server that stops, when its client sends nothing more. Closing while the
 * client sends would send RST, which destroys replies in transit. Reactor Netty's {@code
 * Connection.onReadIdle} has a single timeout. This handler requires several consecutive checks
 * without input. A busy event loop may poll for input only once between two checks, and reads from
 * a new connection only in the next iteration.
 *
 * <p>Thread: the event loop of the channel.
 */
final class CloseWhenIdle extends IdleStateHandler {

  private static final int CHECKS = 4;
  private static final long PERIOD_MILLIS = 25;

  private final BooleanSupplier mayClose;
  private int checks;

  /** Creates a handler that closes the channel only while {@code mayClose} is true. */
  CloseWhenIdle(BooleanSupplier mayClose) {
    super(PERIOD_MILLIS, 0, 0, MILLISECONDS);
    this.mayClose = mayClose;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    checks = 0;
    super.channelRead(context, message);
  }

  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // the result of close()
  protected void channelIdle(ChannelHandlerContext context, IdleStateEvent event) {
    checks = mayClose.getAsBoolean() ? checks + 1 : 0;
    if (checks == CHECKS) {
      context.close();
    }
  }
}
