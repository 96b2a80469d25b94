// Numbers as people read them: the same rules as in hpopt's terminal (hpopt/report/words.py).

function withThousands(number, decimals) {
  return number.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function inPowers(number) {
  const [digits, power] = number.toExponential(2).split("e");
  return `${Number(digits)}e${power}`;
}

/** A score: four digits, four decimals below 1; 17,430 and never 1.743e4. */
function showScore(score) {
  if (score === null || score === undefined) return "–";
  const size = Math.abs(score);
  if (size && (size < 1e-4 || size >= 1e9)) return inPowers(score);
  if (size < 1) return size >= 1e-3 || size === 0 ? score.toFixed(4) : String(Number(score.toPrecision(3)));
  return withThousands(score, Math.max(0, 3 - Math.floor(Math.log10(size))));
}

/** A param; null is written as in the YAML, and an inactive one is a dash. */
function showParam(value) {
  if (value === undefined) return "–";
  if (Array.isArray(value)) return `[${value.map(showParam).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value).map(([name, each]) => `${name}: ${showParam(each)}`).join(", ")}}`;
  }
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e4 && size < 1e7) return value.toFixed(0);
  return size < 1e-4 || size >= 1e7 ? inPowers(value) : String(Number(value.toPrecision(4)));
}

/** The place of a value among categories, which may be lists and mappings; -1 where it is none. */
function placeAmong(categories, value) {
  return categories.findIndex((each) => JSON.stringify(each) === JSON.stringify(value));
}

function showShare(share) {
  if (share > 0 && share < 0.005) return "<1 %";
  return share >= 0.995 && share < 1 ? ">99 %" : `${Math.round(100 * share)} %`;
}

function showSeconds(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (seconds >= 2 * size) return `${Math.round(seconds / size)} ${unit}`;
  }
  return seconds >= 10 ? `${Math.round(seconds)} s` : `${Number(seconds.toPrecision(2))} s`;
}

/** A number on an axis: as a score, without zeros at its end. */
function showTick(number) {
  const text = showScore(number);
  return /^-?[\d,]*\.\d*$/.test(text) ? text.replace(/\.?0+$/, "") : text;
}

/** Labels of an axis of scores whose ends are no round numbers. */
const WITHOUT_ENDS = { formatter: showTick, showMinLabel: false, showMaxLabel: false };
