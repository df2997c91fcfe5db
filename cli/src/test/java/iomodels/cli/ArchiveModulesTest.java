package iomodels.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.module.Configuration;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.lang.module.ResolvedModule;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The archive's runtime contains the modules of the JDK that the command requires. */
class ArchiveModulesTest {

  private static final List<String> LISTED =
      List.of(System.getProperty("iomodels.archive.modules").split(","));

  @Test
  void theRuntimeHasEachModuleThatIsRequired() {
    ModuleFinder jdk = ModuleFinder.ofSystem();
    Set<String> runtime =
        Configuration.empty().resolve(jdk, ModuleFinder.of(), LISTED).modules().stream()
            .map(ResolvedModule::name)
            .collect(Collectors.toSet());
    Set<String> required =
        ModuleLayer.boot().modules().stream()
            .map(Module::getDescriptor)
            .filter(it -> jdk.find(it.name()).isEmpty() && !isOfTests(it))
            .flatMap(it -> it.requires().stream())
            .filter(it -> !it.modifiers().contains(Requires.Modifier.STATIC))
            .map(Requires::name)
            .filter(it -> jdk.find(it).isPresent())
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(required).contains("java.xml");
    assertThat(runtime).containsAll(required);
  }

  private static boolean isOfTests(ModuleDescriptor module) {
    return module.name().matches("org\\.(junit|assertj|opentest4j|apiguardian|apache\\.maven).*");
  }
}
