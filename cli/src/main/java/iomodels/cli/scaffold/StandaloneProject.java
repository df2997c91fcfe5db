package iomodels.cli.scaffold;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Turns a copied module into a separate Maven project. */
public final class StandaloneProject {

  /** The profile that builds the command line with this module, for the script {@code iomodels}. */
  private static final String COMMAND =
      """

        <profiles>
          <profile>
            <!-- The script iomodels runs from this folder, which contains all modules. -->
            <id>command</id>
            <dependencies>
              <dependency>
                <groupId>iomodels</groupId>
                <artifactId>cli</artifactId>
                <version>${project.parent.version}</version>
                <scope>runtime</scope>
              </dependency>
            </dependencies>
            <build>
              <plugins>
                <plugin>
                  <artifactId>maven-jar-plugin</artifactId>
                  <configuration>
                    <outputDirectory>${project.build.directory}/dist/lib</outputDirectory>
                  </configuration>
                </plugin>
                <plugin>
                  <artifactId>maven-dependency-plugin</artifactId>
                  <executions>
                    <execution>
                      <id>dist</id>
                      <phase>package</phase>
                      <goals>
                        <goal>copy-dependencies</goal>
                      </goals>
                      <configuration>
                        <includeScope>runtime</includeScope>
                        <outputDirectory>${project.build.directory}/dist/lib</outputDirectory>
                      </configuration>
                    </execution>
                  </executions>
                </plugin>
              </plugins>
            </build>
          </profile>
        </profiles>
      """;

  private static final String END = "</project>\n";

  private StandaloneProject() {}

  /** Gives the module its own coordinates and the script {@code iomodels}. */
  public static void complete(Path folder, ModuleTemplate.Copy copy, Path home) throws IOException {
    Path pom = folder.resolve("pom.xml");
    String coordinates =
        """
          <groupId>%s</groupId>
          <artifactId>%s</artifactId>
          <version>1.0.0-SNAPSHOT</version>
        """
            .formatted(copy.packageName(), copy.name());

    Files.writeString(
        pom,
        Files.readString(pom)
            .replace("  </parent>\n", "    <relativePath/>\n  </parent>\n")
            .replace("  <artifactId>%s</artifactId>\n".formatted(copy.artifact()), coordinates)
            .replace(END, COMMAND + END));
    Path script = folder.resolve("iomodels");
    Files.copy(home.resolve("iomodels"), script, StandardCopyOption.COPY_ATTRIBUTES);
    String natives = copy.callsNativeCode() ? copy.packageName() + "," : "";
    Files.writeString(
        script,
        Files.readString(script)
            .replace("$root/cli/target", "$root/target")
            .replace(" -pl \"$module\" -am", "")
            .replace("\nnatives=", "\nnatives=" + natives));
    Files.writeString(folder.resolve(".gitignore"), "target/\n");
  }
}
