/** Linux's own system calls, by java.lang.foreign: no C. */
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
