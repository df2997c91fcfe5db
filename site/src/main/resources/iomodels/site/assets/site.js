"use strict";

/* The theme: light, dark or the system's. Runs before the page is drawn, so that nothing flashes. */
(() => {
  const KEY = "theme";
  const ORDER = ["auto", "light", "dark"];
  const remembered = () => {
    try {
      return localStorage.getItem(KEY) ?? "auto";
    } catch {
      return "auto"; // The browser may forbid storage: then the choice is for this page only.
    }
  };
  let theme = ORDER.includes(remembered()) ? remembered() : "auto";
  const apply = () => {
    if (theme === "auto") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = theme;
    }
  };
  apply();
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const name = () => {
      button.textContent = button.dataset[theme];
    };
    name();
    button.addEventListener("click", () => {
      theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // The browser may forbid storage.
      }
      apply();
      name();
    });
  });
})();
