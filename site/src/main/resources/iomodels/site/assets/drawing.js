/*
 * What the timeline and the stepper share: texts and numbers in the language of the page, and
 * elements. Pages are opened from the file system, where modules do not work, so this script adds
 * iomodels.drawing.
 */
(() => {
  "use strict";

  const has = (object, name) => Object.prototype.hasOwnProperty.call(object, name);
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const isTime = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;
  const text = (value) => (value === undefined || value === null ? "" : String(value));

  /** Returns the value of a JSON block of the page. */
  function block(id, otherwise) {
    try {
      return JSON.parse(document.getElementById(id).textContent);
    } catch (e) {
      return otherwise;
    }
  }

  // Texts and numbers.

  function flatten(from, prefix, to) {
    for (const [key, value] of Object.entries(from)) {
      if (isObject(value)) flatten(value, prefix + key + ".", to);
      else to[(prefix + key).replace(/^timeline\./, "")] = text(value);
    }
    return to;
  }

  const language = document.documentElement.lang || undefined;
  function format(options) {
    try {
      return new Intl.NumberFormat(language, options);
    } catch (e) {
      return new Intl.NumberFormat(undefined, options);
    }
  }
  const digits = [0, 1, 2, 3].map((n) => format({ maximumFractionDigits: n }));
  const fixed = [0, 1, 2, 3].map((n) => format({ minimumFractionDigits: n, maximumFractionDigits: n }));
  const number = (n) => digits[0].format(n);

  /** Returns functions that write texts and numbers with the given words, flat or nested. */
  function texts(given) {
    const words = isObject(given) ? flatten(given, "", {}) : {};

    function word(key, values = {}) {
      const found = has(words, key) ? words[key] : key;
      return found.replace(/\{(\w+)\}/g, (whole, name) => (has(values, name) ? text(values[name]) : whole));
    }

    /** Formats a duration in a suitable unit. */
    function span(micros) {
      if (micros < 1000) return word("unit.us", { n: digits[0].format(micros) });
      if (micros < 1e6) return word("unit.ms", { n: fixed[micros < 1e4 ? 2 : 1].format(micros / 1000) });
      return word("unit.s", { n: fixed[2].format(micros / 1e6) });
    }

    /** Formats a time, always in ms, so that times can be compared. */
    const moment = (micros) => word("unit.ms", { n: fixed[3].format(micros / 1000) });

    function bytes(n) {
      if (n < 1024) return word("unit.bytes", { n: number(n) });
      if (n < 1024 * 1024) return word("unit.kib", { n: digits[1].format(n / 1024) });
      return word("unit.mib", { n: digits[1].format(n / 1024 / 1024) });
    }

    return { word, number, digits, fixed, span, moment, bytes };
  }

  // Elements.

  function put(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }
  const el = (name, attributes, ...children) => put(document.createElement(name), attributes, children);
  const svg = (name, attributes, ...children) =>
    put(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

  window.iomodels = window.iomodels || {};
  window.iomodels.drawing = { has, isObject, isTime, text, block, texts, el, svg };
})();
