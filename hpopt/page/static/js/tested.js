// What the test part says besides the score: what features are worth, calibration, confusion, finds, mistakes, forecasts.

function testedSection(run) {
  const test = run.test;
  if (!test) return null;
  const { sentences } = run.tested;
  const section = element("section", { id: "tested" }, element("h2", {}, "How far it can be trusted"));
  section.append(...paragraphs([...sentences.calibration, ...sentences.threshold, ...sentences.ahead]));
  const pictures = element("div", { class: "columns" });
  pictures.style.setProperty("grid-template-columns", "repeat(auto-fit, minmax(min(22rem, 100%), 1fr))");
  if (test.calibration) pictures.append(calibrationFigure(test));
  if (test.confusion) pictures.append(confusionFigure(test));
  if (test.retrieval) pictures.append(retrievalFigure(test));
  if (test.ahead) pictures.append(aheadFigure(run, test));
  section.append(pictures);
  if (test.importance) section.append(...featuresPart(run, test));
  if (run.tested.forecast) section.append(forecastFigure(run));
  if (run.tested.mistakes) section.append(mistakesPart(run));
  return section.children.length > 2 || section.querySelector("figure") ? section : null;
}

function featuresPart(run, test) {
  const rows = Object.entries(test.importance.features).filter(([, worth]) => worth)
    .map(([name, { difference, interval: [low, high] }]) => ({ name, difference, low, high }));
  const lost = (row) => `${showScore(row.difference)} [${showScore(row.low)}, ${showScore(row.high)}]`;
  if (!rows.length) return [];
  return [figure({
    title: "What its features are worth",
    caption: `How much ${run.metric} on the test part loses where a feature is dealt out anew among the rows, with intervals of 95 %.` +
      (rows.length < test.importance.of ? ` The first ${rows.length} of ${test.importance.of} features.` : ""),
    height: 60 + 24 * rows.length,
    table: () => plainTable(["feature", `${run.metric} lost without it`], rows.map((row) => [row.name, lost(row)])),
    option: () => barsWithIntervals({
      rows, axis: `${run.metric} lost`, format: showTick, tip: (row) => `${drawable(row.name)}: ${lost(row)}`, value: (row) => row.difference,
    }),
  }), ...paragraphs(run.tested.sentences.features, { class: "quiet" })];
}

function calibrationFigure(test) {
  const { bins } = test.calibration;
  return figure({
    title: "Can its probabilities be taken at their word?",
    caption: "Groups of test rows of like probability: how often it came true, with intervals of 95 %; on the dashed line they are right.",
    height: 340,
    table: () => plainTable(["said", "came true", "interval", "rows"],
      bins.map((bin) => [showScore(bin.said), showScore(bin.seen), `[${bin.interval.map(showScore).join(", ")}]`, String(bin.rows)])),
    option: () => {
      const { blue, quiet } = colours();
      const rows = bins.reduce((sum, bin) => sum + bin.rows, 0);
      return {
        xAxis: { type: "value", name: "probability that is said", min: 0, max: 1 },
        yAxis: { type: "value", name: "share in which it is so", nameGap: 40, min: 0, max: 1 },
        tooltip: { renderMode: "richText", formatter: ({ data }) => (data.bin ? `said ${showScore(data.bin.said)}, came true ${showScore(data.bin.seen)}\n${data.bin.rows} rows` : "") },
        series: [
          { type: "line", silent: true, showSymbol: false, color: quiet, lineStyle: { type: "dashed", width: 1 }, data: [[0, 0], [1, 1]] },
          { type: "custom", silent: true, data: bins.map((bin) => [bin.said, ...bin.interval]), encode: { x: 0, y: [1, 2] },
            renderItem: (params, api) => {
              const [x, low] = api.coord([api.value(0), api.value(1)]);
              const [, high] = api.coord([api.value(0), api.value(2)]);
              return { type: "line", shape: { x1: x, y1: low, x2: x, y2: high }, style: { stroke: blue, lineWidth: 1.2 } };
            } },
          { type: "scatter", color: blue, data: bins.map((bin) => ({ value: [bin.said, bin.seen], bin, symbolSize: 5 + 16 * Math.sqrt(bin.rows / rows) })) },
        ],
      };
    },
  });
}

function confusionFigure(test) {
  const { labels, counts } = test.confusion;
  const shares = counts.map((row) => { const all = row.reduce((a, b) => a + b, 0); return row.map((count) => (all ? count / all : 0)); });
  const right = counts.reduce((sum, row, at) => sum + row[at], 0);
  const all = counts.flat().reduce((a, b) => a + b, 0);
  return figure({
    title: "What it took for what",
    caption: `${right.toLocaleString("en")} of ${all.toLocaleString("en")} rows of test are right. A row for each true label; the darker, the larger the share of its rows.`,
    height: Math.max(300, Math.min(560, 140 + 26 * labels.length)),
    table: () => plainTable(["true ↓  predicted →", ...labels], counts.map((row, at) => [labels[at], ...row.map(String)])),
    option: () => {
      const { paper, blue, ink } = colours();
      const names = labels.map((label) => drawable(label, 16));
      const labelled = nameLabels(names);
      return {
        grid: { left: labelled.width + 36, right: 20, top: 10, bottom: names.join("").length > 40 ? 84 : 44 },
        xAxis: { type: "category", name: "predicted", data: names, nameGap: names.join("").length > 40 ? 68 : 30, axisLabel: { rotate: names.join("").length > 40 ? 60 : 0 } },
        yAxis: { type: "category", name: "true", data: names, inverse: true, nameGap: labelled.width + 14, axisLabel: labelled },
        visualMap: { show: false, min: 0, max: 1, dimension: 2, inRange: { color: [paper, blue] } },
        tooltip: { renderMode: "richText", formatter: ({ data }) => `${names[data.value[1]]} taken for ${names[data.value[0]]}: ${counts[data.value[1]][data.value[0]]} rows` },
        series: [{ type: "heatmap", data: shares.flatMap((row, y) => row.map((share, x) => ({
          value: [x, y, share],
          label: { show: labels.length <= 25, formatter: () => (counts[y][x] ? String(counts[y][x]) : ""), color: share > 0.5 ? paper : ink, fontSize: labels.length > 12 ? 9 : 12 },
        }))) }],
      };
    },
  });
}

function retrievalFigure(test) {
  const { models, positive, share } = test.retrieval;
  const names = Object.keys(models);
  return figure({
    title: `How well "${positive}" is found`,
    caption: `Precision at each recall on the test part; by chance it is ${(100 * share).toPrecision(3)} %. Marks are the thresholds in force.`,
    height: 340,
    table: () => plainTable(["", "threshold", "recall", "precision"], names.map((name) => [name, showScore(models[name].threshold),
      ...(models[name].in_force ?? [null, null]).map(showScore)])),
    option: () => {
      const { red, ink, quiet } = colours();
      const colour = { best: red, default: ink };
      return {
        legend: { data: names },
        xAxis: { type: "value", name: "recall", min: 0, max: 1 },
        yAxis: { type: "value", name: "precision", nameGap: 40, min: 0, max: 1 },
        tooltip: { renderMode: "richText", formatter: ({ value }) => `recall ${showScore(value[0])}, precision ${showScore(value[1])}` },
        series: names.flatMap((name) => {
          const { curve, in_force: mark } = models[name];
          return [
            { type: "line", name, step: "start", showSymbol: false, color: colour[name], data: [[0, curve[0][1]], ...curve] },
            { type: "scatter", name, symbol: name === "best" ? "circle" : "diamond", symbolSize: 11, color: colour[name], data: mark ? [mark] : [] },
          ];
        }).concat([{ type: "line", silent: true, showSymbol: false, color: quiet, lineStyle: { type: "dashed", width: 1 }, data: [[0, share], [1, share]] }]),
      };
    },
  });
}

function aheadFigure(run, test) {
  const { errors, step } = test.ahead;
  const names = Object.keys(errors);
  const shown = (name) => (name === "best" ? "the network" : name === "default" ? "default params" : name);
  return figure({
    title: "How far it is off by how far it looks ahead",
    caption: `Mean absolute error on the test part, in the target's units; a step is ${step}.`,
    height: 320,
    table: () => plainTable(["steps ahead", ...names.map(shown)],
      errors[names[0]].map((_, at) => [String(at + 1), ...names.map((name) => showScore(errors[name][at]))])),
    option: () => {
      const { red, ink, blue, green, purple, orange } = colours();
      const others = [blue, green, purple, orange];
      return {
        legend: { type: "scroll", data: names.map((name) => drawable(shown(name))) },
        xAxis: { type: "value", name: "steps ahead", min: 1, minInterval: 1 },
        yAxis: { type: "value", min: 0, name: "mean absolute error", nameGap: 48, axisLabel: { formatter: showTick } },
        tooltip: { renderMode: "richText", trigger: "axis", valueFormatter: showScore },
        series: names.map((name, at) => ({ type: "line", name: drawable(shown(name)), color: name === "best" ? red : name === "default" ? ink : others[at % others.length],
          symbolSize: 6, data: errors[name].map((error, place) => [place + 1, error]) })),
      };
    },
  });
}

function forecastFigure(run) {
  const { stamps, said, truth, margins, step, are_dates: areDates, series } = run.tested.forecast;
  const at = stamps.map((stamp) => (areDates ? 1000 * stamp : stamp));
  return figure({
    title: "Forecasts of the next step, and what came",
    caption: `The test part${series > 1 ? `, the first of ${series} series` : ""}${margins.length ? "; the band is the interval of 90 %" : ""}. Drag the ends below to look closer.`,
    height: 340,
    table: () => plainTable(["at", "forecast", "came"], at.map((stamp, place) => [
      areDates ? new Date(stamp).toISOString().slice(0, 19).replace("T", " ") : String(stamp), showScore(said[place][0]), showScore(truth[place][0])])),
    option: () => {
      const { ink, red, sky } = colours();
      const margin = margins[0];
      return {
        legend: { data: ["what came", "forecast"] },
        grid: { left: 64, right: 20, top: 30, bottom: 80 },
        dataZoom: [{ type: "slider", bottom: 10 }],
        xAxis: { type: areDates ? "time" : "value", scale: true },
        yAxis: { type: "value", scale: true, axisLabel: { formatter: showTick } },
        tooltip: { renderMode: "richText", trigger: "axis", valueFormatter: showScore },
        series: [
          ...(margin === undefined ? [] : [-margin, margin].map((off) => ({ type: "line", silent: true, showSymbol: false, color: sky, tooltip: { show: false },
            lineStyle: { width: 1, opacity: 0.7 }, data: at.map((stamp, place) => [stamp, said[place][0] + off]) }))),
          { type: "line", name: "what came", color: ink, showSymbol: false, data: at.map((stamp, place) => [stamp, truth[place][0]]) },
          { type: "line", name: "forecast", color: red, showSymbol: false, data: at.map((stamp, place) => [stamp, said[place][0]]) },
        ],
      };
    },
  });
}

function mistakesPart(run) {
  const { shown, rows, total } = run.tested.mistakes;
  const what = total === null ? `The ${shown.length} largest errors` : `${shown.length} of ${total} mistakes, the surest first,`;
  return element("div", {}, element("h3", {}, "Worst mistakes"),
    element("p", { class: "quiet" }, `${what} among ${rows.toLocaleString("en")} rows of test.`),
    element("ul", { class: "mistakes" }, shown.map(({ picture, predicted, true: truth, probability }) => element("li", {},
      element("img", { src: picture, alt: `taken for ${predicted}, is ${truth}` }),
      `${predicted}${probability === null ? "" : ` (${showScore(probability)})`}`, element("br"), `is ${truth}`))));
}
