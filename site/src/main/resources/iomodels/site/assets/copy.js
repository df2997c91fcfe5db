"use strict";

/* Adds a button to code that copies it. Scripts that add code later call iomodels.copyButton. */
(() => {
  const { copy, copied } = document.body.dataset;
  const codeIn = (root) =>
    [...root.querySelectorAll("pre > code")]
      .map((code) => {
        const numbered = [...code.querySelectorAll(".text")];
        return numbered.length > 0 ? numbered.map((it) => it.textContent).join("\n") : code.textContent.trimEnd();
      })
      .join("\n\n");

  (globalThis.iomodels ??= {}).copyButton = (root) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = copy;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(codeIn(root));
        button.textContent = copied;
        setTimeout(() => {
          button.textContent = copy;
        }, 2000);
      } catch {
        getSelection().selectAllChildren(root); // The browser forbids it: the reader can copy the selection.
      }
    });
    return button;
  };

  for (const figure of document.querySelectorAll("figure.region")) {
    figure.querySelector("figcaption").append(iomodels.copyButton(figure));
  }
  for (const pre of document.querySelectorAll(".prose > pre")) {
    const box = document.createElement("div");
    box.className = "copyable";
    pre.replaceWith(box);
    box.append(pre, iomodels.copyButton(box));
  }
  for (const file of document.querySelectorAll(".file")) {
    const line = document.createElement("p");
    line.className = "copying";
    line.append(iomodels.copyButton(file));
    file.before(line);
  }
})();
