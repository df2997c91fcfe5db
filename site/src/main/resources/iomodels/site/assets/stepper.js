/*
 * The stepper: plays recorded traces event by event. For each server it shows the current event,
 * the state of each thread, the region of the source in which a call is made, and what is in the
 * kernel's buffers of each client. The generator has derived the steps from the trace (Steps.java):
 * this script shows them.
 *
 * The page has <section id="stepper"> and the texts in the JSON block #stepper-words. Attributes of
 * the section: data-show="a,b" names the servers, and without it those of the timeline are shown;
 * data-autoplay starts playing, unless the reader prefers reduced motion. The steps and the code
 * are scripts that call iomodels.steps("NAME", {…}) and iomodels.column("ID", {…}).
 */
(() => {
  "use strict";

  const { block, texts, el } = iomodels.drawing;
  const { word, number, moment, bytes } = texts(block("stepper-words", {}));
  const REGIONS = ["accept", "wait", "converse", "close"];
  const BUFFERS = ["client-send", "server-receive", "server-send", "client-receive"];
  const SPEEDS = [1, 2, 5, 10, 30];
  /** States of a thread that is in a call. */
  const IN_CALL = "wcaop";
  /** Names of servers without steps: a script that does not exist is not loaded. */
  const WITHOUT = new Set(block("timeline-servers", []).filter((it) => it.trace === false).map((it) => it.name));
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  // The steps: functions of the data alone.

  /** Returns the whole state at each step: the data hold only what changes. */
  function unfold(data) {
    // For each client the bytes in its buffers, then their limits.
    const buffers = data.clients.flatMap(() => [...BUFFERS, ...BUFFERS].map(() => 0));
    const calls = data.threads.map(() => ({ what: "", region: "" }));
    return data.steps.map(([at, thread, client, what, args, result, times, phase, region, states, changes]) => {
      for (let i = 0; i < changes.length; i += 2) buffers[changes[i]] = changes[i + 1];
      if (thread >= 0) calls[thread] = { what, region };
      const threads = calls.map((call, i) => ({ state: states[i], ...call }));
      return { at, thread, client, what, args, result, times, phase, region, threads, buffers: buffers.slice() };
    });
  }

  /** Merges the steps of several servers: for each position, the step of each server, or −1. */
  function merge(all) {
    const order = all.flatMap((steps, server) => steps.map((step) => ({ at: step.at, server })));
    order.sort((a, b) => a.at - b.at);
    const reached = all.map(() => -1);
    const positions = order.map(({ at, server }) => {
      reached[server]++;
      return { at, server, reached: reached.slice() };
    });
    // Threads are in calls when the record begins: together that is the first position.
    return positions.filter((it, i) => it.at > 0 || positions[i + 1]?.at !== 0);
  }

  // The data, by name. Each script is loaded once.

  const entries = new Map();
  function load(folder, name) {
    const key = folder + "/" + name;
    if (name.startsWith("file:") || WITHOUT.has(name)) return null;
    if (!entries.has(key)) {
      const entry = Promise.withResolvers();
      entries.set(key, entry);
      const script = el("script", { src: `${document.body.dataset.base}${folder}/${encodeURIComponent(name)}.js` });
      script.addEventListener("load", () => entry.resolve(null));
      script.addEventListener("error", () => entry.resolve(null));
      document.head.append(script);
    }
    return entries.get(key).promise;
  }
  iomodels.steps = (name, data) => entries.get("steps/" + name).resolve(data);
  iomodels.column = (id, column) => entries.get("code/" + id.replace(/[:/]/g, ".")).resolve(column);

  // A server.

  const inWords = (step) => {
    if (step.phase === "") return step.client === "" ? word("finish") : `${step.client}: ${word("event." + step.what, { bytes: bytes(Number(step.result)) })}`;
    const call = step.what.includes(",") || step.args === "" ? step.what : `${step.what}(${step.args})`;
    const result = step.result === "" ? "" : ` = ${step.result}`;
    return call + result;
  };
  const announced = (step) => (step.phase === "" ? inWords(step) : `${word("phase." + step.phase)}: ${step.what}, ${step.client}`.replace(/, $/, ""));

  function server(name, data, column) {
    const steps = unfold(data);
    const event = el("p", { class: "st-event" });
    const threads = data.threads.map((thread) => el("li", {}, el("code", {}, thread), " ", el("span", {})));
    const regions = REGIONS.map((region) => el("li", {}, word("region." + region)));
    const parts = new Map(REGIONS.map((region) => [region, code(column, region)]));
    const panel = el("div", { class: "st-code region", tabindex: 0, role: "region", "aria-label": word("code", { server: data.id }) }, ...parts.values());
    iomodels.highlight(panel);
    const cells = data.clients.map((client, i) => (data.recorded[i] ? BUFFERS.map(meter) : null));
    const element = el("article", { class: "st-server", "aria-label": data.id },
      el("h3", {}, el("code", {}, data.id)), event, el("ul", { class: "st-threads", "aria-label": word("threads") }, ...threads),
      el("ol", { class: "st-regions", "aria-label": word("regions") }, ...regions), panel, table(data, cells));

    /** The region at the top of the panel. */
    let inView = REGIONS[0];

    /** Shows a step; −1 is before the first one. */
    function show(index, isCurrent) {
      const step = steps[Math.max(0, index)];
      element.classList.toggle("st-current", isCurrent);
      element.dataset.step = index;
      event.replaceChildren(...(index < 0 ? ["–"] : lines(step, data)));
      threads.forEach((item, i) => {
        const { state, what } = step.threads[i];
        item.dataset.state = state;
        item.lastElementChild.textContent = word("state." + state, { call: what });
      });
      const lit = new Set(step.threads.filter((thread) => IN_CALL.includes(thread.state)).map((thread) => thread.region));
      REGIONS.forEach((region, i) => {
        const now = index >= 0 && step.region === region;
        for (const it of [regions[i], parts.get(region)]) {
          it.classList.toggle("st-lit", now || lit.has(region));
          it.classList.toggle("st-now", now);
        }
        if (now) regions[i].setAttribute("aria-current", "step");
        else regions[i].removeAttribute("aria-current");
      });
      if (index >= 0 && step.region !== "") inView = step.region;
      else if (!lit.has(inView)) inView = REGIONS.find((region) => lit.has(region)) ?? inView;
      panel.scrollTop = parts.get(inView).offsetTop - panel.firstElementChild.offsetTop;
      cells.forEach((row, client) => row?.forEach((cell, k) => {
        const first = client * 2 * BUFFERS.length + k;
        fill(cell, step.buffers[first + BUFFERS.length], step.buffers[first]);
      }));
    }
    return { name, steps, element, show };
  }

  function code(column, region) {
    const found = column?.regions[region];
    const part = el("div", { class: "st-part", "data-region": region }, el("p", { class: "st-name" }, word("region." + region)));
    for (const each of found?.parts ?? []) {
      const html = el("div", {});
      html.innerHTML = each.html;
      for (const pre of html.querySelectorAll("pre")) pre.removeAttribute("tabindex"); // The panel scrolls.
      part.append(html);
    }
    if (!found || found.parts.length === 0) {
      const reason = el("p", { class: "without" });
      reason.innerHTML = found?.without || word("no-region");
      part.append(reason);
    }
    return part;
  }

  function lines(step, data) {
    if (step.phase === "") return [el("span", { class: "st-what" }, inWords(step)), el("span", { class: "st-at" }, moment(step.at))];
    const facts = [word("phase." + step.phase)];
    if (data.threads.length > 1) facts.push(data.threads[step.thread]);
    if (step.client !== "") facts.push(word("client", { client: step.client }));
    if (step.times > 1) facts.push(word("times", { count: number(step.times) }));
    if (step.region === "") facts.push(word("outside"));
    return [el("code", { class: "st-what" }, inWords(step)), el("span", { class: "st-facts" }, facts.join(" · ")), el("span", { class: "st-at" }, moment(step.at))];
  }

  // Buffers.

  const meter = () => el("td", {}, el("span", { class: "st-meter", "aria-hidden": "true" }, el("span", {})), el("b", {}), " ", el("small", {}));

  function fill(cell, limit, held) {
    cell.firstElementChild.firstElementChild.style.width = (100 * held) / limit + "%";
    cell.classList.toggle("st-held", held > 0);
    cell.querySelector("b").textContent = bytes(held);
    cell.querySelector("small").textContent = word("of", { limit: bytes(limit) });
  }

  function table(data, cells) {
    const heads = BUFFERS.map((buffer) => el("th", { scope: "col" }, word("buffer." + buffer)));
    const rows = data.clients.map((client, i) => el("tr", {}, el("th", { scope: "row" }, client),
      ...(cells[i] ?? [el("td", { colspan: BUFFERS.length, class: "st-unknown" }, word("not-recorded"))])));
    return el("table", { class: "st-buffers" }, el("caption", {}, word("buffers")),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, word("client-head")), ...heads)), el("tbody", {}, ...rows));
  }

  // The controls.

  function stepper(root) {
    let servers = [];
    let positions = [];
    let position = 0;
    let timer = 0;
    const button = (label, sign, action) => el("button", { type: "button", "aria-label": label, title: label, onclick: action }, sign);
    const back = button(word("back"), "◀", () => move(position - 1));
    const play = el("button", { type: "button", class: "st-play", onclick: () => (timer ? pause() : start()) }, word("play"));
    const next = button(word("next"), "▶", () => move(position + 1));
    const slider = el("input", { type: "range", min: 0, step: 1, value: 0, "aria-label": word("position"), oninput: () => move(Number(slider.value), false) });
    const speed = el("select", { "aria-label": word("speed") }, ...SPEEDS.map((n) => el("option", { value: n, selected: n === 2 }, word("per-second", { n: number(n) }))));
    const where = el("span", { class: "st-where" });
    const status = el("p", { class: "st-unseen", role: "status", "aria-live": "polite" });
    const stage = el("div", { class: "st-servers" });
    const controls = el("div", { class: "st-controls", role: "group", "aria-label": word("controls") }, back, play, next, slider, where, speed);
    root.append(controls, status, stage);

    function render() {
      const { at, server: current, reached } = positions[position];
      servers.forEach((it, i) => it.show(reached[i], i === current));
      slider.value = position;
      const step = servers[current].steps[reached[current]];
      const label = word("where", { number: number(position + 1), count: number(positions.length), time: moment(at) });
      where.textContent = label;
      slider.setAttribute("aria-valuetext", `${label}, ${servers[current].name}, ${announced(step)}`);
      document.dispatchEvent(new CustomEvent("iomodels-step", { detail: at }));
      return `${servers[current].name}: ${announced(step)}`;
    }

    /** The reader moves: that ends playing. The slider announces its own value. */
    function move(to, aloud = true) {
      if (positions.length === 0) return;
      pause();
      position = Math.max(0, Math.min(positions.length - 1, to));
      const said = render();
      if (aloud) status.textContent = said;
    }

    function start() {
      if (positions.length === 0) return;
      if (position === positions.length - 1) position = 0;
      play.textContent = word("pause");
      timer = window.setTimeout(tick, 1000 / Number(speed.value));
    }

    function pause() {
      window.clearTimeout(timer);
      timer = 0;
      play.textContent = word("play");
    }

    function tick() {
      position++;
      render();
      if (position === positions.length - 1) pause();
      else start();
    }

    root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input, .st-code")) return;
      const to = { ArrowLeft: position - 1, ArrowRight: position + 1, Home: 0, End: positions.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      move(to);
    });

    /** Of several pending choices, only the newest is shown. */
    let turn = 0;
    async function choose(names) {
      const mine = ++turn;
      const found = await Promise.all(names.map((name) => Promise.all([load("steps", name), load("code", name)])));
      if (mine !== turn) return;
      pause();
      servers = names.flatMap((name, i) => (found[i][0] ? [server(name, ...found[i])] : []));
      const missing = names.filter((name, i) => !found[i][0]);
      stage.replaceChildren(...servers.map((it) => it.element), ...missing.map((name) => el("p", { class: "note" }, word("missing", { server: name }))));
      positions = merge(servers.map((it) => it.steps));
      position = 0;
      controls.hidden = positions.length === 0;
      if (positions.length === 0) return;
      slider.max = positions.length - 1;
      render();
      if (root.dataset.autoplay !== undefined && !calm.matches) start();
    }

    if (root.dataset.show) choose(root.dataset.show.split(","));
    else document.addEventListener("iomodels-shown", (event) => choose(event.detail));
  }

  const root = document.getElementById("stepper");
  if (root) stepper(root);
})();
