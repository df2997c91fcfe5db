package iomodels.conformance.targets;

import static java.util.stream.Collectors.joining;

import iomodels.process.JavaOptions;
import java.io.File;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Commands that start a JVM with the same modules as this one. */
final class Jvm {

  /** Flags for a JVM that is tested and not measured: quick start, few threads. */
  static final List<String> QUICK =
      Stream.concat(Stream.of("-XX:TieredStopAtLevel=1"), JavaOptions.serialCollector().stream())
          .toList();

  private static final String MODULE = "iomodels.conformance";

  private Jvm() {}

  /**
   * Returns a command.
   *
   * @param main a class of this module with a {@code main} method
   * @param nativeModules modules that may call native code; absent ones are ignored
   * @param flags flags for the JVM, besides {@link JavaOptions#COMMON}
   */
  static List<String> command(
      Class<?> main, List<String> nativeModules, List<String> flags, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JavaOptions.COMMON);
    command.addAll(flags);
    String natives = natives(nativeModules);
    if (!natives.isEmpty()) {
      command.add("--enable-native-access=" + natives);
    }
    command.addAll(List.of("--module-path", modulePath()));
    command.addAll(List.of("--module", MODULE + "/" + main.getName()));
    command.addAll(arguments);
    return command;
  }

  /** Returns the modules of the list that exist on the module path, separated by commas. */
  static String natives(List<String> modules) {
    ModuleFinder finder = ModuleFinder.of(entries(modulePath()).map(Path::of).toArray(Path[]::new));
    return modules.stream().filter(name -> finder.find(name).isPresent()).collect(joining(","));
  }

  /**
   * Returns the module path of this JVM. A test runner puts modules that only tests need, such as
   * the kit, on the class path; they are added.
   */
  static String modulePath() {
    Stream<String> modules = entries(System.getProperty("jdk.module.path", ""));
    Stream<String> classes =
        Jvm.class.getModule().isNamed()
            ? Stream.of()
            : entries(System.getProperty("java.class.path"))
                .filter(entry -> entry.endsWith(".jar") || isModule(entry));
    return Stream.concat(modules, classes).collect(joining(File.pathSeparator));
  }

  private static Stream<String> entries(String path) {
    return Stream.of(path.split(File.pathSeparator)).filter(entry -> !entry.isEmpty());
  }

  private static boolean isModule(String folder) {
    return Files.exists(Path.of(folder, "module-info.class"));
  }
}
