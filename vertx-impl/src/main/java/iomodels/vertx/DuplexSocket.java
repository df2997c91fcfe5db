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
 * A {@link NetSocket} whose two directions end independently, as those of TCP do (RFC 9293, section
 * 3.6). The peer's FIN calls the {@link #endHandler} after all data, and leaves the output open.
 * {@link #end()} sends FIN after all writes, and leaves the input open. When both directions have
 * ended, the socket closes itself. If the connection ends earlier, for example by a reset, the
 * {@link #exceptionHandler} is called in place of the end handler.
 *
 * <p><b>Why this class goes below the API of Vert.x.</b> {@code NetSocket} has no half-closed
 * state, neither in 5.1.6 nor on the master branch: the peer's FIN closes both directions and
 * discards unsent replies, and {@code end()} <a
 * href="https://github.com/eclipse-vertx/vert.x/blob/master/vertx-core/src/main/java/io/vertx/core/net/impl/StreamChannelBase.java">is
 * {@code close()}</a>. Netty supports it (<a
 * href="https://github.com/netty/netty/issues/219">netty#219</a>). So this class sets Netty's
 * option on the channel, which only {@code NetSocketInternal} exposes, and adds a handler between
 * Netty and Vert.x. <b>Delete this class</b> when Vert.x has a half-closed state.
 *
 * <p>This class also contains all other uses of Vert.x internals in this module: {@link
 * #write(ByteBuffer)} and {@link #bytesOf} each avoid a copy. For 16 KiB the two copies would cost
 * 1.3 µs, about a tenth of the processor time of a message; for 64 bytes, 10 ns.
 *
 * <p>Thread: handlers run on the event loop of the socket, and methods must be called there.
 * Exceptions are {@link #fetch}, {@link #writeQueueFull}, {@link #onLoop} and {@link #close}, which
 * any thread may call.
 */
public final class DuplexSocket implements ReadStream<Buffer>, WriteStream<Buffer> {

  private static final System.Logger LOG = System.getLogger(DuplexSocket.class.getName());

  /** While the server stops, a socket that receives nothing for this time is idle. */
  private static final long IDLE_MILLIS = 50;

  private static final int MAX_IDLE_CHECKS = 10;

  private static final Buffer EMPTY = BufferInternal.buffer(Unpooled.EMPTY_BUFFER);

  /** State of the connection, in the terms of TCP (RFC 9293, section 3.3.2). */
  private enum State {
    ESTABLISHED,
    /** The input has ended. */
    CLOSE_WAIT,
    /** The output has ended. */
    FIN_WAIT,
    /** Both have ended: the socket closes. */
    LAST_ACK
  }

  private final NetSocketInternal socket;
  private State state = State.ESTABLISHED;
  private @Nullable Handler<Buffer> handler;
  private @Nullable Handler<Void> endHandler;
  private @Nullable Handler<Throwable> exceptionHandler;

  /** Created by the first call of {@link #whenClosed}. */
  private @Nullable Promise<Void> closed;

  private boolean isClosed;
  private boolean paused;
  private boolean resetsAtClose;

  /** Whether anything was received or written since the last idle check began. */
  private boolean activeSinceCheck;

  private boolean receivedSinceCheck;

  private DuplexSocket(NetSocketInternal socket) {
    this.socket = socket;
  }

  /**
   * Wraps a socket from which nothing has been read. Call this in the handler that receives the
   * socket.
   */
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
        .exceptionHandler(DuplexSocket::logUnlessReset); // Vert.x then closes the socket.
    return duplex;
  }

  /**
   * Wraps a socket, like {@link #of(NetSocket)}, and fixes its read size. By default Netty adapts
   * the read buffer to the data received, and a message that fills the buffer costs one more read.
   * ({@code NetServerOptions.setReceiveBufferSize} would also set the receive buffer of the
   * kernel.)
   *
   * @param readSize maximum number of bytes per read
   */
  static DuplexSocket of(NetSocket socket, int readSize) {
    DuplexSocket duplex = of(socket);
    duplex.channel().config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(readSize));
    return duplex;
  }

  /**
   * Passes the FIN to Vert.x as an empty buffer, in order with the data. Netty reports it as an
   * event, which would overtake the data that a paused socket has not delivered yet.
   *
   * <p>It also copies the data out of Netty's pooled buffers, before Vert.x would. If data arrive
   * at a paused socket, and a reset follows before they are read, Vert.x does not release their
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
      } else if (context.channel().isActive()) { // On NIO a reset fires this event, too.
        context.fireChannelRead(Unpooled.EMPTY_BUFFER);
        context.fireChannelReadComplete(); // Only then does Vert.x flush the writes.
      }
    }
  }

  /** Without this handler, Vert.x logs each reset with its stack trace. */
  private static void logUnlessReset(Throwable failure) {
    if (!(failure instanceof IOException)) {
      LOG.log(WARNING, "A connection failed.", failure);
    }
  }

  private void received(Buffer chunk) {
    if (isInputEnded()) {
      return; // endInputWhenIdle has ended it.
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

  /**
   * Whether the input has ended: by the peer's FIN, after all data, or by {@link
   * #endInputWhenIdle}.
   */
  public boolean isInputEnded() {
    return state == State.CLOSE_WAIT || state == State.LAST_ACK;
  }

  /**
   * Ends the input of a server that stops, as if the peer had sent FIN, after the data that the
   * peer has already sent. All of them have been read if the conversation reads and nothing arrives
   * for 50 ms. If the peer keeps sending, the input ends after ten such periods.
   *
   * @param isReading whether the conversation reads, and has not paused the socket
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
   * Runs an action after 50 ms, and after the event loop has read once more. An event loop that was
   * blocked for longer runs a timer that is due before it reads, but a new timer only after that.
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

  /** Returns the data without a copy. */
  static ByteBuffer bytesOf(Buffer chunk) {
    return ((BufferInternal) chunk).getByteBuf().nioBuffer();
  }

  /** Writes a heap buffer without a copy. The caller must not use the buffer afterwards. */
  Future<Void> write(ByteBuffer bytes) {
    return write(BufferInternal.buffer(Unpooled.wrappedBuffer(bytes)));
  }

  /** Writes a text in UTF-8. */
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
   * Runs an action on the event loop of the socket, for a caller on another thread. Vert.x allows
   * any thread to write. But if the event loop closes the socket at the same time, the write is
   * lost and the socket stays open ({@code OutboundMessageQueue.releaseMessages}, 5.1.6).
   *
   * @return a future that completes with the action and never fails: if the action fails, the
   *     socket is closed, and {@link #whenClosed} reports it
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
   * Completes when the socket is closed after both directions have ended. Fails if it is closed
   * earlier: by a reset of the peer, or by this side.
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
    return new IOException("connection closed before both directions had ended");
  }

  private void closeInOrder() {
    if (resetsAtClose) {
      linger(-1);
    }
    close();
  }

  /** Closes immediately. Unsent output is lost, and if input is unread, the kernel sends RST. */
  @SuppressWarnings("FutureReturnValueIgnored") // whenClosed() reports it
  public void close() {
    // NetSocket.close() would only call the shutdown handler, if there is one.
    socket.channelHandlerContext().close();
  }

  /** Closes with RST, so that the peer does not take incomplete data for complete. */
  public void reset() {
    linger(0);
    close();
  }

  /**
   * Makes a later close send RST, also if Vert.x closes the socket, unless both directions have
   * ended.
   */
  public void resetAtClose() {
    resetsAtClose = true;
    linger(0);
  }

  private void linger(int seconds) {
    if (channel().isOpen()) { // A closed socket has no options.
      channel().config().setOption(ChannelOption.SO_LINGER, seconds);
    }
  }

  /** Like {@link #closeWhenIdle(Vertx, BooleanSupplier)}, for a conversation on the event loop. */
  void closeWhenIdle(Vertx vertx) {
    closeWhenIdle(vertx, () -> true);
  }

  /**
   * Closes the socket of a server that stops, when it is idle: all writes are sent, and nothing was
   * received or written for 50 ms. If it were closed while the client sends, the kernel would send
   * RST, which can destroy the last reply in transit. Does nothing if the output has ended.
   *
   * @param isWaiting whether the conversation, on another thread, waits for input and has passed
   *     all its writes to the event loop
   */
  void closeWhenIdle(Vertx vertx, BooleanSupplier isWaiting) {
    activeSinceCheck = false; // Now: with io_uring, a reply may be written before this is sent.
    socket.write(EMPTY).onSuccess(_ -> afterReading(vertx, () -> closeIfIdle(vertx, isWaiting)));
  }

  private void closeIfIdle(Vertx vertx, BooleanSupplier isWaiting) {
    boolean waits = isWaiting.getAsBoolean();
    vertx.runOnContext( // After the writes that were passed on before the wait.
        _ -> {
          if (!waits || activeSinceCheck) {
            closeWhenIdle(vertx, isWaiting);
          } else if (state == State.ESTABLISHED || state == State.CLOSE_WAIT) {
            close();
          }
        });
  }

  /** Closes the socket after a delay, unless it is closed before. */
  void closeAfter(Vertx vertx, Duration delay) {
    long timer = vertx.setTimer(delay.toMillis(), _ -> close());
    whenClosed().onComplete(_ -> vertx.cancelTimer(timer));
  }

  private Channel channel() {
    return socket.channelHandlerContext().channel();
  }

  /**
   * Sets the handler that is called with the grace period when the server stops; see {@link
   * NetSocket}.
   */
  public DuplexSocket shutdownHandler(Handler<Duration> handler) {
    socket.shutdownHandler(handler);
    return this;
  }

  /** Sets the handler of the data. Without a handler, data are discarded. */
  @Override
  public DuplexSocket handler(@Nullable Handler<Buffer> handler) {
    this.handler = handler;
    return this;
  }

  /** Sets the handler that is called when the input has ended, after all data. */
  @Override
  public DuplexSocket endHandler(@Nullable Handler<Void> handler) {
    endHandler = handler;
    return this;
  }

  /** Sets the handler that is called if the socket is closed before the input has ended. */
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

  /**
   * Does nothing unless the socket is paused; {@code NetSocket.resume} always costs a turn of the
   * event loop.
   */
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
