package iomodels.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** What a module needs more to be a project of its own. */
final class StandAlone {

  /** The command line with all its models beside this one, for the script {@code iomodels}. */
  private static final String COMMAND =
      """

        <profiles>
          <profile>
            <!-- What the script iomodels runs: every module in one folder. -->
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

  private StandAlone() {}

  /** Gives a copied module coordinates of its own, and the command {@code iomodels}. */
  static void complete(Path folder, ModuleTemplate.Copy copy, Path home) throws IOException {
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
            .replace("mvn -B -ntp package", "mvn -B -ntp package -Pcommand")
            .replace("\nnatives=", "\nnatives=" + natives));
    Files.writeString(folder.resolve(".gitignore"), "target/\n");
  }
}
