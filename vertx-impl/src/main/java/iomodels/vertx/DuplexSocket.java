package iomodels.vertx;

import static java.lang.System.Logger.Level.WARNING;
import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.DuplexChannel;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A {@link NetSocket} whose two directions end separately, as those of TCP do (RFC 9293, section
 * 3.6). The peer's FIN calls the {@link #endHandler}, behind all data, and leaves the output open.
 * {@link #end()} sends FIN behind all writes, and leaves the input open. When both directions have
 * ended, the socket closes itself. If the connection ends earlier, by a reset for instance, the
 * {@link #exceptionHandler} is called in place of the end handler.
 *
 * <p><b>Why this class goes below the API of Vert.x.</b> {@code NetSocket} has no half-closed
 * state, in 5.1.6 as on the master branch: the peer's FIN closes both directions, with all replies
 * that are not sent yet, and {@code end()} <a
 * href="https://github.com/eclipse-vertx/vert.x/blob/master/vertx-core/src/main/java/io/vertx/core/net/impl/StreamChannelBase.java">is
 * {@code close()}</a>. Netty has it (<a
 * href="https://github.com/netty/netty/issues/219">netty#219</a>); so this class sets Netty's
 * option on the channel, which only {@code NetSocketInternal} gives, and adds a handler between
 * Netty and Vert.x. <b>Delete this class</b> when Vert.x has a half-closed state.
 *
 * <p>All other internals of Vert.x in this module are here as well: {@link #write(ByteBuffer)} and
 * {@link #bytesOf} each save a copy. For 16 KiB the two copies would cost 1.3 µs, about a tenth of
 * the processor time of a message; for 64 bytes 10 ns.
 *
 * <p>Thread: all methods and handlers are for the event loop of the socket, except {@link #fetch},
 * {@link #writeQueueFull}, {@link #onLoop} and {@link #close}, which any thread may call.
 */
public final class DuplexSocket implements ReadStream<Buffer>, WriteStream<Buffer> {

  private static final System.Logger LOG = System.getLogger(DuplexSocket.class.getName());

  /** A socket that receives nothing for so long, while the server stops, is idle. */
  private static final long IDLE_MILLIS = 50;

  private static final int MAX_IDLE_CHECKS = 10;

  private static final Buffer EMPTY = BufferInternal.buffer(Unpooled.EMPTY_BUFFER);

  /** Where the connection is, in the terms of TCP (RFC 9293, section 3.3.2). */
  private enum State {
    ESTABLISHED,
    /** The input has ended. */
    CLOSE_WAIT,
    /** The output has ended. */
    FIN_WAIT,
    /** Both have ended, and the socket closes. */
    LAST_ACK
  }

  private final NetSocketInternal socket;
  private State state = State.ESTABLISHED;
  private @Nullable Handler<Buffer> handler;
  private @Nullable Handler<Void> endHandler;
  private @Nullable Handler<Throwable> exceptionHandler;

  /** Made when it is asked for. */
  private @Nullable Promise<Void> closed;

  private boolean isClosed;
  private boolean paused;
  private boolean resetsAtClose;

  /** Anything was received or written since the last idle check. */
  private boolean activeSinceCheck;

  private boolean receivedSinceCheck;

  private DuplexSocket(NetSocketInternal socket) {
    this.socket = socket;
  }

  /** Makes one of a socket from which nothing was read yet: in the handler that gets the socket. */
  public static DuplexSocket of(NetSocket socket) {
    NetSocketInternal internal = (NetSocketInternal) socket;
    ChannelHandlerContext context = internal.channelHandlerContext();
    context
        .channel()
        .config()
        .setAllocator(PooledByteBufAllocator.DEFAULT)
        .setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    context.pipeline().addBefore(context.name(), "fin-in-order", FinInOrder.INSTANCE);
    DuplexSocket duplex = new DuplexSocket(internal);
    internal
        .handler(duplex::received)
        .closeHandler(_ -> duplex.closed())
        .exceptionHandler(DuplexSocket::logUnlessReset); // Vert.x closes the socket then.
    return duplex;
  }

  /**
   * The same, for a socket that reads up to so many bytes at a time, always. By default Netty
   * adapts the buffer to what was received, and a message that fills it costs one more read.
   * ({@code NetServerOptions.setReceiveBufferSize} would set the buffer of the kernel as well.)
   */
  static DuplexSocket of(NetSocket socket, int readSize) {
    DuplexSocket duplex = of(socket);
    duplex.channel().config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(readSize));
    return duplex;
  }

  /**
   * Passes FIN to Vert.x as an empty buffer, in order with the data: Netty reports it as an event
   * beside them, and a socket that is paused has not delivered the data yet.
   *
   * <p>It also copies the data out of Netty's pool, before Vert.x would do it: of data that arrive
   * for a paused socket, and are never read because of a reset, Vert.x would not release the
   * buffers ({@code VertxConnection.pending}).
   */
  @ChannelHandler.Sharable
  private static final class FinInOrder extends ChannelInboundHandlerAdapter {

    static final FinInOrder INSTANCE = new FinInOrder();

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf pooled = (ByteBuf) message;
      try {
        context.fireChannelRead(Unpooled.copiedBuffer(pooled));
      } finally {
        pooled.release();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event != ChannelInputShutdownReadComplete.INSTANCE) {
        context.fireUserEventTriggered(event);
      } else if (context.channel().isActive()) { // Netty's NIO has this event after a reset, too.
        context.fireChannelRead(Unpooled.EMPTY_BUFFER);
        context.fireChannelReadComplete(); // Vert.x flushes what was written in between only then.
      }
    }
  }

  /** Vert.x would log each reset, with its stack trace. */
  private static void logUnlessReset(Throwable failure) {
    if (!(failure instanceof IOException)) {
      LOG.log(WARNING, "A connection failed.", failure);
    }
  }

  private void received(Buffer chunk) {
    if (isInputEnded()) {
      return; // By endInputWhenIdle.
    }
    if (chunk.length() == 0) {
      endInput();
      return;
    }
    activeSinceCheck = true;
    receivedSinceCheck = true;
    if (handler != null) {
      handler.handle(chunk);
    }
  }

  /** Whether the peer's FIN was received, and all data before it. */
  public boolean isInputEnded() {
    return state == State.CLOSE_WAIT || state == State.LAST_ACK;
  }

  /**
   * Ends the input as if the peer's FIN had come, once what was sent before has been read: the
   * conversation reads, and nothing has come for 50 ms. For a server that stops. A peer that goes
   * on sending is waited for ten times as long.
   *
   * @param isReading whether the conversation wants input, and has not paused the socket
   */
  public void endInputWhenIdle(BooleanSupplier isReading) {
    endInputWhenIdle(requireNonNull(Vertx.currentContext()).owner(), isReading, MAX_IDLE_CHECKS);
  }

  private void endInputWhenIdle(Vertx vertx, BooleanSupplier isReading, int checks) {
    receivedSinceCheck = false;
    afterReading(
        vertx,
        () -> {
          if (isClosed || isInputEnded()) {
            return;
          }
          if (!isReading.getAsBoolean()) {
            endInputWhenIdle(vertx, isReading, checks);
          } else if (receivedSinceCheck && checks > 1) {
            endInputWhenIdle(vertx, isReading, checks - 1);
          } else {
            endInput();
          }
        });
  }

  /**
   * Runs an action after 50 ms, and after the loop has read once more. A loop that was held up for
   * longer runs a timer that is due before it reads, but a new one only after that.
   */
  private static void afterReading(Vertx vertx, Runnable action) {
    vertx.setTimer(IDLE_MILLIS, _ -> vertx.setTimer(1, _ -> action.run()));
  }

  private void endInput() {
    if (isInputEnded()) {
      return;
    }
    boolean isLast = state == State.FIN_WAIT;
    state = isLast ? State.LAST_ACK : State.CLOSE_WAIT;
    if (endHandler != null) {
      endHandler.handle(null);
    }
    if (isLast) {
      closeInOrder();
    }
  }

  /** The data, without a copy. */
  static ByteBuffer bytesOf(Buffer chunk) {
    return ((BufferInternal) chunk).getByteBuf().nioBuffer();
  }

  /** Writes a buffer of the heap, without a copy: the caller does not use it any more. */
  Future<Void> write(ByteBuffer bytes) {
    return write(BufferInternal.buffer(Unpooled.wrappedBuffer(bytes)));
  }

  /** Writes in UTF-8. */
  public Future<Void> write(String text) {
    return write(Buffer.buffer(text));
  }

  @Override
  public Future<Void> write(Buffer chunk) {
    activeSinceCheck = true;
    return socket.write(chunk);
  }

  /** Sends FIN when all writes are sent. */
  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // It fails if the socket is closed already.
  public Future<Void> end() {
    return write(EMPTY)
        .onSuccess(
            _ -> {
              if (state == State.CLOSE_WAIT) {
                state = State.LAST_ACK;
                closeInOrder();
              } else if (state == State.ESTABLISHED) {
                state = State.FIN_WAIT;
                ((DuplexChannel) channel()).shutdownOutput();
              }
            });
  }

  /**
   * Runs an action on the event loop of the socket; for another thread. Vert.x lets any thread
   * write; but if the loop closes the socket in that instant, the write is lost and the socket
   * stays open ({@code OutboundMessageQueue.releaseMessages}, 5.1.6).
   *
   * @return completes with the action, and never fails: if the action fails, the socket is closed,
   *     and {@link #whenClosed} tells it
   */
  Future<Void> onLoop(Supplier<Future<Void>> action) {
    Promise<Void> done = Promise.promise();
    socket
        .channelHandlerContext()
        .executor()
        .execute(() -> action.get().onComplete(_ -> done.complete()));
    return done.future();
  }

  /**
   * Completes when the socket is closed, after both directions have ended. Fails if it is closed
   * before: the peer has reset the connection, or this side has closed it.
   */
  public Future<Void> whenClosed() {
    Promise<Void> promise = closed;
    if (promise == null) {
      promise = Promise.promise();
      closed = promise;
      if (isClosed) {
        complete(promise);
      }
    }
    return promise.future();
  }

  private void closed() {
    isClosed = true;
    if (!isInputEnded() && exceptionHandler != null) {
      exceptionHandler.handle(closedEarly());
    }
    if (closed != null) {
      complete(closed);
    }
  }

  private void complete(Promise<Void> promise) {
    if (state == State.LAST_ACK) {
      promise.complete();
    } else {
      promise.fail(closedEarly());
    }
  }

  private static IOException closedEarly() {
    return new IOException("the connection ended before both its directions");
  }

  private void closeInOrder() {
    if (resetsAtClose) {
      linger(-1);
    }
    close();
  }

  /** Closes at once: what is not sent yet is lost, and with input unread the kernel sends RST. */
  @SuppressWarnings("FutureReturnValueIgnored") // whenClosed() tells it
  public void close() {
    // Not by NetSocket.close(), which only calls the shutdown handler if there is one.
    socket.channelHandlerContext().close();
  }

  /** Closes with RST: the peer must not take what it has received for the whole. */
  public void reset() {
    linger(0);
    close();
  }

  /** Makes every later close a reset, also if Vert.x closes the socket. */
  public void resetAtClose() {
    resetsAtClose = true;
    linger(0);
  }

  private void linger(int seconds) {
    if (channel().isOpen()) { // Otherwise there is no socket that has the option.
      channel().config().setOption(ChannelOption.SO_LINGER, seconds);
    }
  }

  /** {@link #closeWhenIdle(Vertx, BooleanSupplier)} for a conversation on the event loop. */
  void closeWhenIdle(Vertx vertx) {
    closeWhenIdle(vertx, () -> true);
  }

  /**
   * Closes the socket when it is idle: all writes are sent, and nothing was received or written for
   * 50 ms. For a server that stops: to close while the client sends makes the kernel send RST,
   * which can destroy the last reply on its way. Does nothing once the output has ended.
   *
   * @param isWaiting whether the conversation, in another thread, waits for input, and has handed
   *     all its writes to the event loop
   */
  void closeWhenIdle(Vertx vertx, BooleanSupplier isWaiting) {
    write(EMPTY)
        .onSuccess(
            _ -> {
              activeSinceCheck = false;
              afterReading(vertx, () -> closeIfIdle(vertx, isWaiting));
            });
  }

  private void closeIfIdle(Vertx vertx, BooleanSupplier isWaiting) {
    boolean waits = isWaiting.getAsBoolean();
    vertx.runOnContext( // Behind the writes that were handed over before it waited.
        _ -> {
          if (!waits || activeSinceCheck) {
            closeWhenIdle(vertx, isWaiting);
          } else if (state == State.ESTABLISHED || state == State.CLOSE_WAIT) {
            close();
          }
        });
  }

  /** Closes the socket after a delay, unless it has closed before. */
  void closeAfter(Vertx vertx, Duration delay) {
    long timer = vertx.setTimer(delay.toMillis(), _ -> close());
    whenClosed().onComplete(_ -> vertx.cancelTimer(timer));
  }

  private Channel channel() {
    return socket.channelHandlerContext().channel();
  }

  /** Is called when the server stops, with the grace period; see {@link NetSocket}. */
  public DuplexSocket shutdownHandler(Handler<Duration> handler) {
    socket.shutdownHandler(handler);
    return this;
  }

  /** Without one, data are discarded. */
  @Override
  public DuplexSocket handler(@Nullable Handler<Buffer> handler) {
    this.handler = handler;
    return this;
  }

  /** Is called behind all data, when the peer has sent FIN. */
  @Override
  public DuplexSocket endHandler(@Nullable Handler<Void> handler) {
    endHandler = handler;
    return this;
  }

  /** Is called if the socket is closed before the peer has sent FIN. */
  @Override
  public DuplexSocket exceptionHandler(@Nullable Handler<Throwable> handler) {
    exceptionHandler = handler;
    return this;
  }

  @Override
  public DuplexSocket pause() {
    paused = true;
    socket.pause();
    return this;
  }

  /** Costs nothing unless paused; that of Vert.x takes a turn of the event loop in any case. */
  @Override
  public DuplexSocket resume() {
    if (paused) {
      paused = false;
      socket.resume();
    }
    return this;
  }

  @Override
  public DuplexSocket fetch(long amount) {
    socket.fetch(amount);
    return this;
  }

  @Override
  public boolean writeQueueFull() {
    return socket.writeQueueFull();
  }

  @Override
  public DuplexSocket setWriteQueueMaxSize(int bytes) {
    socket.setWriteQueueMaxSize(bytes);
    return this;
  }

  @Override
  public DuplexSocket drainHandler(@Nullable Handler<Void> handler) {
    socket.drainHandler(handler);
    return this;
  }
}
