// What the parameters did, as the surrogate sees it: importance, one by one, and pairs on demand.

function parametersSection(run) {
  const findings = run.steps.summary?.findings;
  const section = element("section", { id: "parameters" }, element("h2", {}, "What the parameters did"));
  if (findings) {
    section.append(
      element("ul", {}, findings.effects.map((sentence) => element("li", {}, withoutMarks(sentence)))),
      ...paragraphs(findings.trust ? [findings.trust] : [], { class: "quiet" }));
  }
  if (!run.surrogate) {
    section.append(element("p", {}, finishedTrials(run).length < 2
      ? "Two trials must have finished before anything can be drawn here." : "It is being computed."));
    return section;
  }
  section.append(importanceFigure(run), dependenceFigures(run));
  if (run.surrogate.pairs.length) section.append(pairsPart(run));
  return section;
}

/** A sentence of a report without the marks of Markdown. */
function withoutMarks(sentence) {
  return sentence.replaceAll("`", "");
}

function importanceFigure(run) {
  const parts = run.surrogate.importance;
  const rest = Math.max(0, 1 - parts.reduce((sum, part) => sum + part.share, 0));
  const rows = [...parts, { name: "several of them together", share: rest, low: null, high: null }];
  const interval = (row) => (row.low === null ? "" : `${showShare(row.low)} to ${showShare(row.high)}`);
  return figure({
    title: "How much each matters",
    caption: `Its share of the variance of ${run.metric} over the space, by itself; bars are what the trials leave open (90 %).`,
    height: 60 + 26 * rows.length,
    table: () => plainTable(["", "share", "90 % interval"], rows.map((row) => [row.name, showShare(row.share), interval(row)])),
    option: () => barsWithIntervals({
      rows, axis: "share of the variance", format: showShare, least: 0,
      tip: (row) => `${drawable(row.name)}: ${showShare(row.share)} ${interval(row)}`,
      value: (row) => row.share,
    }),
  });
}

function dependenceFigures(run) {
  const effects = run.surrogate.order.map((name) => run.surrogate.dependence[name]);
  const numbers = effects.flatMap((effect) => [...effect.within_2[0], ...effect.within_2[1]]).filter((each) => each !== null);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const spare = 0.05 * (high - low) || 0.01;
  const range = [low - spare, high + spare];
  const place = element("div", { class: "columns" });
  const shares = Object.fromEntries(run.surrogate.importance.map((part) => [part.name, part.share]));
  for (const effect of effects) {
    place.append(followBrush(figure({
      title: effect.axis.name,
      caption: shares[effect.axis.name] === undefined ? null : `${showShare(shares[effect.axis.name])} of the variance`,
      height: 220,
      option: () => dependenceOption(run, effect, range),
      table: () => dependenceTable(run, effect),
    }), "dependence"));
  }
  return element("div", {},
    element("h3", {}, "Each by itself"),
    element("p", { class: "quiet" },
      `The average ${run.metric} over all other params, with one and two deviations of that average; ` +
      "all panels have one scale. Dots on the lower edge are trials, the brushed ones in colour."),
    place);
}

function axisLabel(axis, at) {
  return axis.labels ? axis.labels[at] : showParam(axis.centres[at]);
}

function dependenceTable(run, effect) {
  return plainTable([effect.axis.name, `average ${run.metric}`, "−2 sd", "+2 sd"],
    effect.axis.centres.map((_, at) => [axisLabel(effect.axis, at),
      ...[effect.middle, ...effect.within_2].map((numbers) => showScore(numbers[at]))]));
}

/** An axis of a picture for a dimension. */
function dimensionAxis(axis, extra = {}) {
  if (axis.labels) return { type: "category", data: axis.labels.map((label) => drawable(label, 14)), ...extra };
  const ends = { min: axis.ends[0], max: axis.ends[1] };
  return { type: axis.is_log ? "log" : "value", ...ends, axisLabel: { formatter: showParam, hideOverlap: true }, ...extra };
}

function dependenceOption(run, effect, [low, high]) {
  const { sky, blue, quiet, faint, red } = colours();
  const { axis } = effect;
  const at = axis.labels ? axis.labels.map((_, place) => place) : axis.centres;
  const points = (numbers) => numbers.map((number, place) => [at[place], number === null ? "-" : number]);
  const band = (within, opacity) => axis.labels
    ? { type: "custom", silent: true, data: at.map((x, place) => [x, within[0][place], within[1][place]]), encode: { x: 0, y: [1, 2] },
        renderItem: (params, api) => {
          const [x, bottom] = api.coord([api.value(0), api.value(1)]);
          const [, top] = api.coord([api.value(0), api.value(2)]);
          const width = 0.5 * api.size([1, 0])[0];
          return { type: "rect", shape: { x: x - width / 2, y: top, width, height: bottom - top }, style: { fill: sky, opacity } };
        } }
    : { type: "custom", silent: true, data: [0], encode: {}, clip: true,
        renderItem: (params, api) => {
          const known = at.map((_, place) => place).filter((place) => within[0][place] !== null);
          const upper = known.map((place) => api.coord([at[place], within[1][place]]));
          const lower = known.map((place) => api.coord([at[place], within[0][place]])).reverse();
          return { type: "polygon", shape: { points: [...upper, ...lower] }, style: { fill: sky, opacity } };
        } };
  const name = axis.name;
  const categories = run.space.find((each) => each.name === name)?.categories;
  const place = (trial) => (categories ? placeAmong(categories, trial.params[name]) : trial.params[name]);
  const trials = finishedTrials(run).filter((trial) => name in trial.params);
  return {
    grid: { left: 62, right: 14, top: 10, bottom: 28 },
    xAxis: dimensionAxis(axis),
    yAxis: { type: "value", min: low, max: high, axisLabel: WITHOUT_ENDS },
    tooltip: { renderMode: "richText", trigger: "item", formatter: ({ data }) => (data.trial ? trialTip(run, data.trial) : `${showScore(data[1])}`) },
    series: [
      band(effect.within_2, 0.25), band(effect.within_1, 0.4),
      axis.labels
        ? { type: "scatter", symbol: "rect", symbolSize: [34, 3], color: blue, data: points(effect.middle) }
        : { type: "line", showSymbol: false, color: blue, data: points(effect.middle) },
      { type: "scatter", symbolSize: 6, clip: false, data: trials.map((trial) => ({
        value: [place(trial), low], trial,
        itemStyle: {
          color: trial.number === run.chosen ? red : state.brushed && isBrushed(trial.number) ? blue : quiet,
          opacity: isBrushed(trial.number) ? 0.8 : 0.1 },
      })), color: faint },
    ],
  };
}

function pairsPart(run) {
  const pairs = run.surrogate.pairs;
  const place = element("div");
  const choose = element("select", { id: newId("pair"), onchange: () => show(Number(choose.value)) },
    pairs.map((pair, at) => element("option", { value: String(at) }, pair.names.join(" and "))));
  const show = (at) => {
    place.replaceChildren(element("div", { class: "columns" }, pairFigure(run, pairs[at], false), pairFigure(run, pairs[at], true)));
  };
  show(0);
  return element("div", {}, element("h3", {}, "Two together"),
    element("div", { class: "controls" }, element("label", { for: choose.id }, "Params"), choose), place);
}

/** The average score over two dimensions in steps no finer than its usual deviation, or that deviation. */
function pairFigure(run, pair, isDeviation) {
  const table = isDeviation ? pair.deviation : pair.middle;
  const numbers = table.flat().filter((number) => number !== null);
  const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
  const [low, high] = numbers.length ? [Math.min(...numbers), Math.max(...numbers)] : [0, 1];
  const deviation = middle(pair.deviation.flat().filter((number) => number !== null));
  const steps = isDeviation ? 10 : Math.max(1, Math.min(10, Math.floor((high - low) / (deviation || 1e-9))));
  return figure({
    title: isDeviation ? "How unsure that is" : `Average ${run.metric}`,
    caption: isDeviation ? "One standard deviation of the average."
      : steps === 1 ? "All of it lies within about one deviation, so it has one colour: the trials tell no difference."
        : "A step of colour is a deviation or more; empty where one of the two is inactive.",
    height: 340,
    table: () => plainTable([`${pair.axes[0].name} ↓  ${pair.axes[1].name} →`, ...pair.axes[1].centres.map((_, at) => axisLabel(pair.axes[1], at))],
      table.map((row, at) => [axisLabel(pair.axes[0], at), ...row.map(showScore)])),
    option: () => {
      const scale = scaleColours();
      const cells = table.flatMap((row, x) => row.map((number, y) => [x, y, number === null ? "-" : number]));
      const axis = (each) => ({ type: "category", name: drawable(each.name, 30), data: each.centres.map((_, at) => drawable(axisLabel(each, at), 12)) });
      return {
        grid: { left: 64, right: 14, top: 10, bottom: 96 },
        xAxis: axis(pair.axes[0]), yAxis: { ...axis(pair.axes[1]), nameGap: 46 },
        tooltip: { renderMode: "richText", formatter: ({ data }) =>
          `${drawable(pair.names[0])} ${axisLabel(pair.axes[0], data[0])}\n${drawable(pair.names[1])} ${axisLabel(pair.axes[1], data[1])}\n${showScore(data[2])}` },
        visualMap: {
          type: "piecewise", splitNumber: steps, min: isDeviation ? 0 : low, max: high > low ? high : low + 1e-9, orient: "horizontal", left: 40, bottom: 0,
          itemWidth: 14, itemGap: 4, showLabel: false, text: [showScore(high), showScore(isDeviation ? 0 : low)],
          textStyle: { color: colours().quiet },
          inRange: { color: !isDeviation && !run.greater_is_better ? [...scale].reverse() : scale },
        },
        series: [{ type: "heatmap", data: cells }],
      };
    },
  });
}
