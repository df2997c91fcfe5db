package iomodels.conformance.rules;

import static iomodels.conformance.Bound.IDLE;
import static iomodels.conformance.rules.OffloadClients.EMPTY;
import static iomodels.conformance.rules.OffloadClients.SHORT;
import static iomodels.conformance.rules.OffloadClients.STANDARD;
import static iomodels.conformance.rules.OffloadRequests.sha256;
import static iomodels.conformance.rules.Section14Offload.BEGUN;
import static iomodels.conformance.rules.Section14Offload.NO_TIME;
import static iomodels.conformance.rules.Section14Offload.PONG;
import static iomodels.conformance.rules.Section14Offload.bytes;
import static iomodels.conformance.rules.Section14Offload.exchange;
import static iomodels.conformance.rules.Section14Offload.program;
import static iomodels.conformance.rules.Section14Offload.request;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.rules.OffloadClients.Occupant;
import iomodels.conformance.rules.OffloadRequests.Case;
import iomodels.conformance.targets.Instance;
import iomodels.program.LineReader;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Which files an offload program reads, and how it waits for a slow one. */
final class OffloadFiles {

  private static final String SLOWLY = "a client whose file comes slowly";
  private static final String LONELY = "a client whose FIFO nobody writes to";
  private static final String QUEUED = "a client whose task waits for a worker";

  private OffloadFiles() {}

  /** Rule 14.03. */
  static void unreadable(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.createDirectory(folder.resolve("folder"));
    Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop"));
    Files.writeString(folder.resolve("file"), "abc");
    List<String> names =
        new ArrayList<>(
            List.of(
                "missing",
                "folder",
                "loop",
                "File",
                "n".repeat(OffloadRequests.LONGEST_NAME + 1),
                "n".repeat(LineReader.MAX_BYTES - "read ".length())));
    if (makeSocket(folder.resolve("socket"))) {
      names.add("socket");
    }
    if (makeUnreadable(folder.resolve("secret"))) {
      names.add("secret");
    }
    if (Files.exists(folder.resolve("File"))) {
      names.remove("File"); // The file system ignores case.
    }
    List<Case> requests = new ArrayList<>();
    for (String each : names) {
      requests.add(request("read " + each, "error cannot read " + each));
      requests.add(request("ping", "pong"));
    }
    requests.add(request("read file", sha256(bytes("abc"), 1)));
    Peer client = context.connect(program(context, folder));
    for (Case each : requests) {
      exchange(client, List.of(each));
    }
  }

  private static boolean makeSocket(Path path) throws IOException {
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.bind(UnixDomainSocketAddress.of(path));
      return true;
    } catch (UnsupportedOperationException | SocketException _) {
      return false; // This system has no such sockets, or the path is too long.
    }
  }

  /** Creates a file that nobody may read; root may read it nevertheless. */
  private static boolean makeUnreadable(Path path) throws IOException {
    Files.writeString(path, "abc");
    try {
      Files.setPosixFilePermissions(path, Set.of());
    } catch (UnsupportedOperationException _) {
      return false;
    }
    return !Files.isReadable(path);
  }

  /** Rule 14.17. */
  static void staysInItsFolder(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path parent = context.folder();
    Path folder = Files.createDirectory(parent.resolve("files"));
    Path outside = Files.createDirectory(parent.resolve("files-of-others"));
    Files.writeString(outside.resolve("secret"), "abc");
    Files.writeString(parent.resolve("above"), "abc");
    Files.writeString(folder.resolve("own"), "abc");
    Map<String, Path> links =
        Map.of(
            "link", outside.resolve("secret"),
            "relative", Path.of("../files-of-others/secret"),
            "chain", folder.resolve("link"),
            "up", Path.of("../above"),
            "elsewhere", outside,
            "zero", Path.of("/dev/zero"),
            "null", Path.of("/dev/null"),
            "nowhere", folder.resolve("missing"));
    for (Map.Entry<String, Path> each : links.entrySet()) {
      Files.createSymbolicLink(folder.resolve(each.getKey()), each.getValue());
    }
    Files.createSymbolicLink(folder.resolve("inside"), Path.of("own"));
    List<String> forbidden = new ArrayList<>(new TreeSet<>(links.keySet()));
    if (makeDevice(folder.resolve("device"))) {
      forbidden.add("device");
    }
    Instance program = program(context, folder);
    for (String name : forbidden) {
      Peer client = context.connect(program);
      exchange(client, List.of(request("read " + name, "error cannot read " + name)));
      client.close();
    }
    exchange(context.connect(program), List.of(request("read inside", sha256(bytes("abc"), 1))));
  }

  /** Makes a device that never ends; only root can do so, and only in some containers. */
  private static boolean makeDevice(Path path) throws InterruptedException {
    try {
      Process mknod =
          new ProcessBuilder("mknod", path.toString(), "c", "1", "5")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return mknod.waitFor() == 0;
    } catch (IOException _) {
      return false; // There is no mknod.
    }
  }

  /** Rule 14.22. */
  static void waits(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    Occupant slow = clients.occupyWorker();
    slow.file().begin("a");
    slow.client().finishSending();
    context.fifo(folder, "lonely");
    Peer lonely = context.connect(program);
    lonely.send("read lonely\n");
    lonely.expectSilence(BEGUN);
    List<Occupant> others = new ArrayList<>();
    for (int i = 2; i < STANDARD.workers(); i++) {
      others.add(clients.occupyWorker());
    }
    Peer queued = context.connect(program);
    queued.send(SHORT);
    Peer silent = context.connect(program);
    Peer begun = context.connect(program);
    begun.send("pi");
    silent.expectSilence(context.time(IDLE));
    demandWaits(slow.client(), SLOWLY);
    demandWaits(lonely, LONELY);
    demandWaits(begun, "a client that has sent half a request");
    slow.file().begin("b");
    demandWaits(slow.client(), SLOWLY);
    silent.send("ping\n");
    silent.expect(PONG);
    begun.send("ng\n");
    begun.expect(PONG);
    Duration time = Timing.longSilence(context);
    try {
      slow.client().expectSilence(time);
    } catch (Broken e) {
      throw e.at(SLOWLY);
    }
    demandWaits(lonely, LONELY);
    slow.file().release("c");
    demandAfter(time, SLOWLY, slow.client(), sha256(bytes("abc"), 1));
    slow.client().expectFin();
    demandAfter(time, QUEUED, queued, EMPTY);
    OffloadClients.release(others);
    write(folder.resolve("lonely"), "abc");
    demandAfter(time, LONELY, lonely, sha256(bytes("abc"), 1));
  }

  /** Writes to a FIFO whose reader waits. Opening it for both directions does not block. */
  private static void write(Path fifo, String content) throws IOException {
    try (FileChannel out =
        FileChannel.open(fifo, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      out.write(ByteBuffer.wrap(bytes(content)));
    }
  }

  private static void demandAfter(Duration time, String which, Peer client, String answer)
      throws Broken {
    try {
      client.expect(answer + "\n");
    } catch (Broken e) {
      throw e.at("%s for %,d ms".formatted(which, time.toMillis()));
    }
  }

  private static void demandWaits(Peer client, String which) throws Broken {
    try {
      client.expectSilence(NO_TIME);
    } catch (Broken e) {
      throw e.at(which);
    }
  }
}
