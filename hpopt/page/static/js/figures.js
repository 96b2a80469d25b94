// A figure: a picture that draws itself once it is seen, its caption, and the table behind it.

const drawn = new Set(); // figures whose pictures are to follow the window and the colours
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    target.isNear = isIntersecting;
    if (isIntersecting && target.isStale) target.drawNow();
  }
}, { rootMargin: "300px" });

/** The colours in force, by name. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "raised", "ink", "quiet", "line", "blue", "red", "green", "sky", "purple", "orange", "faint"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** Light and dark ends of a scale of colours, the better the darker (in the dark: the brighter). */
function scaleColours() {
  return matchMedia("(prefers-color-scheme: dark)").matches
    ? ["#26314a", "#2d5f8b", "#3f9aa0", "#7ad08a", "#f3e96b"]
    : ["#f4ecc2", "#a8d6a0", "#4cad9a", "#2b7591", "#2d3769"];
}

/**
 * A figure with a chart of so many pixels of height.
 * `option(chart)` makes what ECharts draws, and is asked again when the colours change;
 * `table()` makes the table behind it; `ready(chart)` hears of the chart once, `after(chart)` each time
 * that it was drawn.
 */
function figure({ title, caption, height, option, table, ready, after }) {
  const id = newId("figure");
  const place = element("div", { class: "chart", role: "img", "aria-label": `${title}: a picture; its table follows` });
  place.style.height = `${height}px`;
  const behind = table
    ? element("details", { ontoggle: () => { if (behind.open) behind.lastChild.replaceChildren(table()); } },
        element("summary", {}, "As a table"),
        element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}, as a table` }))
    : null;
  const made = element("figure", { "aria-labelledby": id },
    element("h3", { id }, title), place, caption ? element("figcaption", {}, caption) : null, behind);
  let chart = null;
  place.isStale = true;
  place.drawNow = () => {
    if (!chart && !place.clientWidth) return;
    place.isStale = false;
    if (!chart) {
      chart = echarts.init(place, null, { renderer: "canvas" });
      drawn.add(made);
      if (ready) ready(chart);
    }
    chart.setOption(withLooks(option(chart)), true);
    if (after) after(chart);
  };
  // What is out of sight waits until it is looked at: a page of a thousand trials has a dozen pictures.
  made.redraw = () => {
    place.isStale = true;
    if (chart && place.isNear) place.drawNow();
  };
  made.refresh = () => {
    made.redraw();
    if (behind && behind.open) behind.lastChild.replaceChildren(table());
  };
  made.resize = () => chart && chart.resize();
  made.dispose = () => { if (chart) chart.dispose(); watcher.unobserve(place); drawn.delete(made); };
  watcher.observe(place);
  return made;
}

/** What all pictures have in common. */
function withLooks(option) {
  const { ink, quiet, line, paper } = colours();
  const axis = (each) => ({
    nameLocation: "middle", nameGap: 28, nameTextStyle: { color: quiet },
    axisLine: { show: true, lineStyle: { color: quiet } }, splitLine: { lineStyle: { color: line } }, ...each,
    axisLabel: { color: quiet, hideOverlap: true, ...each.axisLabel },
  });
  const axes = (given) => (given === undefined ? undefined : Array.isArray(given) ? given.map(axis) : axis(given));
  return {
    animation: false,
    textStyle: { color: ink, fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 64, right: 20, top: 30, bottom: 46 },
    tooltip: { renderMode: "richText", confine: true, backgroundColor: paper, borderColor: line, textStyle: { color: ink, fontSize: 12 } },
    ...option,
    ...(option.xAxis ? { xAxis: axes(option.xAxis) } : {}),
    ...(option.yAxis ? { yAxis: axes(option.yAxis) } : {}),
    ...(option.legend ? { legend: { top: 0, left: 0, textStyle: { color: ink }, ...option.legend } } : {}),
  };
}

/** Texts of data as ECharts may draw them: its own marks begin with a brace. */
function drawable(text, most = 40) {
  const plain = String(text).replace(/[{}|]/g, " ");
  return plain.length > most ? `${plain.slice(0, most - 1)}…` : plain;
}

/** Labels of an axis that names things: as wide as they need, and on two lines where that is too much. */
function nameLabels(names) {
  const longest = Math.max(...names.map((name) => drawable(name, 34).length));
  return { width: Math.min(innerWidth < 640 ? 104 : 230, 12 + 7 * longest), overflow: "break" };
}

addEventListener("resize", () => drawn.forEach((each) => each.resize()));
addEventListener("beforeprint", () => {
  document.querySelectorAll(".chart").forEach((place) => place.isStale && place.drawNow());
  drawn.forEach((each) => each.resize());
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((each) => each.redraw()));

/**
 * What ECharts draws of rows { name, low, high }, a bar each, the first on top: `value` of each on the `axis`,
 * from `low` to `high`; one without an interval is faint.
 */
function barsWithIntervals({ rows, axis, value, format, tip, least }) {
  const { sky, ink, faint } = colours();
  const shown = [...rows].reverse();
  const names = nameLabels(shown.map((row) => row.name));
  return {
    grid: { left: names.width + 12, right: 40, top: 6, bottom: 44 },
    xAxis: { type: "value", name: axis, min: least, axisLabel: { formatter: format } },
    yAxis: { type: "category", data: shown.map((row) => drawable(row.name, 30)), axisLabel: names },
    tooltip: { renderMode: "richText", formatter: ({ dataIndex }) => tip(shown[dataIndex]) },
    series: [
      { type: "bar", barWidth: "62%", data: shown.map((row) => ({ value: value(row), itemStyle: { color: row.low === null ? faint : sky } })) },
      { type: "custom", silent: true, z: 5, encode: { x: [1, 2], y: 0 },
        data: shown.map((row, at) => (row.low === null ? null : [at, row.low, row.high])).filter(Boolean),
        renderItem: (params, api) => {
          const [left, y] = api.coord([api.value(1), api.value(0)]);
          const [right] = api.coord([api.value(2), api.value(0)]);
          const bar = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: ink, lineWidth: 1 } });
          return { type: "group", children: [bar(left, y, right, y), bar(left, y - 4, left, y + 4), bar(right, y - 4, right, y + 4)] };
        } },
    ],
  };
}
