/** The generator of the study site: reads the project's sources and recordings, writes HTML. */
module iomodels.site {
  requires com.fasterxml.jackson.annotation;
  requires freemarker;
  requires io.github.javadiffutils;
  requires iomodels.conformance;
  requires iomodels.core;
  requires iomodels.lab;
  requires iomodels.wrong;
  requires jdk.compiler;
  requires org.commonmark;
  requires org.commonmark.ext.gfm.tables;
  requires static org.jspecify;
  requires tools.jackson.databind;
  requires tools.jackson.dataformat.yaml;

  // By reflection, Jackson fills records from YAML, and templates read them.
  opens iomodels.site to
      freemarker,
      tools.jackson.databind;

  uses iomodels.server.spi.ServerProvider;
  uses iomodels.server.spi.StyleProvider;
}
