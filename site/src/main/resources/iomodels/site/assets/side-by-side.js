"use strict";

/* Shows two to five servers or programs in columns. The fragment of the URL is the choice: #vertx,nio-selector */
(() => {
  const START = ["blocking-threads", "nio-selector"];
  const form = document.getElementById("choice");
  const grid = document.getElementById("columns");
  const strangers = document.getElementById("strangers");
  const same = document.getElementById("same");
  const text = grid.dataset;
  const selects = [...form.querySelectorAll("select")];
  const known = new Set([...selects[0].options].map((it) => it.value).filter(Boolean));
  const headings = JSON.parse(text.regions);
  const { base, home } = document.body.dataset;

  /* The data are scripts, since a page from the file system cannot load other files. */
  const loaded = new Map();
  (globalThis.iomodels ??= {}).column = (id, column) => loaded.get(id).resolve(column);
  const load = (id) => {
    if (!loaded.has(id)) {
      const entry = Promise.withResolvers();
      loaded.set(id, entry);
      const script = document.createElement("script");
      script.src = `${base}code/${id.replace(/[:/]/g, ".")}.js`;
      script.onerror = () => entry.resolve(null);
      script.onload = script.onerror; // A truncated script has not called column.
      document.head.append(script);
    }
    return loaded.get(id).promise;
  };

  const element = (name, attributes, ...children) => {
    const it = document.createElement(name);
    Object.assign(it, attributes);
    it.append(...children);
    return it;
  };
  const sourceUrl = (path, line) => `${base}source/${path}.html` + (line ? `#L${line}` : "");

  const head = (id, column) => {
    const url = column?.about ? home + column.about : column?.path ? sourceUrl(column.path) : null;
    const name = element("code", {}, id);
    return element("div", { className: "head" }, element("h2", {}, url ? element("a", { href: url }, name) : name));
  };

  const about = (id, column) => {
    const it = element("div", { className: "about" }, element("p", { className: "from" }, element("code", {}, id)));
    if (!column) {
      it.append(element("p", { className: "note" }, text.missing.replace("{0}", id)));
      return it;
    }
    const summary = [...selects[0].options].find((option) => option.value === id).dataset.summary;
    it.append(element("p", {}, summary.replaceAll("`", "")));
    if (!column.path) {
      return it; // The source is not in this project.
    }
    const links = element("p", {}, `${column.lines} ${text.lines} · `);
    links.append(element("a", { href: sourceUrl(column.path) }, text.whole));
    if (column.about) {
      links.append(" · ", element("a", { href: home + column.about }, text.page));
    }
    it.append(links);
    return it;
  };

  const cell = (id, column, region) => {
    const it = element("div", { className: "cell" }, element("p", { className: "from" }, element("code", {}, id)));
    it.dataset.region = region;
    it.dataset.server = id;
    const found = column?.regions[region];
    const body = element("div", { className: "body" });
    for (const part of found?.parts ?? []) {
      const url = sourceUrl(part.path, part.line);
      const file = part.path.slice(part.path.lastIndexOf("/") + 1);
      const code = element("div", { className: "part", innerHTML: part.html });
      const link = element("a", { href: url }, `${file}:${part.line}`);
      body.append(code, element("p", { className: "link" }, iomodels.copyButton(code), link));
    }
    if (column && !found) {
      it.append(element("p", { className: "without" }, text.other));
    } else if (column && found.parts.length === 0) {
      it.append(element("p", { className: "without", innerHTML: found.without || text.none }));
    } else {
      it.append(body);
    }
    return it;
  };

  const row = (cells) => element("div", { className: "row" }, ...cells);
  const barSize = new ResizeObserver(([{ target }]) => grid.style.setProperty("--bar", `${target.offsetHeight}px`));

  let turn = 0;
  const draw = async (ids) => {
    const mine = ++turn;
    const columns = await Promise.all(ids.map(load));
    if (mine !== turn) {
      return; // The choice has changed meanwhile.
    }
    grid.style.setProperty("--count", ids.length);
    grid.classList.toggle("many", ids.length > 3);
    // All servers have the same regions; programs have different ones.
    const there = columns.filter(Boolean).flatMap((it) => Object.keys(it.regions));
    const steps = Object.entries(headings)
      .filter(([region]) => there.includes(region))
      .map(([region, { name, what }]) => {
        const heading = element("h3", { tabIndex: -1 }, `${name} `, element("span", {}, what));
        const step = element("section", { className: "step" }, heading, row(ids.map((id, i) => cell(id, columns[i], region))));
        step.dataset.name = name;
        return step;
      });
    const heads = element("div", { className: "heads track scroll", tabIndex: 0 }, row(ids.map((id, i) => head(id, columns[i]))));
    const track = element("div", { className: "track scroll" }, row(ids.map((id, i) => about(id, columns[i]))), ...steps);
    const bar = element("div", { className: "bar" }, iomodels.compare.bar(steps, text.steps), heads);
    iomodels.compare.together(heads, track);
    grid.replaceChildren(bar, track);
    iomodels.showCut(grid);
    barSize.disconnect();
    barSize.observe(bar);
    iomodels.highlight(grid);
    steps.forEach(iomodels.compare.markSame);
    count();
    fold();
  };
  const count = () => {
    const all = grid.querySelectorAll(".line, .comment p");
    same.textContent = form.elements.dim.checked
      ? text.same.replace("{0}", grid.querySelectorAll(".same").length).replace("{1}", [...all].filter((it) => it.textContent.trim()).length)
      : "";
  };
  const fold = () => {
    for (const step of grid.querySelectorAll(".step")) {
      iomodels.compare.fold(step, form.elements.fold.checked, text);
    }
  };

  const fragment = () => {
    try {
      return decodeURIComponent(location.hash.slice(1));
    } catch {
      return ""; // An invalid percent sign in the fragment.
    }
  };
  const chosen = () => {
    const wanted = fragment().split(",").filter(Boolean);
    const strange = wanted.filter((it) => !known.has(it));
    strangers.textContent = strange.length > 0 ? text.missing.replace("{0}", strange.join(", ")) : "";
    const ids = [...new Set(wanted.filter((it) => known.has(it)))].slice(0, selects.length);
    return ids.length > 0 ? ids : START;
  };
  const follow = () => {
    const ids = chosen();
    selects.forEach((select, i) => {
      select.value = ids[i] ?? "";
    });
    draw(ids);
  };
  const view = () => {
    grid.classList.toggle("wrap", form.elements.wrap.checked);
    grid.classList.toggle("dim", form.elements.dim.checked);
    count();
    fold();
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    if (event.target.type === "checkbox") {
      view();
      return;
    }
    const ids = [...new Set(selects.map((it) => it.value).filter(Boolean))];
    const wanted = "#" + (ids.length > 0 ? ids : START).join(",");
    if (wanted === location.hash) {
      follow(); // A server was chosen twice: reset the select to the shown server.
    } else {
      location.hash = wanted;
    }
  });
  window.addEventListener("hashchange", () => {
    if (fragment() !== "main") {
      follow(); // The link that skips to the content is no choice.
    }
  });
  view();
  follow();
})();
