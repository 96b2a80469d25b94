// A page that is served: follows the runs by messages of the server, and asks it for more.

const live = {
  isOn: false,
  actions: [], // what may be changed
  waiting: null, // messages on the run that is being fetched
  restsOn: 0, // how many finished trials the surrogate that is shown rests on
  refresh: null, // the timer of the next refresh
};
const REFRESH_MS = 300;
const GROWTH = 1.25; // of the finished trials, at which the surrogate is asked for again

async function ask(address, options) {
  const answer = await fetch(address, options);
  const form = await answer.json();
  if (!answer.ok) throw new Error(form.error);
  return form;
}

function notice(text) {
  const place = document.getElementById("notice") ?? element("div", { id: "notice", class: "notice", role: "status" });
  place.textContent = text;
  if (text) document.body.prepend(place); else place.remove();
}

function beginLive(actions) {
  live.isOn = true;
  live.actions = actions;
  main.replaceChildren(element("p", {}, "Looking for runs."));
  const stream = new EventSource("events");
  stream.onmessage = ({ data }) => hear(JSON.parse(data));
  stream.onopen = () => notice("");
  stream.onerror = () => notice("The dashboard does not answer: this is how the runs stood when it last did.");
}

function hear(message) {
  const at = state.runs.findIndex((run) => run.id === message.id);
  if (message.kind === "lost") location.reload();
  if (message.kind === "gone" && at >= 0) {
    state.runs.splice(at, 1);
    if (state.run?.id === message.id) notice(`The folder of ${message.id} has gone: this is how it stood.`);
  }
  if (message.kind === "refused") notice(`${message.id} is passed over: ${message.reason}`);
  if (message.kind === "run") {
    const before = at >= 0 ? state.runs[at] : null;
    if (live.waiting?.id === message.id) live.waiting.messages.push(message);
    if (before) update(before, message);
    else {
      state.runs.push(message.record);
      state.runs.sort((one, other) => (one.id < other.id ? 1 : -1));
      if (!state.run && !live.waiting) openRun(message.record);
    }
  }
  live.refresh ??= setTimeout(refreshAll, REFRESH_MS);
}

/** Take over what a message says of a run. */
function update(run, { record, trials }) {
  const isOpen = run === state.run;
  const isOther = isOpen && (run.state !== record.state || Object.keys(run.steps).join() !== Object.keys(record.steps).join()
    || (finishedTrials(run).length < 2 && run.trials.length < record.trials));
  Object.assign(run, { ...record, trials: run.trials });
  if (Array.isArray(run.trials)) {
    const byNumber = new Map(run.trials.map((trial) => [trial.number, trial]));
    for (const trial of trials) byNumber.set(trial.number, trial);
    run.trials = [...byNumber.values()].sort((one, other) => one.number - other.number);
  }
  if (isOther) openRun(run);
}

/** Fetch all of a run, show it, and then what takes longer. */
async function openRun(run) {
  const waiting = { id: run.id, messages: [] };
  live.waiting = waiting;
  const top = state.run?.id === run.id ? scrollY : 0;
  try {
    const record = await ask(`run?id=${encodeURIComponent(run.id)}`);
    if (live.waiting !== waiting) return; // another one was wanted meanwhile
    const surrogate = run.surrogate ?? null;
    live.waiting = null;
    state.run = null; // so that nothing is fetched anew for what is told late
    Object.assign(run, record, { surrogate });
    waiting.messages.forEach((message) => update(run, message));
    if (!state.runs.includes(run)) state.runs.push(run);
    showRun(run);
    scrollTo(0, top);
    notice("");
    await fetchSurrogate(run);
  } catch (error) {
    live.waiting = null;
    notice(error.message);
  }
}

async function fetchSurrogate(run) {
  const count = finishedTrials(run).length;
  if (count < 2) return;
  live.restsOn = count;
  const { surrogate } = await ask(`surrogate?id=${encodeURIComponent(run.id)}`);
  if (state.run !== run) return;
  run.surrogate = surrogate;
  const old = document.getElementById("parameters");
  disposeAll(old);
  old.replaceWith(parametersSection(run));
}

function refreshAll() {
  live.refresh = null;
  if (!state.run) {
    if (!state.runs.length) main.replaceChildren(element("p", {}, "There are no runs yet."));
    return;
  }
  main.querySelectorAll("*").forEach((each) => each.refresh && each.refresh());
  header.replaceChildren(...headerOf(state.run, [...main.children]));
  if (finishedTrials(state.run).length >= Math.max(2, GROWTH * live.restsOn)) fetchSurrogate(state.run).catch((error) => notice(error.message));
}

/** Buttons that stop and resume a run, where that is allowed. */
function controlsOf(run) {
  const what = run.state === "running" ? "stop" : ["interrupted", "stopped"].includes(run.state) ? "resume" : null;
  if (!live.actions.includes(what)) return null;
  const change = async () => {
    notice("…");
    try {
      notice((await ask(`${what}?id=${encodeURIComponent(run.id)}`, { method: "POST" })).said);
    } catch (error) {
      notice(error.message);
    }
  };
  return element("div", { class: "controls" },
    element("button", { type: "button", onclick: change }, what === "stop" ? "Stop the search, and close the run" : "Resume the run"));
}
