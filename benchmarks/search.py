"""How soon searchers come near the best: the figures of docs/search.md.

    python benchmarks/search.py --engines gp optuna-gp --groups fcnet functions --seeds 10

Runs what the results file (one JSON line a run) does not hold yet, and prints tables of all that
was asked for. A regret is 0 at the best known params and 1 at the median random ones; it is the
truth about the trial of the lowest *observed* value. Engines: random, sobol, skopt, gp (hpopt's,
with another acquisition function as in `gp:LCB`), optuna-tpe, optuna-gp. Peers and tables need `pip
install 'hpopt[benchmarks]'`. One thread; seconds are those of choosing the params.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import wilcoxon
from search_engines import run
from search_problems import GROUPS, make_problem
from threadpoolctl import threadpool_limits

Key = tuple[str, str, int]
# Regrets below it are as good as none; it keeps a logarithm finite where a table's best was found.
FLOOR = 1e-5


def main() -> None:
    """Run what is missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engines", nargs="+", default=["random", "gp", "optuna-tpe", "optuna-gp"])
    parser.add_argument("--groups", nargs="+", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--problems", nargs="+", help="instead of whole groups")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument(
        "--medians", action="store_true", help="a row a problem, of what is reported"
    )
    parser.add_argument("--results", type=Path, default=Path("search_results.jsonl"))
    options = parser.parse_args()
    problems = options.problems or [name for group in options.groups for name in GROUPS[group]]
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    runs = read(options.results, options.trials)
    with threadpool_limits(1):
        for seed in seeds:
            for name in problems:
                for engine in options.engines:
                    if (engine, name, seed) not in runs:
                        runs[engine, name, seed] = record(
                            options.results, engine, name, seed, options.trials
                        )
    groups = {"these": problems} if options.problems else {g: GROUPS[g] for g in options.groups}
    for group, names in groups.items():
        if options.medians:
            report_medians(group, names, options.engines, seeds, runs)
        else:
            report(group, names, options.engines, seeds, runs)


def read(path: Path, n_trials: int) -> dict[Key, dict[str, list[float]]]:
    """The runs of `n_trials` that the results file holds; a later line replaces an earlier."""
    runs: dict[Key, dict[str, list[float]]] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        form = json.loads(line)
        if form["trials"] == n_trials:
            runs[form["engine"], form["problem"], form["seed"]] = form
    return runs


def record(path: Path, engine: str, name: str, seed: int, n_trials: int) -> dict[str, list[float]]:
    """Do one run, and add it to the results file."""
    problem = make_problem(name, seed)
    regrets, values, seconds, reported = zip(*run(engine, problem, seed, n_trials), strict=True)
    form = {
        "engine": engine,
        "problem": name,
        "seed": seed,
        "trials": n_trials,
        "regrets": [float(f"{regret:.5g}") for regret in regrets],
        "reported": [float(f"{regret:.5g}") for regret in reported],
        "values": values,
        "seconds": [round(second, 4) for second in seconds],
    }
    with path.open("a") as file:
        file.write(json.dumps(form) + "\n")
    print(f"{engine} {name} {seed}: {curve(form)[-1]:.4f} ({sum(seconds):.1f} s)", flush=True)
    return form


def curve(form: dict[str, list[float]]) -> np.ndarray:
    """The regret of the incumbent after each trial, [trials]."""
    regrets, values = np.array(form["regrets"]), np.array(form["values"])
    lowest = np.minimum.accumulate(values)
    incumbents = np.maximum.accumulate(np.where(values == lowest, np.arange(len(values)), 0))
    return regrets[incumbents]


def report(
    group: str,
    problems: Sequence[str],
    engines: Sequence[str],
    seeds: Sequence[int],
    runs: dict[Key, dict[str, list[float]]],
) -> None:
    """Print one group's table, and each problem's mean log regret."""
    curves = {
        engine: np.array([[curve(runs[engine, name, seed]) for seed in seeds] for name in problems])
        for engine in engines
    }  # [problems, seeds, trials]
    n_trials = next(iter(curves.values())).shape[-1]
    marks = [mark for mark in (10, 25, 50, 100, 200) if mark <= n_trials]
    logs = {engine: np.log10(np.maximum(c, FLOOR)) for engine, c in curves.items()}
    best = min(engines, key=lambda engine: logs[engine].mean())
    print(f"\n### {group}: {len(problems)} problems, {len(seeds)} seeds\n")
    head = ["engine", *(f"regret at {mark}" for mark in marks)]
    head += ["mean log10, whole curve", f"against {best} at 25, 50, 100", "ms a suggestion"]
    rows = []
    for engine in engines:
        regrets = [f"{curves[engine][..., mark - 1].mean():.4f}" for mark in marks]
        against = [
            difference(logs[engine][..., mark - 1], logs[best][..., mark - 1])
            for mark in (25, 50, 100)
            if mark <= n_trials and engine != best
        ]
        seconds = np.mean([runs[engine, p, s]["seconds"] for p in problems for s in seeds])
        rows.append(
            [
                engine,
                *regrets,
                f"{logs[engine].mean():.3f}",
                ", ".join(against),
                f"{seconds * 1e3:.1f}",
            ]
        )
    print(markdown(head, rows))
    rows = [[p, *(f"{logs[e][i].mean():.3f}" for e in engines)] for i, p in enumerate(problems)]
    print("\n" + markdown(["mean log10 regret", *engines], rows))


def report_medians(
    group: str,
    problems: Sequence[str],
    engines: Sequence[str],
    seeds: Sequence[int],
    runs: dict[Key, dict[str, list[float]]],
) -> None:
    """Print the median true regret of what each engine would report, a row a problem."""
    n_trials = len(runs[engines[0], problems[0], seeds[0]]["reported"])
    marks = [mark for mark in (25, 50, 80, 100, 200) if mark <= n_trials]
    print(f"\n### {group}: median regret at {', '.join(map(str, marks))} of {len(seeds)} seeds\n")
    rows = []
    for name in problems:
        row = [name]
        for engine in engines:
            reported = np.array([runs[engine, name, seed]["reported"] for seed in seeds])
            row.append(" / ".join(f"{np.median(reported[:, mark - 1]):.3f}" for mark in marks))
        rows.append(row)
    print(markdown(["problem", *engines], rows))


def difference(logs: np.ndarray, other: np.ndarray) -> str:
    """Mean difference of log10 regrets [problems, seeds], starred where a Wilcoxon test sees it."""
    differences = (logs - other).ravel()
    if not differences.any():
        return "0.00"
    p = float(wilcoxon(differences).pvalue)
    return f"{differences.mean():+.2f}{'**' if p < 0.01 else '*' if p < 0.05 else ''}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
