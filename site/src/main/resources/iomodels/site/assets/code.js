"use strict";

/*
 * Colours code, and puts each line into a box of its own, so that a wrapped line keeps its
 * indentation. Scripts that add code later call iomodels.highlight.
 */
(() => {
  /* An element may span lines, as a text block does: close it at the end of a line, and reopen it. */
  const lines = (html) => {
    let open = [];
    return html.split("\n").map((line) => {
      const before = open.join("");
      for (const tag of line.match(/<span[^>]*>|<\/span>/g) ?? []) {
        open = tag === "</span>" ? open.slice(0, -1) : [...open, tag];
      }
      return before + line + "</span>".repeat(open.length);
    });
  };
  /* A long line wraps before a dot, or after a parenthesis or comma, rather than in a word. */
  const breakable = (html) =>
    html.replace(/<[^>]*>|&\w+;|\.(?=[a-zA-Z])|[(,]/g, (it) =>
      it === "." ? "<wbr>." : it === "(" || it === "," ? it + "<wbr>" : it,
    );
  const indent = (line) => line.length - line.trimStart().length;

  (globalThis.iomodels ??= {}).highlight = (root) => {
    for (const code of root.querySelectorAll("pre > code[class*='language-']")) {
      const language = code.className.replace(/.*language-(\w+).*/, "$1");
      // The lines of a whole file have numbers, to which links lead: they stay.
      const numbered = [...code.querySelectorAll(".text")];
      const text = numbered.length > 0 ? numbered.map((it) => it.textContent).join("\n") : code.textContent.replace(/\n$/, "");
      const plain = text.split("\n");
      const known = hljs.getLanguage(language) ? language : "plaintext";
      const coloured = lines(hljs.highlight(text, { language: known }).value);
      if (numbered.length > 0) {
        numbered.forEach((it, i) => {
          it.innerHTML = coloured[i];
        });
      } else {
        code.innerHTML = coloured
          .map((line, i) => `<span class="line" style="--indent: ${indent(plain[i])}">${breakable(line)}\n</span>`)
          .join("");
      }
    }
  };
  iomodels.highlight(document);
})();
