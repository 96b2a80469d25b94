// The scores that belong side by side: the best, the default, plain models, each with its interval.

function scoresSection(run) {
  if (!run.scores.length) return null;
  const rows = run.scores;
  const tested = run.test;
  const hasTest = Boolean(tested);
  const seen = run.seen_test_after.length ? " The test part had been seen before: see below." : "";
  const numbers = rows.map((row) => ({ ...row, ...scoreNumbers(run, row) }));
  return element("section", { id: "scores" },
    element("h2", {}, "How good it is, and compared with what"),
    figure({
      title: `${run.metric}, ${run.greater_is_better ? "more" : "less"} is better`,
      caption: hasTest
        ? `Dots are scores on the test part, which no trial saw, bars their intervals of ${Math.round(100 * tested.level)} %; ` +
          `rings are scores on validation, by which the best was chosen.${seen}`
        : "The test part has not been scored yet: these are scores on validation, by which the best is chosen.",
      height: 60 + 38 * rows.length,
      option: () => scoresOption(run, numbers),
      table: () => plainTable(["", "on validation", "on test", "interval"],
        rows.map((row) => [row.name, row.validation, row.test, row.interval])),
    }),
    paragraphs(run.tested.sentences.rule, { class: "quiet" }),
    element("ul", {}, run.tested.sentences.verdicts.map((sentence) => element("li", {}, sentence))),
    paragraphs([...run.tested.sentences.flattery, ...run.tested.sentences.groups]));
}

/** The numbers of a row of the table of scores. */
function scoreNumbers(run, row) {
  const tested = run.test;
  const onTest = tested ? (tested[row.key] || tested.baselines[row.key]?.test || {})[run.metric] : undefined;
  const interval = tested?.intervals?.[row.key]?.[run.metric] ?? null;
  let validation = tested?.baselines?.[row.key]?.validation?.[run.metric];
  if (row.key === "default") validation = run.trials[0]?.score;
  if (row.key === "best") validation = run.steps.ensemble?.scores?.ensemble ?? run.trials.find((t) => t.number === run.chosen)?.score;
  return { onTest, ends: interval, onValidation: validation };
}

function scoresOption(run, rows) {
  const { ink, blue, quiet, red } = colours();
  const colour = (row) => (row.key === "best" ? red : row.key === "default" ? ink : blue);
  const shown = [...rows].reverse();
  const names = nameLabels(shown.map((row) => row.name));
  const tip = (row) => `${drawable(row.name)}\non validation ${row.validation}\non test ${row.test} ${row.interval}`;
  return {
    grid: { left: names.width + 12, right: 24, top: 10, bottom: 44 },
    xAxis: { type: "value", scale: true, name: run.metric },
    yAxis: { type: "category", data: shown.map((row) => drawable(row.name, 34)), axisLabel: names },
    tooltip: { renderMode: "richText", formatter: ({ dataIndex }) => tip(shown[dataIndex]) },
    series: [
      {
        type: "custom", silent: true, encode: { x: [1, 2], y: 0 },
        data: shown.map((row, at) => (row.ends ? [at, ...row.ends] : null)).filter(Boolean),
        renderItem: (params, api) => {
          const [left, y] = api.coord([api.value(1), api.value(0)]);
          const [right] = api.coord([api.value(2), api.value(0)]);
          const stroke = colour(shown[api.value(0)]);
          const bar = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth: 2 } });
          return { type: "group", children: [bar(left, y, right, y), bar(left, y - 5, left, y + 5), bar(right, y - 5, right, y + 5)] };
        },
      },
      { type: "scatter", name: "on test", symbolSize: 10,
        data: shown.map((row) => ({ value: [row.onTest ?? "-", drawable(row.name, 34)], itemStyle: { color: colour(row) } })) },
      { type: "scatter", name: "on validation", symbolSize: 9,
        data: shown.map((row) => ({ value: [row.onValidation ?? "-", drawable(row.name, 34)], itemStyle: { color: "transparent", borderColor: quiet, borderWidth: 1.5 } })) },
    ],
  };
}
