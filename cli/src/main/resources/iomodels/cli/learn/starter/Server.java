import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** A first server: returns bytes in upper case, to one client at a time. */
public class Server {

  public static void main(String[] arguments) throws IOException {
    int port = Integer.parseInt(arguments[0]); // arguments[1] is the name of the service.
    try (ServerSocket listener = new ServerSocket(port, 50, InetAddress.getLoopbackAddress())) {
      while (true) {
        try (Socket client = listener.accept()) {
          converse(client);
        } catch (IOException e) {
          System.err.println("a client has gone: " + e);
        }
      }
    }
  }

  private static void converse(Socket client) throws IOException {
    InputStream in = client.getInputStream();
    OutputStream out = client.getOutputStream();
    byte[] buffer = new byte[65536];
    for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
      for (int i = 0; i < length; i++) {
        if (buffer[i] >= 'a' && buffer[i] <= 'z') {
          buffer[i] -= 'a' - 'A';
        }
      }
      out.write(buffer, 0, length);
    }
  }
}
