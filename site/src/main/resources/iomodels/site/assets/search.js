"use strict";

/* The search page. All words must occur; if nothing contains them, similar words do. */
(() => {
  const SHOWN = 50;
  const AROUND = 60; // characters of a text before what was found
  const form = document.getElementById("search");
  const input = form.elements.q;
  const found = document.getElementById("found");
  const results = document.getElementById("results");
  const keys = [
    { name: "title", weight: 5 },
    { name: "text", weight: 1 },
  ];
  let index;

  /* Chinese has no blanks between words: each two characters in a row count as a word. */
  const pairs = (text) => {
    const characters = [...text];
    return characters.length < 3 ? [text] : characters.slice(1).map((it, i) => characters[i] + it);
  };
  const words = (query) =>
    query
      .toLowerCase()
      .replace(/["|]/g, " ")
      .split(/\s+/)
      .flatMap((it) => it.match(/\p{Script=Han}+|\P{Script=Han}+/gu) ?? [])
      .flatMap((it) => (/\p{Script=Han}/u.test(it) ? pairs(it) : [it]));

  /*
   * In Fuse's extended search, '"word" means that the field contains the word. Outside the quotes the other
   * operators mean something too: !word would find what lacks the word.
   */
  const find = (wanted) => {
    const every = (list, word) => ({ $and: list.map((it) => ({ $or: keys.map(({ name }) => ({ [name]: word(it) })) })) });
    const exact = index.search(every(wanted, (it) => `'"${it}"`));
    if (exact.length > 0) return exact;
    const plain = wanted.map((it) => it.replace(/[!^$=']/g, "")).filter((it) => it !== "");
    return plain.length > 0 ? index.search(every(plain, (it) => it)) : [];
  };

  /* Returns the part of a text around the first word, with the words marked. */
  const excerpt = (text, wanted) => {
    const at = wanted.map((it) => text.toLowerCase().indexOf(it)).filter((it) => it >= 0);
    const start = Math.max(0, Math.min(...at, text.length) - AROUND);
    const from = at.length === 0 || start < 10 ? 0 : start;
    const part = (from > 0 ? "…" : "") + text.slice(from, from + 4 * AROUND) + (from + 4 * AROUND < text.length ? "…" : "");
    return marked(part, wanted);
  };
  const marked = (text, wanted) => {
    const pattern = new RegExp(wanted.map((it) => RegExp.escape?.(it) ?? it.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "gi");
    const parts = [];
    let end = 0;
    for (const match of text.matchAll(pattern)) {
      const mark = document.createElement("mark");
      mark.textContent = match[0];
      parts.push(text.slice(end, match.index), mark);
      end = match.index + match[0].length;
    }
    return [...parts, text.slice(end)];
  };

  const entry = ({ url, kind, title, text }, wanted) => {
    const line = document.createElement("li");
    const link = document.createElement("a");
    link.href = url;
    link.append(...marked(title, wanted));
    const small = document.createElement("small");
    small.textContent = kind;
    const about = document.createElement("p");
    about.append(...excerpt(text, wanted));
    line.append(link, " ", small, about);
    return line;
  };

  const show = () => {
    const wanted = words(input.value);
    const all = wanted.length > 0 ? find(wanted) : [];
    results.replaceChildren(...all.slice(0, SHOWN).map((it) => entry(it.item, wanted)));
    const text = wanted.length === 0 ? "" : all.length === 0 ? found.dataset.none : found.dataset.found;
    found.textContent = text.replace("{0}", all.length);
  };

  (globalThis.iomodels ??= {}).searchIndex = (_, entries) => {
    index = new Fuse(entries, { keys, useExtendedSearch: true, ignoreLocation: true, threshold: 0.3 });
    // The reader may have typed while the index was loading.
    input.value ||= new URLSearchParams(location.search).get("q") ?? "";
    show();
    let waiting;
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(show, 100);
    });
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    results.querySelector("a")?.focus();
  });
})();
