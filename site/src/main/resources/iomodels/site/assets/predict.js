"use strict";

/* Says whether the reader's answer to a question is right. Without this script the answer is folded. */
(() => {
  for (const form of document.querySelectorAll("form.predict")) {
    const button = form.querySelector("button");
    if (!button) {
      continue; // The recording that answers it is missing.
    }
    const judgement = form.querySelector(".judgement");
    const options = [...form.elements[form.id]];
    const clear = () => {
      judgement.textContent = "";
      for (const option of options) {
        option.parentElement.className = "";
      }
    };
    button.hidden = false;
    form.addEventListener("change", clear);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clear();
      const chosen = options.find((it) => it.checked);
      const kind = !chosen ? "none" : "right" in chosen.dataset ? "right" : "wrong";
      judgement.textContent = form.dataset[kind];
      judgement.dataset.kind = kind;
      if (chosen) {
        chosen.parentElement.className = kind;
        form.querySelector("details").open = true;
      }
    });
  }
})();
