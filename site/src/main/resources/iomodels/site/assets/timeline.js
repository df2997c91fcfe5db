/*
 * The timeline: up to three recorded traces on one time axis. Each trace shows what its clients
 * sent and received, and the system calls of each thread: where it waits and where it copies.
 *
 * The page has <section id="timeline" data-base="traces/"> and two JSON blocks: the servers to
 * choose from, in #timeline-servers, and all texts, in #timeline-words. The optional attribute
 * data-show="a,b" of the section selects the first servers. D3 is the global d3. Pages are opened
 * from the file system, where neither fetch nor modules work. So a trace is a script
 * traces/NAME.js that calls iomodels.trace("NAME", {…}).
 *
 * The fragment of the URL keeps the view: #show=NAME,NAME&from=MS&to=MS. A link may set it.
 *
 * The stepper beside it follows the choice, by the event "iomodels-shown" with the names, and shows
 * its position in the lanes, by the event "iomodels-step" with a time in µs.
 *
 * The keys of the texts, flat or nested, with or without the prefix "timeline."; {x} is a parameter:
 *   choose, server {number}, add, remove {server}, open, no-trace
 *   group.models, group.tutorials, group.python, group.own
 *   zoom-in, zoom-out, zoom-all, axis, keys, keys-lane, hint, caution
 *   legend, legend-clients, legend-pale, legend-folded, legend-owed
 *   kind.wait, kind.copy, kind.ask, kind.park, kind.other, meaning.* likewise
 *   event.connect, event.send {bytes}, event.receive {bytes}, event.end, event.closed, event.reset
 *   mark.connect, mark.send, mark.receive, mark.end, mark.closed, mark.reset
 *   client {client}, lane-client {client}, lane-thread {thread} {calls}, share {percent},
 *   share-asking {percent}, share-parked {percent}
 *   made {command} {at} {java} {system} {processors} {strace}, cut, cut-note, no-calls, skipped {count}
 *   tip.at, tip.start, tip.waited, tip.copied, tip.worked, tip.asked, tip.parked, tip.took, tip.times,
 *   tip.client, tip.answered, tip.ended, tip.unanswered, tip.since, tip.since-end, tip.more {count}
 *   summary {server}, column.thread, column.calls, column.waits, column.copies, column.asks,
 *   column.waiting, column.copying, column.parked, all-threads
 *   list {count}, list-caption {server} {from} {to} {count}, column.number, column.start,
 *   column.call, column.kind, column.client, column.waited, column.rest, column.times, previous, next
 *   loading {server}, missing {server}, unknown {server}, nothing
 *   invalid {name} {problem}, problem.empty, problem.cut, problem.json, problem.large,
 *   problem.format {found} {expected}, problem.field {field}, problem.script, problem.read
 *   unit.us {n}, unit.ms {n}, unit.s {n}, unit.bytes {n}, unit.kib {n}, unit.mib {n}
 */
(() => {
  "use strict";

  const FORMAT = 1;
  const MAX_SHOWN = 3;
  const MAX_BYTES = 64 * 1024 * 1024;
  const PAGE = 100;
  /** The shortest visible range, in µs. */
  const SHORTEST = 20;
  const KINDS = ["wait", "copy", "ask", "park", "other"];
  const EVENTS = ["connect", "send", "receive", "end", "closed", "reset"];
  const THREAD_HEIGHT = 44;
  const CLIENT_HEIGHT = 26;
  /** The order of kinds under the pointer: rare and short ones first. */
  const PRIORITY = { copy: 0, ask: 1, wait: 2, other: 3, park: 4, after: 2 };

  // The traces: scripts of the site, and files that the reader opens.

  /** By name: {trace} or {problem}. */
  const loaded = new Map();

  window.iomodels.trace = (name, data) => {
    const result = checked(data);
    loaded.set(String(name), result.trace ? result : { problem: word("invalid", { name, problem: result.problem }) });
  };

  /** Returns a valid trace or a problem. Invalid single entries are skipped and counted. */
  function checked(data) {
    if (!isObject(data)) return { problem: word("problem.json") };
    if (data.format !== FORMAT) {
      return { problem: word("problem.format", { found: text(data.format), expected: FORMAT }) };
    }
    const wrong = ["server", "micros", "threads", "columns"].find((field) => !isRight(field, data[field]));
    if (wrong) return { problem: word("problem.field", { field: wrong }) };
    const at = {};
    for (const column of ["start", "duration", "waited", "call", "arguments", "result", "kind", "client", "times"]) {
      at[column] = data.columns.indexOf(column);
      if (at[column] < 0) return { problem: word("problem.field", { field: "columns: " + column }) };
    }
    let skipped = 0;
    const threads = [];
    for (const thread of data.threads) {
      if (!isObject(thread) || !Array.isArray(thread.calls)) {
        return { problem: word("problem.field", { field: "threads" }) };
      }
      const calls = [];
      for (const row of thread.calls) {
        const call = checkedCall(row, at);
        if (call) calls.push(call);
        else skipped++;
      }
      calls.sort((a, b) => a.start - b.start);
      threads.push({ name: text(thread.name), calls });
    }
    const clients = [];
    for (const client of Array.isArray(data.clients) ? data.clients : []) {
      if (!isObject(client) || !Array.isArray(client.events)) {
        skipped++;
        continue;
      }
      const events = [];
      for (const row of client.events) {
        if (Array.isArray(row) && isTime(row[0]) && EVENTS.includes(row[1])) {
          events.push({ start: row[0], what: row[1], bytes: isTime(row[2]) ? row[2] : 0, question: null });
        } else skipped++;
      }
      events.sort((a, b) => a.start - b.start);
      clients.push({ name: text(client.name), events, owed: owed(events) });
    }
    const complete = data.complete !== false;
    let micros = data.micros;
    for (const thread of threads) for (const call of thread.calls) micros = Math.max(micros, call.start + call.duration);
    for (const client of clients) for (const event of client.events) micros = Math.max(micros, event.start);
    return {
      trace: {
        server: data.server, made: isObject(data.made) ? data.made : {}, micros, complete,
        note: text(data.note), clients, threads, skipped,
      },
    };
  }

  function isRight(field, value) {
    if (field === "server") return typeof value === "string" && value !== "";
    if (field === "micros") return isTime(value) && value > 0;
    return Array.isArray(value);
  }

  function checkedCall(row, at) {
    if (!Array.isArray(row)) return null;
    const start = row[at.start];
    const duration = row[at.duration];
    const waited = row[at.waited];
    const kind = row[at.kind];
    if (!isTime(start) || !isTime(duration) || !isTime(waited) || !KINDS.includes(kind)) return null;
    const times = row[at.times];
    return {
      start, duration, waited: Math.min(waited, duration), kind,
      name: text(row[at.call]), args: text(row[at.arguments]), result: text(row[at.result]),
      client: text(row[at.client]), times: Number.isInteger(times) && times > 1 ? times : 1,
    };
  }

  /** Returns the gaps: from a request, or the client's FIN, to the next bytes or FIN from the server. */
  function owed(events) {
    const gaps = [];
    let open = null;
    let end = null;
    for (const event of events) {
      if (event.what === "end") end = event;
      if (event.what === "send" || event.what === "end") {
        if (open) continue;
        open = { from: event, end: Infinity, answer: null };
        gaps.push(open);
      } else if (event.what !== "connect") {
        if (event.what === "closed") event.question = end;
        if (!open) continue;
        open.end = event.start;
        if (event.what === (open.from.what === "send" ? "receive" : "closed")) {
          open.answer = event;
          event.question = open.from;
        }
        open = null;
      }
    }
    return gaps;
  }

  const { has, isObject, isTime, text, block, el, svg, texts } = iomodels.drawing;
  const { word, number, digits, fixed, span, moment, bytes } = texts(block("timeline-words", {}));

  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();

  function begin() {
    const root = document.getElementById("timeline");
    if (root) timeline(root);
  }

  function timeline(root) {
    const listed = block("timeline-servers", []);
    const servers = (Array.isArray(listed) ? listed : []).filter((s) => isObject(s) && typeof s.name === "string");
    const base = root.dataset.base || "traces/";
    if (typeof d3 === "undefined" || servers.length === 0) {
      root.append(el("p", { class: "tl-message" }, word("nothing")));
      return;
    }

    /** The names of the servers from top to bottom, including files that the reader has opened. */
    let shown = [];
    let range = [0, 1];
    let whole = 1;
    let lanes = [];
    const hidden = new Set();

    const choice = el("div", { class: "tl-choice" });
    const file = el("input", { type: "file", accept: ".json,.js,application/json", class: "tl-file", id: "tl-file", onchange: openFile });
    const message = el("p", { class: "tl-message", role: "alert", hidden: true });
    const status = el("p", { class: "tl-unseen", role: "status", "aria-live": "polite" });
    const tip = el("div", { class: "tl-tip", role: "tooltip", id: "tl-tip", hidden: true });
    const zoomOut = el("button", { type: "button", "aria-label": word("zoom-out"), title: word("zoom-out"), onclick: () => scale(1 / 2) }, "−");
    const zoomIn = el("button", { type: "button", "aria-label": word("zoom-in"), title: word("zoom-in"), onclick: () => scale(2) }, "+");
    const zoomAll = el("button", { type: "button", onclick: () => glide(0, whole) }, word("zoom-all"));
    const axis = svg("svg", { class: "tl-ticks", height: 30, "aria-hidden": "true" });
    const thumb = el("div", { class: "tl-thumb" });
    const now = el("span", { class: "tl-now", "aria-hidden": "true", hidden: true });
    const axisPlot = el("div", { class: "tl-plot tl-axis-plot" }, el("div", { class: "tl-track", "aria-hidden": "true" }, thumb), axis, now);
    const blocks = el("div", { class: "tl-blocks" });
    const frames = el("div", { class: "tl-frames", tabindex: 0, role: "group", "aria-label": word("axis"), "aria-describedby": "tl-keys" },
      el("div", { class: "tl-axis" }, el("div", { class: "tl-buttons" }, zoomOut, zoomIn, zoomAll), axisPlot),
      blocks);
    root.append(
      patterns(),
      el("div", { class: "tl-bar" }, choice,
        el("label", { class: "tl-button tl-open" }, file, word("open"))),
      message,
      legend(),
      el("p", { class: "tl-hint", id: "tl-keys" }, word("keys")),
      frames, tip, status);

    // The view: the chosen servers and the fragment.

    const listing = (name) => servers.find((server) => server.name === name);
    const isKnown = (name) => listing(name) !== undefined || (name.startsWith("file:") && loaded.has(name));
    const titleOf = (name) => (listing(name) ? text(listing(name).title) || name
      : loaded.get(name).trace.server + " (" + name.replace(/^file:/, "") + ")");

    function fromFragment() {
      const fragment = new URLSearchParams(window.location.hash.slice(1));
      if (!fragment.has("show")) return false;
      const names = [...new Set(fragment.get("show").split(","))].filter((name) => name !== "");
      const strange = names.filter((name) => !isKnown(name));
      const known = names.filter(isKnown).slice(0, MAX_SHOWN);
      say(strange.length > 0 ? word("unknown", { server: strange.join(", ") }) : "");
      const from = parseFloat(fragment.get("from")) * 1000;
      const to = parseFloat(fragment.get("to")) * 1000;
      if (known.length === 0) return false;
      shown = known;
      wanted = isTime(from) && isTime(to) && to > from ? [from, to] : null;
      return true;
    }

    /** The range from the fragment, until the traces are loaded and their length is known. */
    let wanted = null;
    let writing = 0;

    function keep() {
      window.clearTimeout(writing);
      // Delayed: browsers limit how often the address may change, and a drag changes it constantly.
      writing = window.setTimeout(() => {
        const names = shown.filter((name) => !name.startsWith("file:"));
        let fragment = "#show=" + names.map(encodeURIComponent).join(",");
        const [from, to] = range;
        if (to - from < whole * 0.9999) fragment += "&from=" + brief(from) + "&to=" + brief(to);
        try {
          window.history.replaceState(null, "", fragment);
        } catch (e) {
          // Only the address is outdated; the view itself is kept.
        }
      }, 200);
    }
    const brief = (micros) => String(Math.round(micros) / 1000);

    window.addEventListener("hashchange", () => {
      if (fromFragment()) show();
    });

    function say(what) {
      message.textContent = what;
      message.hidden = what === "";
    }

    function change(names) {
      shown = names;
      wanted = range[1] - range[0] < whole * 0.9999 ? range : null;
      say("");
      show();
      keep();
    }

    function drawChoice() {
      const groups = ["models", "tutorials", "python"];
      const own = [...loaded.keys()].filter((name) => name.startsWith("file:"));
      const selects = shown.map((name, i) => {
        const select = el("select", { id: "tl-server-" + i, onchange: () => {
          change(shown.map((other, k) => (k === i ? select.value : other)));
          document.getElementById("tl-server-" + i).focus();
        } });
        const option = (value, title, recorded) => el("option",
          { value, selected: value === name, disabled: value !== name && shown.includes(value) },
          recorded ? title : title + " " + word("no-trace"));
        for (const group of groups) {
          const members = servers.filter((server) => (groups.includes(server.group) ? server.group : "models") === group);
          if (members.length > 0) {
            select.append(el("optgroup", { label: word("group." + group) },
              ...members.map((server) => option(server.name, titleOf(server.name), server.trace !== false))));
          }
        }
        if (own.length > 0) {
          select.append(el("optgroup", { label: word("group.own") }, ...own.map((value) => option(value, titleOf(value), true))));
        }
        return el("span", { class: "tl-chosen" },
          el("label", { for: "tl-server-" + i }, word("server", { number: i + 1 })), select,
          shown.length > 1 ? el("button", { type: "button", class: "tl-remove",
            "aria-label": word("remove", { server: titleOf(name) }), title: word("remove", { server: titleOf(name) }),
            onclick: () => {
              change(shown.filter((other) => other !== name));
              document.getElementById("tl-server-" + Math.max(0, i - 1)).focus();
            } }, "×") : null);
      });
      const free = servers.find((server) => !shown.includes(server.name) && server.trace !== false);
      const add = shown.length < MAX_SHOWN && free
        ? el("button", { type: "button", onclick: () => {
          change([...shown, free.name]);
          document.getElementById("tl-server-" + (shown.length - 1)).focus();
        } }, word("add"))
        : null;
      choice.setAttribute("role", "group");
      choice.setAttribute("aria-label", word("choose"));
      choice.replaceChildren(...selects, ...(add ? [add] : []));
    }

    function load(name, done) {
      const server = listing(name);
      if (loaded.has(name)) return done(loaded.get(name));
      if (server && server.trace === false) {
        return done({ problem: word("missing", { server: name }), why: text(server.problem) });
      }
      const script = el("script", { src: base + encodeURIComponent(name) + ".js" });
      script.addEventListener("load", () => {
        script.remove();
        done(loaded.get(name) || { problem: word("invalid", { name, problem: word("problem.script") }) });
      });
      script.addEventListener("error", () => {
        script.remove();
        done({ problem: word("missing", { server: name }) });
      });
      document.head.append(script);
      return undefined;
    }

    /** Of several pending calls of show, only the newest draws. */
    let turn = 0;

    function show() {
      const mine = ++turn;
      const found = new Map();
      hideTip();
      drawChoice();
      const names = shown.slice();
      document.dispatchEvent(new CustomEvent("iomodels-shown", { detail: names }));
      if (!names.every((name) => loaded.has(name))) {
        blocks.replaceChildren(...names.map((name) => el("p", { class: "tl-message" }, word("loading", { server: titleOf(name) }))));
        lanes = [];
      }
      for (const name of names) {
        load(name, (result) => {
          found.set(name, result);
          if (found.size === names.length && mine === turn) drawServers(names.map((n) => [n, found.get(n)]));
        });
      }
    }

    function openFile() {
      const chosen = file.files && file.files[0];
      if (!chosen) return;
      const refuse = (problem) => say(word("invalid", { name: chosen.name, problem }));
      const reader = new FileReader();
      if (chosen.size > MAX_BYTES) {
        refuse(word("problem.large"));
        file.value = "";
        return;
      }
      reader.addEventListener("error", () => refuse(word("problem.read")));
      reader.addEventListener("load", () => {
        const result = parsed(text(reader.result));
        if (result.problem) {
          refuse(result.problem);
          return;
        }
        const name = "file:" + chosen.name;
        loaded.set(name, result);
        const others = shown.filter((other) => other !== name);
        change([...others.slice(0, MAX_SHOWN - 1), name]);
        status.textContent = titleOf(name);
      });
      reader.readAsText(chosen);
      file.value = "";
    }

    function parsed(content) {
      let json = content.trim();
      if (json === "") return { problem: word("problem.empty") };
      // The site's own traces are scripts: one call with the JSON as an argument.
      if (json.startsWith("iomodels.trace(")) json = json.slice(json.indexOf("{"), json.lastIndexOf("}") + 1);
      try {
        return checked(JSON.parse(json));
      } catch (e) {
        const cut = json.startsWith("{") && !json.endsWith("}");
        return { problem: cut ? word("problem.cut") : word("problem.json") + " (" + text(e.message) + ")" };
      }
    }

    // The servers, their lanes and tables.

    function drawServers(results) {
      lanes = [];
      whole = 1;
      blocks.replaceChildren();
      for (const [name, result] of results) {
        if (result.trace) whole = Math.max(whole, result.trace.micros);
      }
      // Some space after the end, so that the last events are visible.
      whole *= 1.01;
      results.forEach(([name, result], i) => blocks.append(serverBlock(name, result, i)));
      measure();
      const [from, to] = wanted && wanted[0] < whole ? wanted : [0, whole];
      wanted = null;
      go(from, Math.min(to, whole));
      draw();
    }

    function serverBlock(name, result, i) {
      const title = el("h2", { id: "tl-title-" + i }, titleOf(name));
      const article = el("article", { class: "tl-server", "aria-labelledby": "tl-title-" + i }, title);
      if (!result.trace) {
        article.append(el("p", { class: "tl-message" }, result.problem, ...(result.why ? [el("br"), result.why] : [])));
        return article;
      }
      const trace = result.trace;
      const made = trace.made;
      if (Object.keys(made).length > 0) article.append(el("p", { class: "tl-made" }, word("made", {
        command: text(made.command), at: text(made.at).slice(0, 10), java: text(made.java), system: text(made.system),
        processors: text(made.processors), strace: text(made.strace),
      })));
      if (!trace.complete) {
        article.append(el("p", { class: "tl-note" }, el("strong", {}, word("cut")), " ", trace.note || word("cut-note")));
      } else if (trace.note) article.append(el("p", { class: "tl-note" }, trace.note));
      if (trace.skipped > 0) article.append(el("p", { class: "tl-note" }, word("skipped", { count: number(trace.skipped) })));
      if (trace.threads.every((thread) => thread.calls.length === 0)) {
        article.append(el("p", { class: "tl-note" }, word("no-calls")));
      }
      const stack = el("div", { class: "tl-lanes" });
      for (const client of trace.clients) stack.append(clientLane(client, trace, stack));
      for (const thread of trace.threads) stack.append(threadLane(thread, trace, stack));
      stack.append(...["tl-head", "tl-cross"].map((line) => el("div", { class: line, "aria-hidden": "true", hidden: true })));
      article.append(stack, summary(titleOf(name), trace), list(titleOf(name), trace));
      return article;
    }

    function lane(kind, label, items, height, trace, stack, described) {
      const layer = svg("g");
      const picture = svg("svg", { class: "tl-picture", height, "aria-hidden": "true" }, layer);
      const plot = el("div", { class: "tl-plot" }, picture);
      const element = el("div", {
        class: "tl-lane tl-" + kind, tabindex: 0, role: "application", "aria-label": described, "aria-describedby": "tl-keys-lane",
      }, label, plot);
      const made = { kind, element, plot, picture, layer, items, height, trace, stack, named: 0, cursor: -1, ends: ends(items) };
      element.addEventListener("pointermove", (event) => {
        if (event.buttons === 0) point(made, event, false);
      });
      element.addEventListener("click", (event) => point(made, event, true));
      element.addEventListener("focus", () => focused(made));
      element.addEventListener("blur", () => {
        pinned = false;
        hideTip();
      });
      lanes.push(made);
      return made;
    }

    /** For each item, the latest end of all items up to it: this finds where drawing must begin. */
    function ends(items) {
      let last = 0;
      return items.map((item) => (last = Math.max(last, item.start + (item.duration || 0))));
    }

    function clientLane(client, trace, stack) {
      const label = el("div", { class: "tl-label" }, el("span", { class: "tl-name" }, word("client", { client: client.name })));
      const made = lane("client", label, client.events, CLIENT_HEIGHT, trace, stack, word("lane-client", { client: client.name }));
      made.client = client;
      return made.element;
    }

    function threadLane(thread, trace, stack) {
      const sums = sum(thread.calls);
      // The kind that takes most of the thread's time, apart from copying.
      const [share, micros] = [["share", sums.waiting], ["share-asking", sums.asking], ["share-parked", sums.parked]]
        .reduce((a, b) => (b[1] > a[1] ? b : a));
      const percent = digits[0].format((100 * micros) / trace.micros);
      const label = el("div", { class: "tl-label", title: thread.name },
        // If a name is too long, its end is more useful than its middle.
        el("span", { class: "tl-name tl-mono" }, el("span", {}, thread.name.slice(0, -14)), el("span", {}, thread.name.slice(-14))),
        el("span", { class: "tl-share" }, word(share, { percent })));
      const made = lane("thread", label, thread.calls, THREAD_HEIGHT, trace, stack,
        word("lane-thread", { thread: thread.name, calls: number(sums.calls) }));
      made.named = thread.name.length;
      return made.element;
    }

    function sum(calls) {
      const sums = { calls: 0, wait: 0, copy: 0, ask: 0, park: 0, other: 0, waiting: 0, copying: 0, asking: 0, parked: 0 };
      for (const call of calls) {
        sums.calls += call.times;
        // A read that waited and then copied counts as both.
        if (call.waited > 0) sums.wait += call.times;
        if (call.kind !== "wait") sums[call.kind] += call.times;
        if (call.kind === "park") sums.parked += call.duration;
        else sums.waiting += call.waited;
        if (call.kind === "ask") sums.asking += call.duration - call.waited;
        if (call.kind === "copy") sums.copying += call.duration - call.waited;
      }
      return sums;
    }

    function summary(name, trace) {
      const heads = ["thread", "calls", "waits", "copies", "asks", "waiting", "copying", "parked"];
      const line = (label, sums) => el("tr", {}, el("th", { scope: "row", class: "tl-mono" }, label),
        ...[sums.calls, sums.wait, sums.copy, sums.ask].map((n) => el("td", {}, number(n))),
        ...[sums.waiting, sums.copying, sums.parked].map((micros) => el("td", {}, span(micros))));
      const all = sum(trace.threads.flatMap((thread) => thread.calls));
      return el("div", { class: "tl-scroll", tabindex: 0, role: "region", "aria-label": word("summary", { server: name }) },
        el("table", { class: "tl-table" }, el("caption", {}, word("summary", { server: name })),
          el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, word("column." + head))))),
          el("tbody", {}, ...trace.threads.map((thread) => line(thread.name, sum(thread.calls)))),
          trace.threads.length > 1 ? el("tfoot", {}, line(word("all-threads"), all)) : null));
    }

    /** A paged table of all calls, created when it is opened. */
    function list(name, trace) {
      const count = trace.threads.reduce((n, thread) => n + thread.calls.length, 0);
      const body = el("div", {});
      const details = el("details", { class: "tl-list" }, el("summary", {}, word("list", { count: number(count) })), body);
      let entries = null;
      let first = 0;
      const turnTo = (to) => {
        first = to;
        const last = Math.min(first + PAGE, entries.length);
        const caption = word("list-caption", { server: name, from: number(Math.min(first + 1, last)), to: number(last), count: number(entries.length) });
        const heads = ["number", "start", "thread", "call", "kind", "client", "waited", "rest", "times"];
        const rows = entries.slice(first, last).map(([thread, call], i) => el("tr", {},
          el("td", {}, number(first + i + 1)), el("td", {}, moment(call.start)), el("td", { class: "tl-mono" }, thread),
          el("td", { class: "tl-mono tl-written" }, written(call)), el("td", { class: "tl-word" }, word("kind." + call.kind)),
          el("td", { class: "tl-word" }, call.client), el("td", {}, span(call.waited)), el("td", {}, span(call.duration - call.waited)),
          el("td", {}, number(call.times))));
        const button = (label, to2, enabled) => el("button", { type: "button", disabled: !enabled, onclick: () => {
          turnTo(to2);
          status.textContent = body.querySelector("caption").textContent;
        } }, label);
        body.replaceChildren(
          el("div", { class: "tl-scroll", tabindex: 0, role: "region", "aria-label": caption },
            el("table", { class: "tl-table tl-all" }, el("caption", {}, caption),
              el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, word("column." + head))))),
              el("tbody", {}, ...rows))),
          el("p", { class: "tl-pages" }, button(word("previous"), Math.max(0, first - PAGE), first > 0),
            button(word("next"), first + PAGE, last < entries.length)));
      };
      details.addEventListener("toggle", () => {
        if (!details.open || entries) return;
        entries = trace.threads.flatMap((thread) => thread.calls.map((call) => [thread.name, call]));
        entries.sort((a, b) => a[1].start - b[1].start);
        turnTo(0);
      });
      return details;
    }

    const written = (call) => call.name + "(" + call.args + ")" + (call.result === "" ? "" : " = " + call.result);

    // Zoom and pan: all lanes have the same range.

    let left = 0;
    let width = 600;
    const zoom = d3.zoom().filter(mayZoom).clickDistance(4).duration(calm.matches ? 0 : 200).on("zoom", zoomed);
    const zoomer = d3.select(frames);
    zoomer.call(zoom);

    const scaleOfAll = () => d3.scaleLinear([0, whole], [left, left + width]);
    const scaleOfPlot = () => d3.scaleLinear(range, [0, width]);

    function hasFocus() {
      const focus = document.activeElement;
      return focus === frames || (focus instanceof Element && focus.closest("#timeline .tl-lane") !== null);
    }

    function mayZoom(event) {
      if (!(event.target instanceof Element) || !event.target.closest(".tl-plot")) return false;
      if (event.type === "wheel") {
        // Let the page scroll, unless the gesture is for the chart and can still change it.
        const meant = event.ctrlKey || event.metaKey;
        const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
        const useless = event.deltaY > 0 && range[1] - range[0] >= whole * 0.9999;
        return meant || (hasFocus() && !sideways && !event.shiftKey && !useless);
      }
      if (event.type === "touchstart") return event.touches.length > 1;
      return !event.button && !event.ctrlKey;
    }

    function zoomed(event) {
      range = event.transform.rescaleX(scaleOfAll()).domain();
      range = [Math.max(0, range[0]), Math.min(whole, range[1])];
      later();
      if (event.sourceEvent) {
        if (!pinned) hideTip();
        keep();
      }
    }

    function transformFor(from, to) {
      const k = whole / (to - from);
      return d3.zoomIdentity.translate(left - k * scaleOfAll()(from), 0).scale(k);
    }

    function bounded(from, to) {
      const length = Math.min(whole, Math.max(SHORTEST, to - from));
      const start = Math.max(0, Math.min(whole - length, from));
      return [start, start + length];
    }

    function go(from, to) {
      zoomer.interrupt().call(zoom.transform, transformFor(...bounded(from, to)));
      keep();
    }

    function glide(from, to) {
      if (calm.matches) {
        go(from, to);
        return;
      }
      zoomer.interrupt().transition().duration(180).call(zoom.transform, transformFor(...bounded(from, to)));
      window.setTimeout(keep, 200);
    }

    function scale(by, around = (range[0] + range[1]) / 2) {
      const length = Math.min(whole, Math.max(SHORTEST, (range[1] - range[0]) / by));
      const share = (around - range[0]) / (range[1] - range[0]);
      glide(around - share * length, around + (1 - share) * length);
    }

    function pan(by) {
      const step = (range[1] - range[0]) * by;
      glide(range[0] + step, range[1] + step);
    }

    // One finger pans horizontally, or scrolls the page vertically (touch-action: pan-y). D3 handles two fingers.
    let finger = null;
    frames.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "touch" || !event.target.closest(".tl-plot")) return;
      finger = finger === null && event.isPrimary ? { id: event.pointerId, x: event.clientX, range } : null;
    });
    frames.addEventListener("pointermove", (event) => {
      if (!finger || event.pointerId !== finger.id) return;
      const step = ((finger.x - event.clientX) / width) * (finger.range[1] - finger.range[0]);
      if (Math.abs(finger.x - event.clientX) > 4) {
        hideTip();
        go(finger.range[0] + step, finger.range[1] + step);
      }
    });
    for (const type of ["pointerup", "pointercancel"]) {
      window.addEventListener(type, () => {
        finger = null;
      });
    }
    frames.addEventListener("wheel", (event) => {
      const step = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
      if (!hasFocus() || event.ctrlKey || event.metaKey || !event.target.closest(".tl-plot")) return;
      if (!event.shiftKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
      event.preventDefault();
      go(...range.map((t) => t + (step / width) * (range[1] - range[0])));
    }, { passive: false });

    frames.addEventListener("keydown", (event) => {
      const chosen = lanes.find((l) => l.element === event.target);
      if (event.target !== frames && !chosen) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const item = chosen && chosen.items[chosen.cursor];
      const around = item ? item.start + (item.duration || 0) / 2 : undefined;
      const actions = {
        "+": () => scale(1.5, inside(around)), "=": () => scale(1.5, inside(around)), "-": () => scale(1 / 1.5, inside(around)),
        "0": () => glide(0, whole), Escape: () => {
          if (tip.hidden) event.target.blur();
          pinned = false;
          hideTip();
        },
      };
      if (chosen) {
        actions.ArrowLeft = () => step(chosen, -1);
        actions.ArrowRight = () => step(chosen, 1);
        actions.Home = () => step(chosen, -Infinity);
        actions.End = () => step(chosen, Infinity);
        actions.Enter = () => zoomTo(item);
      } else {
        actions.ArrowLeft = () => pan(-0.2);
        actions.ArrowRight = () => pan(0.2);
        actions.Home = () => glide(0, range[1] - range[0]);
        actions.End = () => glide(whole - (range[1] - range[0]), whole);
      }
      if (has(actions, event.key)) {
        event.preventDefault();
        actions[event.key]();
      }
    });
    const inside = (t) => (t !== undefined && t >= range[0] && t <= range[1] ? t : undefined);

    function zoomTo(item) {
      if (!item) return;
      const length = Math.max((item.duration || 0) * 1.5, 200);
      const middle = item.start + (item.duration || 0) / 2;
      glide(middle - length / 2, middle + length / 2);
    }

    // Drawing. Each kind in a lane is one path: calls that would share a pixel are merged.

    let due = false;
    function later() {
      if (due) return;
      due = true;
      window.requestAnimationFrame(() => {
        due = false;
        draw();
      });
    }

    function measure() {
      frames.classList.toggle("tl-narrow", root.clientWidth < 720);
      frames.style.setProperty("--tl-longest", Math.max(...lanes.map((each) => each.named), 0));
      const outer = frames.getBoundingClientRect();
      const inner = axisPlot.getBoundingClientRect();
      left = inner.left - outer.left;
      width = Math.max(100, Math.floor(inner.width));
      zoom.extent([[left, 0], [left + width, 1]])
        .translateExtent([[left, -Infinity], [left + width, Infinity]])
        .scaleExtent([1, Math.max(1, whole / SHORTEST)]);
    }

    let measured = 0;
    new ResizeObserver(() => {
      if (root.clientWidth === measured) return;
      measured = root.clientWidth;
      measure();
      zoomer.call(zoom.transform, transformFor(...bounded(...range)));
      later();
    }).observe(root);

    function draw() {
      const x = scaleOfPlot();
      const ticks = x.ticks(Math.max(2, Math.floor(width / 120)));
      drawAxis(x, ticks);
      for (const each of lanes) {
        each.picture.setAttribute("width", width);
        const parts = [grid(x, ticks, each.height)];
        if (each.kind === "client") parts.push(...drawClient(each, x));
        else parts.push(...drawThread(each, x));
        parts.push(...drawEnd(each, x));
        each.layer.replaceChildren(...parts);
        mark(each, x);
      }
      zoomAll.disabled = range[1] - range[0] >= whole * 0.9999;
      if (pinned) placeTip();
      placeHead();
    }

    /** The position of the stepper: a line through all lanes. */
    let head = NaN;
    document.addEventListener("iomodels-step", (event) => {
      head = event.detail;
      placeHead();
    });
    function placeHead() {
      const at = scaleOfPlot()(head);
      for (const line of blocks.querySelectorAll(".tl-head")) {
        line.hidden = !(at >= 0 && at <= width);
        line.style.left = left + at + "px";
      }
    }

    function drawAxis(x, ticks) {
      axis.setAttribute("width", width);
      const step = ticks.length > 1 ? ticks[1] - ticks[0] : range[1] - range[0];
      const unit = step >= 1000 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3;
      const label = (t) => word("unit.ms", { n: fixed[unit].format(t / 1000) });
      const drawn = d3.select(axis).selectAll("g").data([0]).join("g").attr("transform", "translate(0,29)")
        .call(d3.axisTop(x).tickValues(ticks).tickFormat(label).tickSizeOuter(0).tickPadding(4));
      // Labels at the edges would be cut off or overlap.
      drawn.selectAll(".tick text").attr("text-anchor", (t) => (t === 0 ? "start" : "middle"))
        .attr("visibility", (t) => (t === 0 || (x(t) > 34 && x(t) < width - 34) ? "visible" : "hidden"));
      thumb.style.left = (100 * range[0]) / whole + "%";
      thumb.style.width = (100 * (range[1] - range[0])) / whole + "%";
    }

    const grid = (x, ticks, height) => svg("path", { class: "tl-grid", d: ticks.map((t) => `M${round(x(t))} 0V${height}`).join("") });
    const round = (n) => Math.round(n * 10) / 10;

    /** Collects rectangles of one kind from left to right. */
    class Pen {
      constructor(y, height, least, strip = [y, height]) {
        Object.assign(this, { y, height, least, strip, dense: "", pale: "", from: NaN, to: -Infinity, real: 0, count: 0 });
      }
      add(a, b) {
        const end = Math.max(b, a + this.least);
        if (a < this.to + 0.5 && (end - a < 4 || this.to - this.from < 4)) {
          this.to = Math.max(this.to, end);
          this.real += b - a;
          this.count++;
          return;
        }
        this.flush();
        Object.assign(this, { from: a, to: end, real: b - a, count: 1 });
      }
      flush() {
        if (this.count === 0) return;
        const wide = this.to - this.from;
        // Many short calls with pauses must not look like one long call: they become a thin strip,
        // and the calls in the pauses stay visible.
        const sparse = this.count > 2 && this.real < wide / 2;
        const [y, height] = sparse ? this.strip : [this.y, this.height];
        const path = `M${round(this.from)} ${y}h${round(wide)}v${height}h${-round(wide)}z`;
        if (sparse) this.pale += path;
        else this.dense += path;
        this.count = 0;
      }
      drawn(name) {
        this.flush();
        return [["", this.dense], [" tl-pale", this.pale]].filter(([, d]) => d !== "")
          .map(([more, d]) => svg("path", { class: "tl-" + name + more, d }));
      }
    }

    function firstFrom(each, from) {
      return d3.bisectLeft(each.ends, from);
    }

    /** Returns the parts of a call: waiting, and the rest. */
    function parts(call) {
      const end = call.start + call.duration;
      if (call.kind === "park" || call.kind === "other" || call.kind === "ask") return [[call.kind, call.start, end]];
      const ready = call.start + call.waited;
      const rest = [call.kind === "wait" ? "after" : call.kind, ready, end];
      if (call.waited === 0) return [rest];
      return ready < end || call.kind === "copy" ? [["wait", call.start, ready], rest] : [["wait", call.start, ready]];
    }
    const isHidden = (part) => hidden.has(part === "after" ? "wait" : part);

    function drawThread(each, x) {
      const pens = {
        other: new Pen(31, 7, 1), park: new Pen(25, 4, 1), wait: new Pen(18, 18, 1), after: new Pen(18, 18, 1),
        ask: new Pen(22, 10, 2, [33, 6]), copy: new Pen(14, 26, 2, [14, 7]),
      };
      const clip = (t) => Math.max(-10, Math.min(width + 10, x(t)));
      const labels = [];
      const letters = [];
      let folds = "";
      let lettered = -Infinity;
      let letter = "";
      for (let i = firstFrom(each, range[0]); i < each.items.length && each.items[i].start <= range[1]; i++) {
        const call = each.items[i];
        for (const [part, from, to] of parts(call)) {
          if (isHidden(part) || to < range[0] || from > range[1]) continue;
          const a = clip(from);
          const b = clip(to);
          const pen = pens[part];
          pen.add(a, b);
          if (call.times > 1 && b - a > 4) {
            const y = pen.y + pen.height;
            folds += `M${round(a + 1)} ${y + 2}H${round(b - 1)}M${round(a + 2)} ${y + 4}H${round(b - 2)}`;
          }
          if (b - a > 26 && part !== "park" && part !== "other") labels.push([part, call, Math.max(0, a), Math.min(width, b), pen]);
          if (call.client !== "" && part !== "wait") {
            const middle = Math.max(5, Math.min(width - 5, (Math.max(0, a) + Math.min(width, Math.max(b, a + 2))) / 2));
            // One letter for consecutive calls for the same client.
            if (middle - lettered >= (call.client === letter ? 60 : 11)) {
              letters.push([middle, call.client]);
              lettered = middle;
              letter = call.client;
            }
          }
        }
      }
      const drawn = ["park", "wait", "after", "other", "ask", "copy"].flatMap((kind) => pens[kind].drawn(kind));
      if (folds !== "") drawn.push(svg("path", { class: "tl-fold", d: folds }));
      for (const [part, call, a, b, pen] of labels) {
        const full = call.name + (call.client && part === "wait" ? " · " + call.client : "") + (call.times > 1 ? " ×" + number(call.times) : "");
        const short = call.times > 1 ? "×" + number(call.times) : call.name;
        const label = [full, short].find((s) => s.length * 7.9 + 8 < b - a);
        if (label) drawn.push(svg("text", { class: "tl-text tl-on-" + part, x: round(a + 4), y: pen.y + pen.height / 2 + 4.5 }, label));
      }
      for (const [at, client] of letters) drawn.push(svg("text", { class: "tl-letter", x: round(at), y: 11 }, client));
      return drawn;
    }

    function drawClient(each, x) {
      const clip = (t) => Math.max(-10, Math.min(width + 10, x(t)));
      const drawn = [];
      const events = each.items;
      const last = each.trace.micros;
      const ended = events.find((event) => event.what === "closed" || event.what === "reset");
      if (events.length > 0) {
        const a = clip(events[0].start);
        const b = clip(ended ? ended.start : last);
        drawn.push(svg("path", { class: "tl-open-line", d: `M${round(a)} 13H${round(b)}` }));
      }
      const gaps = new Pen(4, 18, 1);
      const lengths = [];
      for (const gap of each.client.owed) {
        const end = Math.min(gap.end, last);
        if (end < range[0] || gap.from.start > range[1]) continue;
        const a = clip(gap.from.start);
        const b = clip(end);
        gaps.add(a, b);
        if (gap.end === Infinity || b - a < 60) continue;
        // Write the duration into the widest space between the marks.
        const label = span(end - gap.from.start);
        const marks = events.filter((event) => event.start >= gap.from.start && event.start <= end).map((event) => clip(event.start));
        const rooms = d3.pairs([Math.max(0, a), ...marks, Math.min(width, b)]);
        const room = rooms[d3.maxIndex(rooms, ([from, to]) => to - from)];
        if (room[1] - room[0] > 8 * label.length + 16) lengths.push([(room[0] + room[1]) / 2, label]);
      }
      drawn.push(...gaps.drawn("owed"));
      const lastAt = {};
      const shapes = {};
      for (let i = firstFrom(each, range[0]); i < events.length && events[i].start <= range[1]; i++) {
        const { start, what } = events[i];
        const at = x(start);
        const away = at - (what in lastAt ? lastAt[what] : -Infinity);
        if (away < 3) continue;
        lastAt[what] = at;
        const crowded = away < 9 && (what === "send" || what === "receive");
        shapes[what] = (shapes[what] || "") + (crowded ? `M${round(at)} ${what === "send" ? 14 : 7}v5` : shape(what, round(at)));
      }
      for (const [what, d] of Object.entries(shapes)) drawn.push(svg("path", { class: "tl-event tl-event-" + what, d }));
      for (const [at, label] of lengths) drawn.push(svg("text", { class: "tl-text tl-on-owed", x: round(at), y: 17.5 }, label));
      return drawn;
    }

    /** A client's marks: downward marks go to the server below. */
    function shape(what, at) {
      if (what === "connect") return `M${at - 4} 13a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z`;
      if (what === "send") return `M${at - 4} 14h8l-4 8z`;
      if (what === "receive") return `M${at - 4} 12h8l-4 -8z`;
      if (what === "end") return `M${at} 4v18M${at - 4} 22h8`;
      if (what === "closed") return `M${at} 4v18M${at - 4} 4h8`;
      return `M${at - 4} 8l8 10m0 -10l-8 10`;
    }

    function drawEnd(each, x) {
      const at = x(each.trace.micros);
      if (at > width) return [];
      const from = Math.max(0, at);
      const drawn = [svg("rect", { class: "tl-beyond", x: round(from), y: 0, width: round(width - from), height: each.height })];
      if (!each.trace.complete && at >= 0) {
        let d = `M${round(at)} 0`;
        for (let y = 0, way = 3; y < each.height; y += 4, way = -way) d += `L${round(at + way)} ${y + 2}`;
        drawn.push(svg("path", { class: "tl-cut", d }));
        if (each.element === each.stack.firstElementChild) {
          const before = at > width - 80;
          drawn.push(svg("text", { class: "tl-text tl-cut-text", x: round(before ? at - 8 : at + 8), y: 17, "text-anchor": before ? "end" : "start" }, word("cut")));
        }
      }
      return drawn;
    }

    /** A frame around the call that the tooltip describes. */
    function mark(each, x) {
      const item = each === tipLane ? tipItem : null;
      if (!item) return;
      const a = x(item.start);
      const b = Math.max(a + 2, x(item.start + (item.duration || 0)));
      if (b < 0 || a > width) return;
      const from = Math.max(-4, a - (item.what ? 6 : 2));
      const to = Math.min(width + 4, b + (item.what ? 5 : 2));
      each.layer.append(svg("rect", { class: "tl-marked", x: round(from), y: item.what ? 1 : 12.5, width: round(to - from), height: item.what ? 24 : 30, rx: 2 }));
    }

    // The tooltip, for the pointer and for the keyboard.

    let tipLane = null;
    let tipItem = null;
    let pinned = false;

    function point(each, event, pin) {
      if (!event.target.closest(".tl-plot")) return;
      const at = event.clientX - each.plot.getBoundingClientRect().left;
      crossAt(at);
      if (pinned && !pin) return;
      const [item, more] = under(each, at);
      pinned = pin && item !== null;
      if (!item) {
        hideTip();
        return;
      }
      if (pin) each.cursor = each.items.indexOf(item);
      if (item !== tipItem || pin) tell(each, item, more);
    }

    function under(each, at) {
      const x = scaleOfPlot();
      const reach = each.kind === "client" ? 6 : 3;
      const from = x.invert(at - reach);
      const to = x.invert(at + reach);
      const exact = x.invert(at);
      let best = null;
      let least = Infinity;
      let count = 0;
      for (let i = firstFrom(each, from); i < each.items.length && each.items[i].start <= to; i++) {
        const item = each.items[i];
        const long = item.duration || 0;
        if (item.kind && parts(item).every(([part]) => isHidden(part))) continue;
        if (item.start + long < from) continue;
        count++;
        const wide = x(item.start + long) - x(item.start);
        const away = Math.max(0, item.start - exact, exact - item.start - long) / (to - from);
        const cost = (wide < 6 ? 0 : 10) + away * 4 + (item.kind ? PRIORITY[item.kind] / 2 : 0);
        if (cost < least) {
          least = cost;
          best = item;
        }
      }
      if (best === null && each.kind === "client") {
        const gap = each.client.owed.find((g) => g.from.start <= exact && exact <= g.end && exact <= each.trace.micros);
        if (gap) return [gap.from, 0];
      }
      return [best, Math.max(0, count - 1)];
    }

    function step(each, by) {
      const seen = (i) => !each.items[i].kind || !parts(each.items[i]).every(([part]) => isHidden(part));
      const last = each.items.length - 1;
      let i = Number.isFinite(by) ? each.cursor + by : by < 0 ? 0 : last;
      const way = Number.isFinite(by) ? by : -Math.sign(by);
      if (each.cursor < 0 && by === 1) i = Math.min(last, firstFrom(each, range[0]));
      while (i >= 0 && i <= last && !seen(i)) i += way;
      if (i < 0 || i > last) return;
      each.cursor = i;
      const item = each.items[i];
      const end = item.start + (item.duration || 0);
      const length = range[1] - range[0];
      if (end < range[0] || item.start > range[1] || (item.start < range[0] && end - item.start < length)) {
        go(item.start - length / 3, item.start + (2 * length) / 3);
      }
      pinned = true;
      tell(each, item, 0);
      // Screen readers announce the kind only: the tooltip and the legend explain it.
      status.textContent = told(each, item)
        .map(([label, value]) => (value === word("meaning." + item.kind) ? [label] : [label, value]).filter((s) => s !== "").join(": "))
        .join("; ");
    }

    function focused(each) {
      if (!each.element.matches(":focus-visible")) return;
      if (each.cursor >= 0) step(each, 0);
    }

    /** Returns the lines of the tooltip: label and value; the first line has no label. */
    function told(each, item) {
      if (item.what) {
        const lines = [["", each.client.name + ": " + word("event." + item.what, { bytes: bytes(item.bytes) })],
          [word("tip.at"), moment(item.start)]];
        if (item.what === "send" || item.what === "end") {
          const gap = each.client.owed.find((g) => g.from === item);
          const answered = item.what === "send" ? "tip.answered" : "tip.ended";
          if (gap) lines.push(gap.answer ? [word(answered), span(gap.end - item.start)] : [word("tip.unanswered"), ""]);
        } else if (item.question) {
          lines.push([word(item.what === "closed" ? "tip.since-end" : "tip.since"), span(item.start - item.question.start)]);
        }
        return lines;
      }
      const rest = { wait: "tip.worked", copy: "tip.copied", ask: "tip.asked", park: "tip.parked", other: "tip.took" }[item.kind];
      const lines = [["", written(item)], [word("kind." + item.kind), word("meaning." + item.kind)], [word("tip.start"), moment(item.start)]];
      if (item.kind === "park") lines.push([word(rest), span(item.duration)]);
      else {
        if (item.waited > 0 || item.kind === "wait" || item.kind === "copy") lines.push([word("tip.waited"), span(item.waited)]);
        if (item.duration > item.waited || item.kind !== "wait") lines.push([word(rest), span(item.duration - item.waited)]);
      }
      if (item.times > 1) lines.push([word("tip.times"), number(item.times)]);
      if (item.client !== "") lines.push([word("tip.client"), item.client]);
      return lines;
    }

    function tell(each, item, more) {
      const before = tipLane;
      tipLane = each;
      tipItem = item;
      const [[, title], ...lines] = told(each, item);
      tip.replaceChildren(el("p", { class: item.what ? "tl-tip-title" : "tl-tip-title tl-mono" }, title),
        el("dl", {}, ...lines.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value)))));
      if (more > 0) tip.append(el("p", { class: "tl-tip-more" }, word("tip.more", { count: number(more) })));
      tip.hidden = false;
      for (const other of [before, each]) {
        if (!other) continue;
        for (const old of other.layer.querySelectorAll(".tl-marked")) old.remove();
      }
      mark(each, scaleOfPlot());
      for (const other of lanes) {
        other.element.classList.toggle("tl-with", other.kind === "client" && other.trace === each.trace
          && !item.what && item.client !== "" && other.client.name === item.client);
      }
      placeTip();
    }

    function placeTip() {
      if (!tipItem || tip.hidden) return;
      const x = scaleOfPlot();
      const plot = tipLane.plot.getBoundingClientRect();
      const outer = root.getBoundingClientRect();
      const long = tipItem.duration || 0;
      const a = Math.max(0, Math.min(width, x(tipItem.start)));
      const b = Math.max(0, Math.min(width, x(tipItem.start + long)));
      const by = pinned || b - a < 40 ? (a + b) / 2 : Math.max(a, Math.min(b, crossX));
      const at = plot.left - outer.left + by;
      const wide = tip.offsetWidth;
      tip.style.left = Math.max(0, Math.min(outer.width - wide, at - wide / 2)) + "px";
      const below = plot.bottom + 6 + tip.offsetHeight < window.innerHeight || plot.top - 8 < tip.offsetHeight;
      tip.style.top = (below ? plot.bottom - outer.top + 6 : plot.top - outer.top - tip.offsetHeight - 6) + "px";
      if (pinned) crossAt((a + b) / 2);
    }

    function hideTip() {
      tip.hidden = true;
      for (const each of lanes) {
        each.element.classList.remove("tl-with");
        for (const old of each.layer.querySelectorAll(".tl-marked")) old.remove();
      }
      tipLane = null;
      tipItem = null;
    }

    let crossX = 0;
    function noCross() {
      now.hidden = true;
      for (const cross of blocks.querySelectorAll(".tl-cross")) cross.hidden = true;
    }
    function crossAt(at) {
      crossX = at;
      now.hidden = at < 0 || at > width;
      for (const cross of blocks.querySelectorAll(".tl-cross")) {
        cross.hidden = now.hidden;
        cross.style.left = left + at + "px";
      }
      if (now.hidden) return;
      now.textContent = moment(Math.max(0, scaleOfPlot().invert(at)));
      now.style.left = Math.max(0, Math.min(width - now.offsetWidth, at - now.offsetWidth / 2)) + "px";
    }
    frames.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch" || !event.target.closest(".tl-axis-plot")) return;
      crossAt(event.clientX - axisPlot.getBoundingClientRect().left);
    });
    frames.addEventListener("pointerleave", () => {
      if (pinned) {
        placeTip();
        return;
      }
      noCross();
      hideTip();
    });
    document.addEventListener("pointerdown", (event) => {
      if (event.target instanceof Element && (event.target.closest(".tl-plot") || event.target.closest(".tl-tip"))) return;
      pinned = false;
      noCross();
      hideTip();
    });

    // The legend, which also shows and hides kinds.

    function legend() {
      const swatch = (...shapes) => svg("svg", { class: "tl-swatch", width: 34, height: 28, "aria-hidden": "true" }, ...shapes);
      const bar = (kind, y, h, x1 = 3, w = 28) => svg("path", { class: "tl-" + kind, d: `M${x1} ${y}h${w}v${h}h${-w}z` });
      const samples = {
        wait: [bar("wait", 5, 18)], copy: [bar("copy", 1, 26, 8, 18)],
        ask: [bar("ask", 9, 10)], park: [bar("park", 12, 4)], other: [bar("other", 16, 7, 8, 18)],
      };
      const buttons = KINDS.map((kind) => {
        const button = el("button", { type: "button", class: "tl-kind", "aria-pressed": "true", title: word("meaning." + kind),
          onclick: () => {
            if (!hidden.delete(kind)) hidden.add(kind);
            button.setAttribute("aria-pressed", String(!hidden.has(kind)));
            pinned = false;
            hideTip();
            later();
          } }, swatch(...samples[kind]), word("kind." + kind));
        return button;
      });
      const item = (picture, label) => el("li", {}, picture, label);
      const event = (what) => item(svg("svg", { class: "tl-swatch", width: 18, height: 26, "aria-hidden": "true" },
        svg("path", { class: "tl-event tl-event-" + what, d: shape(what, 9) })), word("mark." + what));
      return el("div", { class: "tl-legend" },
        el("div", { class: "tl-kinds", role: "group", "aria-label": word("legend") }, ...buttons),
        el("ul", { class: "tl-keys" },
          item(swatch(bar("wait", 5, 18), bar("copy tl-pale", 1, 7)), word("legend-pale")),
          item(swatch(bar("ask", 7, 10), svg("path", { class: "tl-fold", d: "M4 19.5h26M5 21.5h24" })), word("legend-folded"))),
        el("ul", { class: "tl-keys", "aria-label": word("legend-clients") },
          ...EVENTS.map(event), item(swatch(bar("owed", 4, 18)), word("legend-owed"))));
    }

    function patterns() {
      const pattern = (id, size, ...shapes) =>
        svg("pattern", { id, width: size, height: size, patternUnits: "userSpaceOnUse" }, ...shapes);
      return svg("svg", { class: "tl-patterns", width: 0, height: 0, "aria-hidden": "true" }, svg("defs", {},
        pattern("tl-hatch", 8, svg("rect", { class: "tl-hatch-ground", width: 8, height: 8 }),
          svg("path", { class: "tl-hatch-line", d: "M-2 2l4 -4M0 8l8 -8M6 10l4 -4" })),
        pattern("tl-dots", 5, svg("rect", { class: "tl-dots-ground", width: 5, height: 5 }),
          svg("circle", { class: "tl-dots-dot", cx: 2.5, cy: 2.5, r: 1.3 })),
        pattern("tl-owing", 6, svg("rect", { class: "tl-owing-ground", width: 6, height: 6 }),
          svg("path", { class: "tl-owing-line", d: "M0 3h6" }))));
    }

    root.append(el("p", { class: "tl-unseen", id: "tl-keys-lane" }, word("keys-lane")));
    root.append(el("p", { class: "tl-hint tl-below" }, word("hint"), " ", word("caution")));

    const asked = fromFragment();
    if (!asked) {
      const first = text(root.dataset.show).split(",").filter(isKnown);
      const traced = servers.filter((server) => server.trace !== false).map((server) => server.name);
      shown = (first.length > 0 ? first : traced.length > 0 ? traced.slice(0, 2) : [servers[0].name]).slice(0, MAX_SHOWN);
    }
    show();
  }
})();
