"use strict";

/* What every page does when it is there. */
(() => {
  const fragment = () => {
    try {
      return decodeURIComponent(location.hash.slice(1));
    } catch {
      return ""; // An invalid percent sign in the fragment.
    }
  };
  /* A link to a closed details element opens it. */
  const openTarget = () => {
    const target = document.getElementById(fragment());
    for (let it = target; it; it = it.parentElement) {
      if (it instanceof HTMLDetailsElement) {
        it.open = true;
      }
    }
  };
  openTarget();
  window.addEventListener("hashchange", openTarget);

  /* A slash moves to the search field, except where the reader writes. */
  document.addEventListener("keydown", (event) => {
    const writes = event.target.closest?.("input, select, textarea");
    if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey && !event.altKey) {
      document.querySelector(".find")?.focus();
      event.preventDefault();
    }
  });

  /* Marks the sides at which an element that scrolls sideways is cut off. */
  const mark = (it) => {
    it.classList.toggle("more-left", it.scrollLeft > 1);
    it.classList.toggle("more-right", it.scrollLeft + it.clientWidth < it.scrollWidth - 1);
  };
  const sizes = new ResizeObserver((entries) => {
    entries.forEach(({ target }) => mark(target.closest(".scroll")));
  });
  /* Scripts that add such elements later call iomodels.showCut. */
  (globalThis.iomodels ??= {}).showCut = (root) => {
    for (const it of root.querySelectorAll(".scroll")) {
      it.addEventListener("scroll", () => mark(it), { passive: true });
      sizes.observe(it);
      [...it.children].forEach((child) => sizes.observe(child));
    }
  };
  iomodels.showCut(document);
})();
