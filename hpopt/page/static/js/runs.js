// Several runs side by side: a table, and the best so far of each.

function runsSection(runs, show) {
  return element("section", { id: "runs" }, element("h2", {}, live.isOn ? "Runs" : `${runs.length} runs side by side`),
    refreshed(element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Runs" }), () => runsTable(runs, show)),
    comparisonPart(runs));
}

/** An element that is filled by a function, now and at each refresh. */
function refreshed(place, make) {
  place.refresh = () => place.replaceChildren(make());
  place.refresh();
  return place;
}

function comparisonPart(runs) {
  if (live.isOn) return null; // their trials are fetched only when they are opened
  if (sameMetric(runs)) return comparisonFigure(runs);
  return element("p", { class: "quiet" }, "The runs have different metrics, which are not drawn in one picture.");
}

function sameMetric(runs) {
  return new Set(runs.map((run) => run.metric)).size === 1;
}

function runsTable(runs, show) {
  const best = (run) => run.scores.find((row) => row.key === "best");
  const head = ["run", "state", "trials", "metric", "best on validation", "on test"];
  const rows = runs.map((run) => element("tr", { class: run === state.run ? "chosen" : null },
    element("td", {}, element("button", { class: "link", type: "button", onclick: () => show(run) }, run.id)),
    element("td", { class: "text" }, run.state),
    element("td", {}, `${run.made}${run.n_calls ? ` of ${run.n_calls}` : ""}`),
    element("td", { class: "text" }, run.metric),
    element("td", {}, best(run)?.validation ?? (run.best ? showScore(run.best.score) : "–")),
    element("td", {}, best(run) ? `${best(run).test} ${best(run).interval}` : "–")));
  return element("table", {},
    element("thead", {}, element("tr", {}, head.map((text, at) => element("th", { scope: "col", class: [1, 3].includes(at) ? "text" : null }, text)))),
    element("tbody", {}, rows));
}

function comparisonFigure(runs) {
  const withTrials = runs.filter((run) => Array.isArray(run.trials) && finishedTrials(run).length);
  if (withTrials.length < 2) return null;
  return figure({
    title: "The best so far of each",
    caption: `By the number of trials; ${runs[0].metric} on validation.`,
    height: 320,
    table: () => plainTable(["run", "best", "in trial"], withTrials.map((run) => {
      const best = rankedTrials(run)[0];
      return [run.id, showScore(best.score), String(best.number)];
    })),
    option: () => {
      const { red, blue, green, purple, orange, sky, ink } = colours();
      const cycle = [blue, red, green, purple, orange, sky, ink];
      const limits = withTrials.map(worthwhileLimits);
      return {
        legend: { type: "scroll", data: withTrials.map((run) => drawable(run.id, 50)) },
        xAxis: { type: "value", name: "trial", min: 0, minInterval: 1 },
        yAxis: { type: "value", name: runs[0].metric, nameGap: 48, min: Math.min(...limits.map((each) => each[0])),
          max: Math.max(...limits.map((each) => each[1])), axisLabel: WITHOUT_ENDS },
        tooltip: { renderMode: "richText", trigger: "axis", valueFormatter: showScore },
        series: withTrials.map((run, at) => ({ type: "line", step: "end", showSymbol: false, name: drawable(run.id, 50), color: cycle[at % cycle.length], data: bestSoFar(run) })),
      };
    },
  });
}
