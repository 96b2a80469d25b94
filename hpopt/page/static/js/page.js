// The page itself: the verdict first, then what stands behind it.

const header = document.getElementById("header");
const main = document.getElementById("main");
const footer = document.getElementById("footer");

/** Let go of all pictures below an element. */
function disposeAll(place) {
  place.querySelectorAll("*").forEach((each) => each.dispose && each.dispose());
}

function showRun(run) {
  state.run = run;
  state.brushed = state.brushedBy = null;
  disposeAll(main);
  document.title = `${run.id}: hpopt`;
  const sections = [
    ...(live.isOn || state.runs.length > 1 ? [runsSection(state.runs, live.isOn ? openRun : showRun)] : []),
    scoresSection(run), parametersSection(run), searchSection(run), trialsSection(run), testedSection(run), configSection(run),
  ].filter(Boolean);
  header.replaceChildren(...headerOf(run, sections));
  main.replaceChildren(...sections);
}

function headerOf(run, sections) {
  const verdict = run.verdict.length ? run.verdict : [noVerdict(run)];
  return [
    element("h1", {}, run.id, " ", element("span", { class: `state ${run.state}` }, run.state)),
    controlsOf(run),
    element("div", { class: "verdict" }, verdict.map((sentence) => element("p", {}, sentence))),
    run.cautions.length ? element("div", { class: "caution" }, element("h2", {}, "Before you believe the scores"),
      element("ul", {}, run.cautions.map((caution) => element("li", {}, withoutMarks(caution))))) : null,
    run.positive === null ? null : element("p", { class: "quiet" }, `The positive class is "${run.positive}".`),
    element("nav", { "aria-label": "Parts of this page" },
      sections.map((section) => element("a", { href: `#${section.id}` }, section.querySelector("h2").textContent))),
  ].filter(Boolean);
}

function noVerdict(run) {
  return run.state === "running" ? "The run goes on: no network has been scored yet." : "No trial gave a value, so there is no model.";
}

function configSection(run) {
  return element("section", { id: "config" }, element("h2", {}, "The config, and how to repeat it"),
    element("p", {}, "In the run folder: ", element("code", {}, "hpopt tune config.resolved.yaml"), `, with ${run.versions}.`),
    element("p", { class: "quiet" }, `The run folder: ${run.path}`),
    run.config_text ? element("details", {}, element("summary", {}, "Every value in force, and where it came from"), element("pre", { tabindex: "0" }, run.config_text)) : null);
}

function begin() {
  const data = JSON.parse(document.getElementById("data").textContent);
  state.runs = data.runs;
  if (data.actions) beginLive(data.actions);
  footer.replaceChildren(element("p", {}, `Made by hpopt ${data.hpopt}${data.made ? ` at ${data.made.replace("T", " ").slice(0, 16)} UTC` : ""}. Pictures are drawn by Apache ECharts (Apache-2.0).`));
  if (state.runs.length) showRun(state.runs[0]);
}

begin();
