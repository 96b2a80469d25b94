// What is looked at: the runs, which of them, and which of its trials are brushed. Pictures listen.

const state = {
  runs: [], // records of runs, as docs/json.md has them
  run: null, // the one that is shown
  brushed: null, // a Set of numbers of trials; null where all count alike
  brushedBy: null, // which picture or table did it, so that it does not answer itself
};
const listeners = new Set();

/** Be told each time that other trials are brushed; gives back what ends that. */
function whenBrushed(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Brush trials, by number, in all pictures; null brushes none. */
function brush(numbers, by) {
  state.brushed = numbers === null ? null : new Set(numbers);
  state.brushedBy = numbers === null ? null : by;
  for (const listener of listeners) listener(by);
}

function isBrushed(number) {
  return state.brushed === null || state.brushed.has(number);
}

/** The finished trials of the run, by number. */
function finishedTrials(run) {
  return run.trials.filter((trial) => trial.score !== null);
}

/** The trials from the best on. */
function rankedTrials(run) {
  const sign = run.greater_is_better ? -1 : 1;
  return finishedTrials(run).sort((one, other) => sign * (one.score - other.score) || one.number - other.number);
}

function isBetter(run, one, other) {
  return run.greater_is_better ? one > other : one < other;
}

/** The best score after each finished trial: pairs of its number and that score. */
function bestSoFar(run) {
  let best = null;
  return finishedTrials(run).map((trial) => {
    if (best === null || isBetter(run, trial.score, best)) best = trial.score;
    return [trial.number, best];
  });
}

/** The range of scores without what lies far off on the worse side (Tukey's fence), as in hpopt's PNGs. */
function worthwhileLimits(run) {
  const scores = finishedTrials(run).map((trial) => trial.score).sort((a, b) => a - b);
  if (!scores.length) return [0, 1];
  const quantile = (share) => {
    const at = share * (scores.length - 1);
    const below = scores[Math.floor(at)];
    return below + (at % 1) * (scores[Math.ceil(at)] - below);
  };
  const [low, high] = [quantile(0.25), quantile(0.75)];
  const reach = 1.5 * (high - low);
  const kept = reach > 0
    ? scores.filter((score) => (run.greater_is_better ? score >= low - reach : score <= high + reach))
    : scores;
  const [bottom, top] = [kept[0], kept[kept.length - 1]];
  const spare = 0.06 * (top - bottom) || 0.01 * Math.abs(top) || 0.01;
  const lowest = bottom >= 0 ? Math.max(0, bottom - spare) : bottom - spare;
  const highest = top <= 1 && run.greater_is_better ? Math.min(1, top + spare) : top + spare;
  return [lowest, highest];
}
