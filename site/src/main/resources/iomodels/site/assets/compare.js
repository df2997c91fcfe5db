"use strict";

/* What a reader does with columns: jump to a step, dim lines that all columns share, fold long cells. */
(() => {
  /* Returns the indices of the lines of a that b has in the same order: a longest common subsequence. */
  const common = (a, b) => {
    const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
      }
    }
    const found = new Set();
    for (let i = 0, j = 0; i < a.length && j < b.length; ) {
      if (a[i] === b[j]) {
        found.add(i++);
        j++;
      } else if (length[i + 1][j] >= length[i][j + 1]) {
        i++;
      } else {
        j++;
      }
    }
    return found;
  };

  /* Marks lines that are the same, but for their indentation, in all cells of a step that have code. */
  const markSame = (step) => {
    const cells = [...step.querySelectorAll(".cell")]
      .map((it) => [...it.querySelectorAll(".line, .comment p")].filter((line) => line.textContent.trim()))
      .filter((it) => it.length > 0);
    const texts = cells.map((cell) => cell.map((it) => it.textContent.trim()));
    cells.forEach((cell, i) => {
      const shared = texts.filter((_, j) => j !== i).map((other) => common(texts[i], other));
      cell.forEach((line, k) => line.classList.toggle("same", shared.length > 0 && shared.every((it) => it.has(k))));
    });
  };

  /* Folds the cells that are too long, and gives each a button that unfolds the row. */
  const fold = (step, folded, words) => {
    const cells = [...step.querySelectorAll(".cell")];
    for (const cell of cells) {
      cell.querySelector(".unfold")?.remove();
      cell.classList.remove("long", "folded");
    }
    // What is a little too long is shown: a click would gain too little.
    const limit = 34 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    for (const cell of cells.filter((it) => it.querySelector(".body")?.offsetHeight > limit)) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "unfold";
      button.dataset.more = words.unfold.replace("{0}", cell.querySelectorAll(".line").length);
      button.dataset.less = words.refold;
      button.addEventListener("click", () => unfold(step, cell.classList.contains("folded")));
      cell.classList.add("long");
      cell.append(button);
    }
    unfold(step, !folded);
  };
  const unfold = (step, open) => {
    for (const cell of step.querySelectorAll(".cell.long")) {
      cell.classList.toggle("folded", !open);
      const button = cell.querySelector(".unfold");
      button.textContent = open ? button.dataset.less : button.dataset.more;
      button.ariaExpanded = String(open);
    }
  };

  /* Returns buttons that jump to the steps; that of the step in view is marked. */
  const bar = (steps, label) => {
    const nav = document.createElement("nav");
    nav.className = "steps";
    nav.ariaLabel = label;
    const buttons = new Map();
    const current = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          buttons.get(target).ariaCurrent = isIntersecting ? "true" : null;
        }
      },
      { rootMargin: "-35% 0px -64.9% 0px" }, // a line across the window
    );
    for (const step of steps) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = step.dataset.name;
      button.addEventListener("click", () => {
        const heading = step.querySelector("h3");
        heading.scrollIntoView();
        heading.focus({ preventScroll: true });
      });
      buttons.set(step, button);
      nav.append(button);
      current.observe(step);
    }
    return nav;
  };

  /* Scrolls two elements sideways together. */
  const together = (one, other) => {
    const follow = (from, to) =>
      from.addEventListener("scroll", () => {
        to.scrollLeft = from.scrollLeft;
      });
    follow(one, other);
    follow(other, one);
  };

  (globalThis.iomodels ??= {}).compare = { markSame, fold, bar, together };
})();
