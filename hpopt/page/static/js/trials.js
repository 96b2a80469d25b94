// The trials as a table to sort, filter and open, and the learning curves of those that are brushed.

const FIRST_ROWS = 50; // more come at a press of a button
const MOST_CURVES = 12;

function trialsSection(run) {
  const section = element("section", { id: "trials" }, element("h2", {}, "Trials"));
  if (!run.trials.length) return section;
  section.append(curvesPart(run), trialTable(run));
  return section;
}

/** The columns of the table: what each shows of a trial, and the value that it is sorted by. */
function trialColumns(run) {
  const score = (trial) => trial.score ?? (trial.state === "paused" ? trial.score_so_far : null);
  return [
    { name: "trial", value: (trial) => trial.number, text: (trial) => String(trial.number) },
    { name: run.metric, value: score, text: (trial) => showScore(score(trial)) },
    { name: "state", isText: true, value: (trial) => trial.state, text: (trial) => trial.state },
    ...orderedDimensions(run).map((dimension) => ({
      name: dimension.name, isText: isCategory(dimension),
      value: (trial) => trial.params[dimension.name],
      text: (trial) => showParam(trial.params[dimension.name]),
    })),
    { name: "epochs", value: (trial) => trial.epochs, text: (trial) => (trial.epochs === null ? "–" : String(trial.epochs)) },
    { name: "time", value: (trial) => trial.seconds, text: (trial) => showSeconds(trial.seconds) },
  ];
}

/**
 * What a filter means: "adam", "> 0.01", "<= 5", "0.1..0.5"; null where it says nothing.
 * Of numbers a bare number is that number; of texts a part of the text.
 */
function filterOf(text, column) {
  const wanted = text.trim();
  if (!wanted) return null;
  const compared = /^(<=|>=|<|>|=)\s*(-?[\d.]+(?:e[-+]?\d+)?)$/i.exec(wanted);
  if (compared) {
    const [, sign, number] = compared;
    const other = Number(number);
    const holds = { "<": (x) => x < other, "<=": (x) => x <= other, ">": (x) => x > other, ">=": (x) => x >= other, "=": (x) => x === other }[sign];
    return (trial) => typeof column.value(trial) === "number" && holds(column.value(trial));
  }
  const range = /^(-?[\d.]+(?:e[-+]?\d+)?)\s*\.\.\s*(-?[\d.]+(?:e[-+]?\d+)?)$/i.exec(wanted);
  if (range) return (trial) => { const x = column.value(trial); return typeof x === "number" && x >= Number(range[1]) && x <= Number(range[2]); };
  if (!column.isText && !Number.isNaN(Number(wanted))) return (trial) => column.value(trial) === Number(wanted);
  return (trial) => column.text(trial).toLowerCase().includes(wanted.toLowerCase());
}

function trialTable(run) {
  const columns = trialColumns(run);
  const filters = columns.map(() => null);
  let order = { column: 1, isRising: !run.greater_is_better };
  let shown = FIRST_ROWS;
  const body = element("tbody");
  const count = element("p", { class: "quiet", role: "status" });
  const more = element("button", { type: "button", onclick: () => { shown = Infinity; fill(); } });
  const clear = element("button", { type: "button", onclick: () => {
    filters.fill(null);
    inputs.forEach((input) => { input.value = ""; });
    brush(null, "trials");
  } }, "Show all trials");
  const inputs = columns.map((column, at) => element("input", {
    type: "text", "aria-label": `only trials whose ${column.name} is`, placeholder: column.isText ? "text" : "> 0.1",
    oninput: (event) => {
      filters[at] = filterOf(event.target.value, column);
      brushFiltered();
    },
  }));
  const brushFiltered = () => {
    const active = filters.filter(Boolean);
    const passing = run.trials.filter((trial) => active.every((holds) => holds(trial)));
    brush(active.length ? passing.map((trial) => trial.number) : null, "trials");
  };
  const heads = columns.map((column, at) => element("th", { scope: "col", class: column.isText ? "text" : null },
    element("button", { type: "button", onclick: () => {
      order = { column: at, isRising: order.column === at ? !order.isRising : at !== 1 || !run.greater_is_better };
      fill();
    } }, column.name)));
  const sorted = () => {
    const { value } = columns[order.column];
    const sign = order.isRising ? 1 : -1;
    const known = (each) => each !== null && each !== undefined;
    return run.trials.filter((trial) => isBrushed(trial.number)).sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      if (known(a) !== known(b)) return known(a) ? -1 : 1;
      if (a === b || !known(a)) return one.number - other.number;
      if (typeof a === "number" && typeof b === "number") return sign * (a - b);
      return sign * String(a).localeCompare(String(b));
    });
  };
  const fill = () => {
    heads.forEach((head, at) => {
      if (at === order.column) head.setAttribute("aria-sort", order.isRising ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    const rows = sorted();
    body.replaceChildren(...rows.slice(0, shown).map((trial) => element("tr", { class: trial.number === run.chosen ? "chosen" : null },
      columns.map((column, at) => element("td", { class: column.isText ? "text" : null }, at === 0
        ? element("button", { class: "link", type: "button", onclick: () => openTrial(run, trial), "aria-label": `open trial ${trial.number}` }, column.text(trial))
        : column.text(trial))))));
    more.hidden = rows.length <= shown;
    more.textContent = `Show all ${rows.length}`;
    clear.hidden = state.brushed === null;
    count.textContent = state.brushed === null ? `${run.trials.length} trials` : `${rows.length} of ${run.trials.length} trials`;
  };
  fill();
  const table = element("div", {},
    element("div", { class: "controls" }, count, clear),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Trials" },
      element("table", {}, element("thead", {}, element("tr", {}, heads), element("tr", {}, inputs.map((input) => element("td", {}, input)))), body)),
    more);
  const stop = whenBrushed((by) => {
    if (by !== "trials") { filters.fill(null); inputs.forEach((input) => { input.value = ""; }); }
    fill();
  });
  table.dispose = stop;
  table.refresh = () => (filters.some(Boolean) ? brushFiltered() : fill()); // new trials may pass too
  return table;
}

/** All that is known of one trial, in a window of its own. */
function openTrial(run, trial) {
  const facts = [
    ["state", trial.reason ? `${trial.state}: ${trial.reason}` : trial.state],
    [`${run.metric} on validation`, showScore(trial.score ?? trial.score_so_far)],
    ...(trial.result && trial.result.scores.length > 1 ? [["scores", trial.result.scores.map(showScore).join(", ")]] : []),
    ...Object.entries(trial.result?.metrics ?? {}).filter(([name]) => name !== run.metric).map(([name, score]) => [name, showScore(score)]),
    ["fit", trial.epochs === null ? "–" : `${trial.epochs} epochs in ${showSeconds(trial.seconds)}`],
    ["seed", String(trial.seed)], ["begun", trial.started || "–"], ["attempt", String(trial.attempt)],
  ];
  const close = element("button", { type: "button", onclick: () => window_.close() }, "Close");
  const title = newId("trial");
  const log = run.logs?.[String(trial.number)];
  const pictures = Object.keys(trial.curves).length ? [curvesFigure(run, [trial], Object.keys(trial.curves), `Learning curves of trial ${trial.number}`)] : [];
  const window_ = element("dialog", { "aria-labelledby": title, onclose: () => { pictures.forEach((each) => each.dispose()); window_.remove(); } },
    element("div", { class: "controls" }, element("h2", { id: title }, `Trial ${trial.number}`), close),
    plainTable(["fact", "value"], facts, [0, 1]),
    element("h3", {}, "Params"),
    plainTable(["param", "value"], Object.entries(trial.params).map(([name, value]) => [name, String(value)]), [0, 1]),
    pictures,
    log ? [element("h3", {}, "The end of its log"), element("pre", { tabindex: "0" }, log)] : []);
  document.body.append(window_);
  window_.showModal();
}

/** The names of curves that are worth a picture: the losses and the metric first. */
function curveNames(run) {
  const names = new Set(run.trials.flatMap((trial) => Object.keys(trial.curves)));
  const first = ["loss", "val_loss", run.metric, `val_${run.metric}`].filter((name) => names.has(name));
  return [...first, ...[...names].filter((name) => !first.includes(name))];
}

function curvesPart(run) {
  const names = curveNames(run);
  if (!names.length) return element("p", {}, "No trial has learning curves.");
  const place = element("div");
  const choose = element("select", { id: newId("curve"), onchange: () => show() }, names.map((name) => element("option", { value: name }, name)));
  if (names.includes("val_loss")) choose.value = "val_loss";
  let current = null;
  const show = () => {
    if (current) current.dispose();
    const best = rankedTrials(run).filter((trial) => isBrushed(trial.number)).slice(0, MOST_CURVES);
    const other = best.length ? best : run.trials.filter((trial) => isBrushed(trial.number) && trial.epochs).slice(0, MOST_CURVES);
    current = curvesFigure(run, other, [choose.value], "Learning curves",
      `The best ${other.length} trials${state.brushed ? " of those that are brushed" : ""}; the chosen one is red, the default dashed.`);
    place.replaceChildren(current);
  };
  show();
  const part = element("div", {}, element("div", { class: "controls" }, element("label", { for: choose.id }, "Curve"), choose), place);
  part.dispose = whenBrushed(show);
  part.refresh = show;
  return part;
}

/** Curves of some trials: one line a trial and a name. */
function curvesFigure(run, trials, names, title, caption = null) {
  const lines = trials.flatMap((trial) => names.filter((name) => trial.curves[name]).map((name) => ({ trial, name })));
  const label = ({ trial, name }) => (names.length > 1 ? name : `trial ${trial.number}`);
  return figure({
    title, caption, height: 300,
    table: () => plainTable(["epoch", ...lines.map((line) => `${label(line)}`)],
      (lines[0]?.trial.epochs_shown ?? []).map((epoch, at) => [String(epoch), ...lines.map(({ trial, name }) => showScore(trial.curves[name][at] ?? null))])),
    option: () => {
      const { red, ink, blue, green, sky, purple, orange } = colours();
      const others = [blue, green, purple, orange, sky];
      const values = lines.flatMap(({ trial, name }) => trial.curves[name]).filter((each) => each !== null);
      const wide = values.length && Math.min(...values) > 0 && Math.max(...values) > 30 * Math.min(...values);
      return {
        legend: { type: "scroll", data: lines.map(label) },
        xAxis: { type: "value", name: "epoch", min: 1, minInterval: 1 },
        yAxis: { type: wide ? "log" : "value", scale: true, name: names.length > 1 ? "" : drawable(names[0] ?? ""), nameGap: 48, axisLabel: { formatter: showTick } },
        tooltip: { renderMode: "richText", trigger: "axis", valueFormatter: showScore },
        series: lines.map((line, at) => ({
          type: "line", name: label(line), showSymbol: line.trial.epochs_shown.length === 1,
          color: names.length === 1 && line.trial.number === run.chosen ? red : names.length === 1 && line.trial.number === 1 ? ink : others[at % others.length],
          lineStyle: { width: line.trial.number === run.chosen ? 2.5 : 1.3, type: line.trial.number === 1 && names.length === 1 ? "dashed" : "solid" },
          data: line.trial.epochs_shown.map((epoch, place) => [epoch, line.trial.curves[line.name][place] ?? "-"]),
        })),
      };
    },
  });
}
