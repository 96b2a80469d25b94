"""What fits that stop early save: the figures of docs/benchmarks.md.

    python benchmarks/fidelity.py --tables curves/table_*.npz --engines gp gp-levels tpe-hyperband

Tables are learning curves recorded beforehand (`fidelity_tables.py` says in which form). Searches
are compared at equal numbers of epochs, in the unit of a whole fit. Runs what the results file (one
JSON line a run) does not hold yet, and prints tables of all that was asked for. A regret is 0 at
the best of a table and 1 at its median, of the best trial that was fitted in full; before the
first it counts as 2. Peers need `pip install 'hpopt[benchmarks]'`. One thread.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from fidelity_engines import ENGINES
from fidelity_tables import Table
from scipy.stats import wilcoxon
from threadpoolctl import threadpool_limits

MARKS = (5, 10, 15, 25, 50, 100)
_NONE_YET = 2.0

Runs = dict[tuple[str, str, int], dict[str, list[float]]]


def main() -> None:
    """Run what is missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", type=Path, required=True)
    parser.add_argument("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--budget", type=float, default=100, help="in whole fits")
    parser.add_argument("--against", default="gp-levels", help="the engine of the comparisons")
    parser.add_argument("--results", type=Path, default=Path("fidelity_results.jsonl"))
    options = parser.parse_args()
    runs = read(options.results, options.budget)
    with threadpool_limits(1):
        for seed in range(options.seeds):
            for path in options.tables:
                for engine in options.engines:
                    if (engine, path.stem, seed) not in runs:
                        form = record(options.results, engine, path, seed, options.budget)
                        runs[engine, path.stem, seed] = form
    names = [path.stem for path in options.tables]
    report(runs, options.engines, names, options.seeds, options.budget, options.against)


def read(path: Path, budget: float) -> Runs:
    """The runs of that budget that the results file holds; a later line replaces an earlier."""
    runs: Runs = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        form = json.loads(line)
        if form["budget"] == budget:
            runs[form["engine"], form["table"], form["seed"]] = form
    return runs


def record(
    results: Path, engine: str, path: Path, seed: int, budget: float
) -> dict[str, list[float]]:
    """Do one run, and add it to the results file."""
    table = Table(path)
    regrets = dict.fromkeys([mark for mark in MARKS if mark <= budget], _NONE_YET)
    seconds: list[float] = []
    tried = 0
    for step in ENGINES[engine](table, seed, budget):
        if step.spent > budget + 1e-9:
            break
        seconds.append(step.seconds)
        tried = step.params
        for mark in regrets:
            if step.spent <= mark + 1e-9 and step.regret is not None:
                regrets[mark] = step.regret
    form = {
        "engine": engine,
        "table": table.name,
        "seed": seed,
        "budget": budget,
        "regrets": list(regrets.values()),
        "seconds": sum(seconds),
        "suggestions": sum(second > 0 for second in seconds),
        "tried": tried,
    }
    with results.open("a") as file:
        file.write(json.dumps(form) + "\n")
    print(f"{engine} {table.name} {seed}: {[round(r, 3) for r in regrets.values()]}", flush=True)
    return form


def report(
    runs: Runs, engines: list[str], tables: list[str], seeds: int, budget: float, against: str
) -> None:
    """Print what each engine reaches, over all tables and on each."""
    marks = [mark for mark in MARKS if mark <= budget]
    regrets = {
        engine: np.array([[runs[engine, t, s]["regrets"] for s in range(seeds)] for t in tables])
        for engine in engines
    }  # [tables, seeds, marks]
    head = ["engine", *(f"at {mark}" for mark in marks), "params tried", "ms a suggestion"]
    print(f"\nMean regret, {len(tables)} tables, {seeds} seeds; epochs in whole fits\n")
    rows = []
    for engine in engines:
        of = [runs[engine, t, s] for t in tables for s in range(seeds)]
        ms = 1e3 * sum(r["seconds"] for r in of) / max(1, sum(r["suggestions"] for r in of))
        tried = f"{np.mean([r['tried'] for r in of]):.0f}"
        rows.append([engine, *map(cell, np.moveaxis(regrets[engine], -1, 0)), tried, f"{ms:.1f}"])
    print(markdown(head, rows))
    if against in engines:
        print(
            f"\nBetter, equal, worse than {against}, with p of Wilcoxon's test over tables' means\n"
        )
        rows = [
            [e, *(versus(regrets[e][..., i], regrets[against][..., i]) for i in range(len(marks)))]
            for e in engines
            if e != against
        ]
        print(markdown(["engine", *(f"at {mark}" for mark in marks)], rows))
    print("\nMedian (mean) regret on each table\n")
    rows = [
        [table, engine, *map(cell, regrets[engine][i].T)]
        for i, table in enumerate(tables)
        for engine in engines
    ]
    print(markdown(["table", "engine", *(f"at {mark}" for mark in marks)], rows))


def cell(regrets: np.ndarray) -> str:
    """The median and the mean."""
    return f"{np.median(regrets):.3f} ({regrets.mean():.3f})"


def versus(regrets: np.ndarray, others: np.ndarray) -> str:
    """How often regrets [tables, seeds] are lower, equal or higher than others', and p."""
    counts = [int(x.sum()) for x in (regrets < others, regrets == others, regrets > others)]
    difference = (regrets - others).ravel()
    p = wilcoxon(difference).pvalue if difference.any() else 1.0
    return f"{counts[0]}/{counts[1]}/{counts[2]}, p {p:.2g}"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table for the docs."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
