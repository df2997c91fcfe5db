package iomodels.reactor;
import java.net.*; import java.io.*; import java.util.*;
import iomodels.program.*; import iomodels.netty.*; import iomodels.server.*;
/* A connection that is accepted more than LAST_READ after the stop began. The host is told to stop; a client's conversation is started after stop. */
class Exp5 {
  public static void main(String[] a) throws Exception {
    // the loop that accepts is busy for 300 ms (as 1000 members of a chat would make it)
    var cfg = ProgramConfig.onLoopback(List.of());
    Loops loops = Loops.of(Transport.EPOLL, 1);
    var host = new ProgramHost(cfg, loops, (c, stop) -> new LineConversation(c, stop).answerEach(l -> Optional.of(reactor.core.publisher.Mono.just("ok\n")), "bad\n"));
    loops.group().execute(() -> { try { Thread.sleep(400); } catch (InterruptedException e) {} });
    List<Socket> l = new ArrayList<>();
    for (int i = 0; i < 100; i++) { Socket c = new Socket(host.address().getAddress(), host.address().getPort()); c.getOutputStream().write("x\n".getBytes()); l.add(c); }
    Thread.ofVirtual().start(host::close);
    int ok = 0; for (Socket c : l) try { if (c.getInputStream().read() == 'o') ok++; } catch (IOException e) {}
    System.out.println("answered " + ok + " of 100"); System.exit(0);
  }
}
