package iomodels.linux;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;

/** Offers {@link SignalDrivenServer}. */
public final class SignalDrivenProvider extends LinuxProvider {

  public SignalDrivenProvider() {
    super(
        new ModelCard(
            SignalDrivenServer.NAME,
            "One thread takes signals from a queue; each signal names a socket that is ready",
            IoModel.SIGNAL_DRIVEN,
            Notification.SIGNAL,
            Threading.ONE,
            "sigtimedwait",
            "recv",
            "signal.sigtimedwait"),
        "fcntl(F_SETSIG)",
        Signals::probe,
        SignalDrivenServer::new);
  }
}
