"use strict";

/* Shows the lab's measurements as tables and, with ECharts, as charts. All text is inserted as text, never as HTML. */
(() => {
  const measurements = JSON.parse(document.getElementById("measurements").textContent);
  const { machine, scenarios, claims } = measurements;
  const content = document.getElementById("content");
  const charts = [];

  /* The texts in the language of the page. A key is followed by the values of its {0}, {1} … */
  const words = JSON.parse(document.getElementById("report-words").textContent);
  const say = (key, ...values) => values.reduce((text, value, i) => text.replace(`{${i}}`, value), words.texts[key]);
  const claimOf = (claim) => words.claims?.[claim.id] ?? claim.claim;
  const wordsOf = (scenario) => words.scenarios?.[scenario.name] ?? scenario.words;

  const element = (name, attributes = {}, ...children) => {
    const it = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      it.setAttribute(key, value);
    }
    it.append(...children);
    return it;
  };
  const number = (value) => {
    const size = Math.abs(value);
    const digits = size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.01 ? 2 : 4;
    return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  };
  const spread = (it) => `${number(it.median)} [${number(it.min)}..${number(it.max)}]`;
  const section = (id, title) => {
    const it = element("section", { "aria-labelledby": id }, element("h2", { id }, title));
    content.append(it);
    document.getElementById("contents").append(element("li", {}, element("a", { href: `#${id}` }, title)));
    return it;
  };

  /* A cell is text, or [text, class], or [text, class, caveats]. */
  const table = (label, heads, rows) => {
    const head = element("tr", {}, ...heads.map((it, i) => element("th", i ? { scope: "col", class: "n" } : { scope: "col" }, it)));
    const body = rows.map((row) =>
      element("tr", {}, ...row.map((cell, i) => {
        const [text, kind, caveats] = Array.isArray(cell) ? cell : [cell, "n", ""];
        const it = i ? element("td", { class: kind }, text) : element("th", { scope: "row" }, element("code", {}, text));
        if (caveats) {
          it.append(" ", element("small", {}, caveats));
        }
        return it;
      })));
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
      element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
  };

  /* Colours that colour-blind readers can distinguish (Okabe and Ito), with a dash and a symbol in addition. */
  const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B8860B", "#56B4E9", "#8C564B", "#7F7F7F"];
  const DASHES = ["solid", "dashed", "dotted"];
  const SYMBOLS = ["circle", "rect", "triangle", "diamond", "pin"];
  const UNCORRECTED = ", uncorrected";
  const known = [];
  const look = (name) => {
    const server = name.replace(UNCORRECTED, "");
    if (!known.includes(server)) {
      known.push(server);
    }
    const i = known.indexOf(server);
    const corrected = server === name;
    return {
      color: COLOURS[i % COLOURS.length],
      line: corrected ? { width: 2, type: DASHES[Math.floor(i / COLOURS.length) % DASHES.length] } : { width: 1, type: [2, 3] },
      symbol: SYMBOLS[i % SYMBOLS.length],
    };
  };

  /* The current colour of a CSS variable: light-dark() works in style sheets only. */
  const probe = element("span", { hidden: "" });
  document.body.append(probe);
  const role = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };

  const nines = (percentile) => -Math.log10(1 - Math.min(percentile, 99.9999) / 100);
  const axis = (it, horizontal) => {
    const name = { name: it.label, nameLocation: "middle", nameGap: horizontal ? 30 : 52 };
    switch (it.scale) {
      case "LOGARITHMIC":
        return { type: "log", ...name, axisLabel: { formatter: (v) => v.toLocaleString("en"), hideOverlap: true } };
      case "PERCENTILES":
        return {
          type: "value", ...name, min: 0, interval: 1,
          axisLabel: { formatter: (v) => (v === 0 ? "0 %" : `${+(100 - 10 ** (2 - v)).toFixed(4)} %`) },
        };
      case "CATEGORIES":
        return { type: "category", data: it.categories, axisLabel: { interval: 0, hideOverlap: false } };
      default:
        return { type: "value", ...name, axisLabel: { formatter: (v) => v.toLocaleString("en"), hideOverlap: true } };
    }
  };

  const BARS = { barMaxWidth: 18, barGap: "10%" };

  /* The distance of a bar from the middle of its category. Bars that the legend hides leave no gap. */
  const aside = (api, bar, bars) => {
    const shown = api.currentSeriesIndices().filter((it) => bars.includes(it));
    return shown.includes(bar) ? api.barLayout({ count: shown.length, ...BARS })[shown.indexOf(bar)].offsetCenter : 0;
  };
  const whisker = (across, bar, bars) => (params, api) => {
    const off = bars.length > 1 ? aside(api, bar, bars) : 0;
    const at = (value) => {
      const [x, y] = api.coord(across ? [value, api.value(0)] : [api.value(0), value]);
      return across ? [x, y + off] : [x + off, y];
    };
    const [low, high] = [at(api.value(1)), at(api.value(2))];
    const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: api.visual("color"), lineWidth: 1.5, opacity: 0.75 } });
    const [dx, dy] = across ? [0, 4] : [4, 0];
    return {
      type: "group",
      children: [
        line(low[0], low[1], high[0], high[1]),
        line(low[0] - dx, low[1] - dy, low[0] + dx, low[1] + dy),
        line(high[0] - dx, high[1] - dy, high[0] + dx, high[1] + dy),
      ],
    };
  };
  const span = (params, api) => {
    const [start, end] = [api.coord([api.value(1), api.value(0)]), api.coord([api.value(2), api.value(0)])];
    const height = api.size([0, 1])[1] * 0.5;
    return { type: "rect", shape: { x: start[0], y: start[1] - height / 2, width: Math.max(2, end[0] - start[0]), height }, style: { fill: api.visual("color") } };
  };

  /* Bars are horizontal, so that their names fit. */
  const isHorizontal = (chart) => chart.x.scale === "CATEGORIES" && chart.series.some((it) => it.mark !== "LINE" && it.mark !== "POINTS");

  /* A point as text: its position and its value. */
  const place = (chart, point) => (chart.x.scale === "CATEGORIES" ? chart.x.categories[point.x] : `${number(point.x)} ${chart.x.label}`);
  const amount = (chart, name, { y, low, high }) => {
    const range = `${number(low)}..${number(high)}`;
    if (chart.series.find((it) => it.name === name).mark === "SPANS") {
      return range;
    }
    return low === high ? number(y) : `${number(y)} [${range}]`;
  };

  const options = (chart) => {
    const [text, soft, line, panel] = ["--text", "--soft", "--line", "--panel"].map(role);
    const horizontal = isHorizontal(chart);
    const percentiles = chart.x.scale === "PERCENTILES";
    const x = (point) => (percentiles ? nines(point.x) : point.x);
    const drawn = [];
    const sideBySide = []; // indices of the series that are bars side by side
    const isLone = chart.series.length === 1;
    const whole = (it, value) => ({ value, point: it });
    for (const series of chart.series) {
      const { color, line: lineStyle, symbol } = look(series.name);
      const base = { name: series.name, itemStyle: { color, opacity: 1 }, emphasis: { focus: "series" } };
      const own = drawn.length;
      const spreads = series.points.filter((it) => it.low !== it.high);
      if (series.mark === "SPANS") {
        drawn.push({ ...base, type: "custom", renderItem: span, encode: { x: [1, 2], y: 0 }, data: series.points.map((it) => whole(it, [it.x, it.low, it.high])) });
        continue;
      }
      if (series.mark === "BARS" || series.mark === "STACKED_BARS") {
        const stack = series.mark === "STACKED_BARS" ? { stack: "all" } : {};
        const colorOf = (it) => (isLone && chart.x.categories[it.x] ? look(chart.x.categories[it.x]).color : color);
        if (series.mark === "BARS") {
          sideBySide.push(own);
        }
        drawn.push({ ...base, ...stack, type: "bar", ...BARS, data: series.points.map((it) => ({ ...whole(it, horizontal ? [it.y, it.x] : [it.x, it.y]), itemStyle: { color: colorOf(it) } })) });
      } else {
        drawn.push({
          ...base, type: series.mark === "LINE" ? "line" : "scatter", symbol, symbolSize: 7,
          showSymbol: series.points.length < 30, lineStyle,
          data: series.points.map((it) => whole(it, [x(it), it.y])),
        });
      }
      if (spreads.length && series.mark !== "STACKED_BARS" && chart.series.length < 9) {
        drawn.push({
          ...base, type: "custom", renderItem: whisker(horizontal, own, sideBySide), silent: true, z: 5,
          itemStyle: { color: series.mark === "BARS" ? text : color },
          encode: horizontal ? { x: [1, 2], y: 0 } : { x: 0, y: [1, 2] },
          data: spreads.map((it) => [x(it), it.low, it.high]),
        });
      }
    }
    const across = axis(chart.x, !horizontal);
    const upwards = axis(chart.y, horizontal);
    if (horizontal) {
      across.inverse = true;
    }
    const many = chart.series.length > 1;
    const isCrowded = chart.series.length > 12;
    const hidden = isCrowded ? chart.series.map((it) => it.name).filter((it) => it.endsWith(UNCORRECTED)) : [];
    const lines = { splitLine: { lineStyle: { color: line } }, axisLine: { lineStyle: { color: line } }, nameTextStyle: { color: text } };
    const coloured = (it) => ({ ...it, ...lines, axisLabel: { ...it.axisLabel, color: soft } });
    return {
      animation: false,
      aria: { enabled: true, label: { description: say("chart-table", chart.title) } },
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: text },
      legend: {
        show: many, type: "scroll", top: 0, data: chart.series.map((it) => it.name),
        selected: Object.fromEntries(hidden.map((it) => [it, false])),
        selector: isCrowded ? [{ type: "all", title: say("all") }, { type: "inverse", title: say("invert") }] : false,
        selectorLabel: { color: text, borderColor: line },
        // The default line height cuts off descenders.
        textStyle: { color: text, lineHeight: 18 }, inactiveColor: soft,
        pageTextStyle: { color: text }, pageIconColor: text, pageIconInactiveColor: line,
      },
      tooltip: {
        trigger: "item", renderMode: "richText", confine: true,
        backgroundColor: panel, borderColor: line, textStyle: { color: text },
        formatter: (it) => `${it.seriesName}\n${place(chart, it.data.point)}: ${amount(chart, it.seriesName, it.data.point)}`,
      },
      grid: { left: horizontal ? 8 : 64, right: 24, top: many ? 40 : 12, bottom: 44, containLabel: horizontal },
      xAxis: coloured(horizontal ? upwards : across),
      yAxis: coloured(horizontal ? across : upwards),
      series: drawn,
    };
  };

  const figure = (chart) => {
    const box = element("div", { class: "chart", role: "img", "aria-label": say("chart", chart.title) });
    if (isHorizontal(chart)) {
      box.style.height = `${Math.max(9, 5 + chart.x.categories.length * (chart.series.length > 1 && chart.series[0].mark === "BARS" ? 2.6 : 1.5))}rem`;
    }
    const name = (point) => (chart.x.scale === "CATEGORIES" ? chart.x.categories[point.x] : number(point.x));
    const rows = chart.series.flatMap((series) => series.points.map((it) => [series.name, [name(it), "n"], [chart.series[0].mark === "SPANS" ? "" : number(it.y), "n"], [number(it.low), "n"], [number(it.high), "n"]]));
    const figures = element("details", {}, element("summary", {}, say("figures")),
      table(say("figures-of", chart.title), ["", chart.x.label || "", chart.y.label || "", say("from"), say("to")], rows));
    charts.push({ chart, box });
    return element("figure", {}, element("figcaption", {}, chart.title), box, figures);
  };

  const linear = (label) => ({ label, scale: "LINEAR", categories: [] });
  const log = (label) => ({ label, scale: "LOGARITHMIC", categories: [] });
  const names = (label, categories) => ({ label, scale: "CATEGORIES", categories });
  const ofSpread = (x, it) => ({ x, y: it.median, low: it.min, high: it.max });
  const at = (x, y) => ({ x, y, low: y, high: y });
  /* A load generator at its limit does not affect the server's processor time. */
  const isOfLoader = (caveat) => ["LOADER_SATURATED", "LITTLES_LAW", "OVERLOADED"].includes(caveat);
  const withCaveats = (caveats) => [caveats.length ? "n unreliable" : "n", caveats.map((it) => words.caveats[it][0]).join(" ")];
  const ofServer = (server) => withCaveats(server.caveats.filter((it) => !isOfLoader(it)));
  const ofLoad = (server) => withCaveats(server.caveats.filter((it) => it !== "WITHIN_NOISE"));
  /* The reason why a server has no figures. */
  const without = (server) => server.failure || server.unfit || "–";
  const loaded = (scenario) => scenario.servers.filter((it) => it.load);

  /* A value that is much larger than the others would make their bars indistinguishable. */
  const FAR = 8;
  const bars = (title, label, servers, figure) => {
    const there = servers.filter((it) => figure(it));
    const medians = there.map((it) => figure(it).median).sort((a, b) => a - b);
    const isFar = medians[medians.length - 1] > FAR * medians[Math.floor(medians.length / 2)];
    const scale = isFar && there.every((it) => figure(it).min > 0.1) ? log : linear;
    return there.length === 0 ? [] : [{
      title, x: names("", there.map((it) => it.name)), y: scale(label),
      series: [{ name: label, mark: "BARS", points: there.map((it, i) => ofSpread(i, figure(it))) }],
    }];
  };

  const curves = (scenario) => {
    const lines = loaded(scenario).flatMap((it) => {
      const line = (name, latencies) => ({ name, mark: "LINE", points: latencies.curve.map((p) => at(p.percentile, p.micros)) });
      const all = [line(it.name, it.load.latency)];
      if (it.load.uncorrected) {
        all.push(line(`${it.name}, uncorrected`, it.load.uncorrected));
      }
      return all;
    });
    return lines.length === 0 ? [] : [{
      title: say("latency", scenario.name),
      x: { label: say("percentile"), scale: "PERCENTILES", categories: [] }, y: log("µs"), series: lines,
    }];
  };

  const yardstick = (scenario) => (scenario.servers.some((it) => it.twin === "nginx") ? "nginx" : "C");

  const loadTable = (scenario) => {
    const heads = words.heads.map((it) => it.replace("{0}", yardstick(scenario)));
    const rows = scenario.servers.map((it) => {
      const load = it.load;
      if (!load) {
        return [it.name, [without(it), ""]];
      }
      const [kind, caveats] = ofServer(it);
      const [loadKind, loadCaveats] = ofLoad(it);
      const median = (s, k = kind, f = (v) => v) => [s ? number(f(s.median)) : "–", k];
      return [
        it.name, median(load.cpuMicrosPerMessage),
        [load.toCommon?.cpu ? spread(load.toCommon.cpu) : "–", kind, caveats],
        [load.toTwin?.cpu ? spread(load.toTwin.cpu) : "–", kind],
        [...median(load.messagesPerSecond, loadKind), loadCaveats], median(load.latency.p50, loadKind), median(load.latency.p99, loadKind), median(load.latency.p999, loadKind),
        median(load.voluntarySwitches), median(load.involuntarySwitches), median(load.threads),
        median(load.residentBytes, kind, (v) => v / 1048576), median(load.leastServedShare, loadKind), [`${number(100 * load.loaderBusy.median)} %`, kind],
      ];
    });
    return table(say("figures-of", scenario.name), heads, rows);
  };

  const idle = (scenario) => {
    const servers = scenario.servers.filter((it) => it.idle && it.idle.length > 1);
    const more = (it) => {
      const [few, many] = [it.idle[1], it.idle[it.idle.length - 1]];
      return (many.processBytes + many.heapBytes - few.processBytes - few.heapBytes) / (many.connections - few.connections);
    };
    const rows = scenario.servers.map((it) =>
      it.idle ? [it.name, [number(it.idle[it.idle.length - 1].connections), "n"], [number(more(it)), ...ofServer(it)]] : [it.name, [without(it), ""]]);
    return [
      table(say("idle-table"), [say("server"), say("connections"), say("bytes-per-connection")], rows),
      figure({
        title: say("idle-chart"), x: linear(say("connections")), y: linear("MiB"),
        series: servers.map((it) => ({ name: it.name, mark: "LINE", points: it.idle.map((p) => at(p.connections, (p.processBytes + p.heapBytes) / 1048576)) })),
      }),
    ];
  };

  const calls = (scenario) => {
    const servers = scenario.servers.filter((it) => it.systemCalls);
    const kinds = [...new Set(servers.flatMap((it) => Object.keys(it.systemCalls).filter((call) => it.systemCalls[call] >= 0.01)))];
    return [figure({
      title: say("calls"), x: names("", servers.map((it) => it.name)), y: linear(say("calls-per-message")),
      series: kinds.map((call) => ({ name: call, mark: "STACKED_BARS", points: servers.map((it, i) => at(i, it.systemCalls[call] || 0)) })),
    })];
  };

  const fill = (id, entries) => {
    for (const [name, value] of entries) {
      document.getElementById(id).append(element("dt", {}, name), element("dd", {}, value));
    }
  };
  fill("machine", [
    [say("command"), element("code", {}, machine.command)],
    [say("time"), machine.time],
    [say("processor"), `${machine.processors} × ${machine.processor}`],
    [say("pinning"), machine.pinning],
    [say("java"), machine.java],
    [say("system"), machine.system],
  ]);
  for (const it of document.querySelectorAll("[data-say]")) {
    it.textContent = say(it.dataset.say);
  }
  fill("terms", words.terms);
  fill("caveats", Object.values(words.caveats));
  const data = document.getElementById("data");
  data.href = URL.createObjectURL(new Blob([JSON.stringify(measurements, null, 2)], { type: "application/json" }));

  if (claims.length) {
    const it = section("claims", say("claims"));
    it.append(element("p", {}, say("claims-text")));
    for (const claim of claims) {
      it.append(element("article", { class: "claim", id: `claim-${claim.id}` },
        element("h3", {}, `“${claimOf(claim)}”`),
        element("p", {}, element("span", { class: `verdict ${claim.verdict}` }, words.verdicts[claim.verdict])),
        element("p", { lang: "en" }, claim.finding),
        element("p", { class: "note" }, say("experiment"), element("span", { lang: "en" }, claim.experiment)),
        ...claim.charts.map(figure)));
    }
  }

  const loads = scenarios.filter((it) => loaded(it).length);
  if (loads.length > 1) {
    const it = section("summary", say("summary", yardstick(loads[0]) === "C" ? say("plain-c") : "nginx"));
    const servers = [...new Set(loads.flatMap((scenario) => scenario.servers.map((server) => server.name)))];
    it.append(table(say("summary-table"), [say("server"), ...loads.map((scenario) => scenario.name)], servers.map((name) => [
      name,
      ...loads.map((scenario) => {
        const server = scenario.servers.find((each) => each.name === name);
        const ratio = server?.load?.toCommon?.cpu;
        return ratio ? [spread(ratio), ...ofServer(server)] : ["–", "n"];
      }),
    ])));
    const pings = loads.filter((scenario) => /^ping-\d+$/.test(scenario.name));
    if (pings.length > 1) {
      const lines = servers.map((name) => ({
        name, mark: "LINE",
        points: pings.flatMap((scenario) => {
          const load = scenario.servers.find((each) => each.name === name)?.load;
          return load ? [ofSpread(load.connections, load.messagesPerSecond)] : [];
        }),
      }));
      it.append(figure({ title: say("throughput"), x: log(say("connections")), y: linear(say("messages-per-second")), series: lines.filter((line) => line.points.length) }));
    }
  }

  for (const scenario of scenarios) {
    const it = section(`scenario-${scenario.name}`, scenario.name);
    it.append(element("p", {}, say("scenario", wordsOf(scenario)[0].toUpperCase() + wordsOf(scenario).slice(1), scenario.rounds, scenario.roundMillis)));
    const servers = loaded(scenario);
    if (servers.length) {
      it.append(loadTable(scenario));
      const shown = [
        ...bars(say("cpu", scenario.name), say("cpu-unit"), servers, (each) => each.load.cpuMicrosPerMessage),
        ...curves(scenario),
        ...bars(say("p99", scenario.name), "µs", servers, (each) => each.load.latency.p99),
        ...bars(say("waits", scenario.name), say("waits-unit"), servers, (each) => each.load.voluntarySwitches),
      ];
      it.append(...shown.map(figure));
    }
    if (scenario.servers.some((each) => each.idle)) {
      it.append(...idle(scenario));
    }
    if (scenario.servers.some((each) => each.systemCalls)) {
      it.append(...calls(scenario));
    }
    for (const server of scenario.servers.filter((each) => each.failure || each.unfit)) {
      it.append(element("p", { class: "note" }, `${server.name}: ${without(server)}`));
    }
    for (const server of servers.filter((each) => each.load.lostShare.max > 0)) {
      it.append(element("p", { class: "note" }, say("lost", server.name, spread(server.load.lostShare))));
    }
  }

  globalThis.iomodels?.showCut(content);
  const draw = () => {
    for (const each of charts) {
      each.drawn?.dispose();
      each.drawn = echarts.init(each.box, null, { renderer: "svg" });
      each.drawn.setOption(options(each.chart));
    }
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  addEventListener("resize", () => charts.forEach((each) => each.drawn.resize()));
  if (location.hash) {
    document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView({ behavior: "instant" });
  }
})();
