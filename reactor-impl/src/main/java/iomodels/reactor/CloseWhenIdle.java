package iomodels.reactor;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import java.util.function.BooleanSupplier;

/**
 * Closes a connection of a server that stops, when its client sends nothing more: to close while it
 * sends would send RST, which destroys replies on their way. Reactor Netty's {@code
 * Connection.onReadIdle} has one timeout, but here nothing must have come at several checks in a
 * row. One is not enough: a busy event loop may look for input only once between two checks, and a
 * new connection has its turn in the round after that.
 *
 * <p>Thread: the channel's event loop.
 */
final class CloseWhenIdle extends IdleStateHandler {

  private static final int CHECKS = 4;
  private static final long PERIOD_MILLIS = 25;

  private final BooleanSupplier mayClose;
  private int checks;

  /** Closes only while {@code mayClose} is true. */
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
  @SuppressWarnings("FutureReturnValueIgnored") // of closing
  protected void channelIdle(ChannelHandlerContext context, IdleStateEvent event) {
    checks = mayClose.getAsBoolean() ? checks + 1 : 0;
    if (checks == CHECKS) {
      context.close();
    }
  }
}
