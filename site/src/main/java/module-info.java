/** The study site, generated from the live sources and from what has been recorded. */
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

  // Filled from YAML, and read by templates, by reflection.
  opens iomodels.site to
      freemarker,
      tools.jackson.databind;

  uses iomodels.server.spi.ServerProvider;
  uses iomodels.server.spi.StyleProvider;
}
