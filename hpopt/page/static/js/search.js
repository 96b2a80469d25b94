// How the search went: scores by trial, and all trials at once as lines. Both can be brushed.

function searchSection(run) {
  const section = element("section", { id: "search" }, element("h2", {}, "How the search went"));
  const counts = element("p");
  counts.refresh = () => { counts.textContent = [`${run.tally}.`, ...run.remarks].join(" "); };
  counts.refresh();
  section.append(counts);
  if (!finishedTrials(run).length) return section;
  const parts = [convergenceFigure(run), ...(run.space.length ? [parallelFigure(run)] : [])];
  section.append(...parts);
  return section;
}

/** Draw a figure anew when another picture brushes. */
function followBrush(made, name) {
  const stop = whenBrushed((by) => { if (by !== name) made.redraw(); });
  const { dispose, refresh } = made;
  made.refresh = () => { if (state.brushedBy !== name) refresh(); }; // what is dragged there would be lost
  made.dispose = () => { stop(); dispose(); };
  return made;
}

function convergenceFigure(run) {
  return followBrush(figure({
    title: "Scores by trial",
    caption: "Each dot is a trial's score on validation, the line the best so far; scores far off on the worse side lie at the edge. " +
      "A star is the trial whose network was chosen, a diamond the default params. Drag over trials to see them in all pictures.",
    height: 320,
    option: () => convergenceOption(run),
    table: () => plainTable(["trial", run.metric, "best so far"],
      bestSoFar(run).map(([number, best]) => [String(number), showScore(run.trials.find((t) => t.number === number).score), showScore(best)])),
    ready: (chart) => brushByTrial(chart, run),
    after: (chart) => chart.dispatchAction({ type: "takeGlobalCursor", key: "brush", brushOption: { brushType: "lineX", brushMode: "single" } }),
  }), "convergence");
}

function brushByTrial(chart, run) {
  chart.on("brushEnd", ({ areas }) => {
    if (!areas.length) return brush(null, "convergence");
    const [low, high] = areas[0].coordRange;
    const inside = run.trials.filter((trial) => trial.number >= low && trial.number <= high);
    return brush(inside.length ? inside.map((trial) => trial.number) : null, "convergence");
  });
}

function convergenceOption(run) {
  const { blue, red, faint, ink, paper, quiet } = colours();
  const [bottom, top] = worthwhileLimits(run);
  const edge = run.greater_is_better ? bottom : top;
  const inside = (score) => Math.min(top, Math.max(bottom, score));
  const dots = finishedTrials(run).map((trial) => ({
    value: [trial.number, inside(trial.score)],
    trial,
    symbol: trial.score < bottom || trial.score > top ? "triangle" : "circle",
    itemStyle: { color: isBrushed(trial.number) ? quiet : faint, opacity: isBrushed(trial.number) ? 0.9 : 0.25 },
  }));
  const without = run.trials.filter((trial) => ["failed", "paused", "cut"].includes(trial.state));
  const marks = (trial, symbol, size, color, borderColor) =>
    trial && trial.score !== null ? [{ value: [trial.number, inside(trial.score)], trial, symbol, symbolSize: size, itemStyle: { color, borderColor, borderWidth: 1.5 } }] : [];
  const star = "path://M50 5 L61 38 L96 38 L68 59 L79 93 L50 72 L21 93 L32 59 L4 38 L39 38 Z";
  const last = run.trials[run.trials.length - 1].number;
  return {
    legend: { data: ["trial", "best so far", "without a score"].slice(0, without.length ? 3 : 2) },
    toolbox: { show: false },
    brush: { xAxisIndex: 0, brushStyle: { color: "rgba(86,180,233,0.15)", borderColor: blue }, throttleType: "debounce", throttleDelay: 50, outOfBrush: {} },
    xAxis: { type: "value", name: "trial", min: 0, max: last + 1, minInterval: 1, axisLabel: { showMaxLabel: false } },
    yAxis: { type: "value", name: `${run.metric} on validation`, nameGap: 48, min: bottom, max: top, axisLabel: WITHOUT_ENDS },
    tooltip: { renderMode: "richText", formatter: ({ data }) => trialTip(run, data.trial) },
    series: [
      { type: "scatter", name: "trial", symbolSize: run.trials.length > 200 ? 5 : 7, data: dots, color: quiet },
      { type: "line", name: "best so far", step: "end", showSymbol: false, silent: true, color: blue, lineStyle: { width: 2 }, data: bestSoFar(run) },
      { type: "scatter", name: "without a score", symbol: "path://M0 0 L10 10 M10 0 L0 10", symbolSize: 7, color: red,
        data: without.map((trial) => ({ value: [trial.number, edge], trial, itemStyle: { color: "transparent", borderColor: trial.state === "failed" ? red : quiet, borderWidth: 1.5 } })) },
      { type: "scatter", z: 5, data: [
        ...marks(run.trials[0], "diamond", 12, paper, ink),
        ...marks(run.trials.find((trial) => trial.number === run.chosen), star, 16, red, paper)] },
    ],
  };
}

function trialTip(run, trial) {
  if (!trial) return "";
  const params = Object.entries(trial.params).map(([name, value]) => `${drawable(name)}: ${drawable(showParam(value))}`);
  const head = trial.score === null ? trial.state : `${run.metric} ${showScore(trial.score)}`;
  return [`trial ${trial.number}: ${head}`, ...params].join("\n");
}

/** The dimensions, the most important first where that is known. */
function orderedDimensions(run) {
  const order = run.surrogate ? run.surrogate.order : run.space.map((each) => each.name);
  return order.map((name) => run.space.find((each) => each.name === name)).filter(Boolean);
}

function isCategory(dimension) {
  return "categories" in dimension;
}

function parallelFigure(run) {
  const dimensions = orderedDimensions(run).slice(0, 12);
  const left = run.space.length - dimensions.length;
  return followBrush(figure({
    title: "All trials at once",
    caption: "A line for each finished trial, from dimension to dimension to its score; the better the darker (in the dark: the brighter), the chosen one is red. " +
      "Drag along an axis to see those trials in all pictures, click on it to end that; the fields above the table of trials do the same from the keyboard. " +
      "A line passes by the axis of a dimension that is inactive in it." + (left ? ` ${left} dimensions that matter least are left out.` : ""),
    height: 380,
    option: () => parallelOption(run, dimensions),
    table: null,
    ready: (chart) => chart.on("axisareaselected", () => {
      const series = chart.getModel().getSeriesByIndex(0);
      const places = series.getRawIndicesByActiveState("active");
      const shown = rankedTrials(run).reverse();
      const all = places.length === 0 || places.length === shown.length;
      brush(all ? null : places.map((at) => shown[at].number), "parallel");
    }),
  }), "parallel");
}

function parallelOption(run, dimensions) {
  const { red, quiet, ink } = colours();
  const narrow = innerWidth < 640;
  const shown = rankedTrials(run).reverse(); // the best last, so that it lies on top
  const scale = scaleColours();
  const [bottom, top] = worthwhileLimits(run);
  const colour = (place) => scale[Math.min(scale.length - 1, Math.floor((scale.length * place) / shown.length))];
  const axis = (dimension, dim) => ({
    dim, name: drawable(dimension.name, narrow ? 12 : 22),
    ...(isCategory(dimension)
      ? { type: "category", data: dimension.categories.map((each) => drawable(showParam(each), 14)) }
      : { type: dimension.prior === "log-uniform" ? "log" : "value", min: dimension.low, max: dimension.high, axisLabel: { formatter: showParam } }),
  });
  const at = (dimension, trial) => {
    const value = trial.params[dimension.name];
    if (value === undefined) return null;
    return isCategory(dimension) ? placeAmong(dimension.categories, value) : value;
  };
  return {
    parallel: {
      left: narrow ? 24 : 40, right: narrow ? 96 : 80, top: narrow ? 20 : 60, bottom: 24, layout: narrow ? "vertical" : "horizontal",
      parallelAxisDefault: {
        nameLocation: "end", nameGap: 14, nameRotate: narrow ? 0 : 18,
        nameTextStyle: { color: ink, fontSize: 11, align: "left" }, axisLine: { lineStyle: { color: quiet } },
        axisLabel: { color: quiet, fontSize: 10 },
        areaSelectStyle: { width: 18, opacity: 0.3 },
      },
    },
    parallelAxis: [
      ...dimensions.map(axis),
      { dim: dimensions.length, name: drawable(run.metric, 18), type: "value", min: bottom, max: top, axisLabel: WITHOUT_ENDS },
    ],
    tooltip: { renderMode: "richText", formatter: ({ dataIndex }) => trialTip(run, shown[dataIndex]) },
    series: [{
      type: "parallel", smooth: false, inactiveOpacity: 0.05, activeOpacity: 0.8, progressive: 0,
      data: shown.map((trial, place) => ({
        value: [...dimensions.map((each) => at(each, trial)), Math.min(top, Math.max(bottom, trial.score))],
        lineStyle: {
          color: trial.number === run.chosen ? red : colour(place),
          width: trial.number === run.chosen ? 3 : 1.2,
          opacity: isBrushed(trial.number) ? 0.8 : 0.05,
        },
      })),
    }],
  };
}
