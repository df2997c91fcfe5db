"use strict";

/* Sorts a table when a heading is clicked, and filters its rows by words. */
(() => {
  const table = document.querySelector("table.sortable");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const value = (row, column) => row.cells[column].textContent.trim();
  const compare = (a, b) => {
    const [x, y] = [Number.parseFloat(a), Number.parseFloat(b)];
    return Number.isNaN(x) && Number.isNaN(y) ? a.localeCompare(b) : x - y;
  };
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const descending = head.ariaSort === "ascending";
      heads.forEach((it) => {
        it.ariaSort = "none";
      });
      head.ariaSort = descending ? "descending" : "ascending";
      const sign = descending ? -1 : 1;
      const missing = (row) => (value(row, column) === "–" ? 1 : 0);
      rows.sort(
        (a, b) =>
          // Missing figures come last in both directions.
          missing(a) - missing(b) || sign * compare(value(a, column), value(b, column)),
      );
      body.append(...rows);
    });
  });
  const filter = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const count = rows.filter((row) => !row.hidden).length;
    shown.textContent = shown.dataset.text.replace("{0}", count).replace("{1}", rows.length);
  };
  filter.addEventListener("input", show);
  show();
})();
