/** Servers on Linux's system calls, through java.lang.foreign, without C code. */
module iomodels.linux {
  requires iomodels.core;
  requires static org.jspecify;

  provides iomodels.server.spi.ServerProvider with
      iomodels.linux.SelectProvider,
      iomodels.linux.PollProvider,
      iomodels.linux.EpollProvider,
      iomodels.linux.EpollEdgeProvider,
      iomodels.linux.SignalDrivenProvider,
      iomodels.linux.IoUringProvider;
}
