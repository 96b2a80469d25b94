"""Makes the cases of each target from a seed."""

from __future__ import annotations

import functools
import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz import served
from tests.fuzz.case import ACTIONS, GOLDEN, ROOT, Case
from tests.fuzz.mutating import TEXTS, VALUES, changed_bytes, changed_form

RUNS = sorted((GOLDEN / "0.1" / "runs").iterdir())
# Without TensorFlow nothing can be built: own builders import it.
CONFIGS = [
    path
    for folder in (ROOT / "configs", GOLDEN / "inputs")
    for path in sorted(folder.glob("*.yaml"))
    if path.stem not in ("own_builder", "sobol")
]


def configs(rng: random.Random, name: str) -> Case:
    """A config that was right once, and what `tune --dry-run` says of it."""
    content = rng.choice(CONFIGS).read_bytes()
    if rng.random() < 0.5:
        content = changed_bytes(rng, content, [*TEXTS, *_words()])
    else:
        form = _form_of(content)
        for _ in range(rng.choice([1, 1, 2, 3])):
            form = changed_form(rng, form, [*VALUES, *_words()])
        if rng.random() < 0.2 and isinstance(form, dict):
            form["require"] = [_rule(rng, form) for _ in range(rng.choice([1, 1, 2]))]
        content = _yaml(form)
    command = ["tune", "c.yaml", "--dry-run", *rng.choice([[], ["--json"], _override(rng)])]
    codes = frozenset({0, 2, 3, 4})
    return Case(name, [command], {"c.yaml": content}, codes=codes, smaller="c.yaml")


def journals(rng: random.Random, name: str) -> Case:
    """A run folder of which one file was changed, and all that reads it."""
    run = rng.choice(RUNS)
    changed = "journal.jsonl"
    others = [p for p in run.rglob("*") if p.suffix in (".json", ".yaml") and p.is_file()]
    if others and rng.random() < 0.3:
        changed = str(rng.choice(others).relative_to(run))
    content = (run / changed).read_bytes()
    if rng.random() < 0.5 and changed == "journal.jsonl":
        lines = content.splitlines()
        for _ in range(rng.choice([1, 1, 2, 5])):
            index = rng.randrange(len(lines))
            lines[index] = json.dumps(changed_form(rng, json.loads(lines[index]))).encode()
        content = b"\n".join(lines) + b"\n"
    else:
        content = changed_bytes(rng, content)
    number = rng.choice(["1", "2", "0", "-1", "999999", "x"])
    pictures = rng.choice(["convergence", "history", "parallel_coordinates,learning_curves"])
    commands = rng.sample(
        [
            ["runs"],
            ["runs", "--json"],
            ["show", "latest"],
            ["show", "latest", "--json"],
            ["show", "latest", "--", number],
            ["trials", "latest"],
            ["trials", "latest", "--json"],
            ["compare", "latest", "runs/other", "--json"],
            ["runs", "repair", "latest"],
            ["export-trials", "latest", "--force"],
            *([["report", "latest", "runs/other", "-o", "-"]] if rng.random() < 0.15 else []),
            *([["plot", "latest", "--only", pictures]] if rng.random() < 0.1 else []),
        ],
        k=3,
    )
    files = {f"runs/2026-11-25T23-59-59_it/{changed}": content}
    folders = {"runs/2026-11-25T23-59-59_it": run, "runs/other": RUNS[0]}
    codes = frozenset({0, 1, 2})
    return Case(name, commands, files, folders, codes, smaller=next(iter(files)))


def tables(rng: random.Random, name: str) -> Case:
    """A table that people might have, or hardly, and all that reads it."""
    inputs = sorted((GOLDEN / "inputs").glob("*.csv"))
    source = rng.choice(["made up", "made up", "table", "table", "arrays"])
    if source == "arrays":
        arrays = (GOLDEN / "inputs" / rng.choice(["arrays.npz", "cells.npz"])).read_bytes()
        form = {"dataset": {"source": "npz", "path": "rows.npz"}, **_model()}
        files = {"rows.npz": changed_bytes(rng, arrays), "c.yaml": _yaml(form)}
        run = next(r for r in RUNS if r.name.endswith("own_builder"))
        commands = [[":data", "c.yaml"], [":rows", "rows.npz", "latest"]]
        return _table_case(name, commands, files, run, "rows.npz")
    customers = GOLDEN / "inputs" / "customers.csv"
    content = _made_up(rng)
    if source == "table":
        content = rng.choice([customers, customers, *inputs]).read_bytes()
    if rng.random() < 0.6:
        content = changed_bytes(rng, content)
    header = content.splitlines()[0].decode("utf-8", "replace") if content.strip() else ""
    columns = [word.strip(' "\ufeff') for word in header.replace(";", ",").split(",")] or ["y"]
    target = rng.choice([columns[-1], columns[-1], rng.choice(columns), "y"])
    dataset: dict[str, Any] = {"source": "csv", "path": "rows.csv", "target": target}
    split = {key: rng.choice(columns) for key in ("groups", "order") if rng.random() < 0.15}
    if split:
        dataset["split"] = split
    if rng.random() < 0.2:
        kinds = ["numeric", "categorical", "date", "drop"]
        dataset["features"] = {"types": {rng.choice(columns): rng.choice(kinds)}}
    if rng.random() < 0.1:
        dataset["gaps"] = rng.sample(TEXTS, 3)
    if rng.random() < 0.2:
        dataset["task"] = rng.choice(["binary", "multiclass", "regression"])
    form = {"dataset": dataset, **_model(folds=rng.choice([1, 1, 3]))}
    packed = gzip.compress(content, mtime=0) if rng.random() < 0.2 else content
    if packed is not content and rng.random() < 0.5:
        packed = changed_bytes(rng, packed)
    run = next(r for r in RUNS if r.name.endswith("table"))
    commands = [
        ["init", "rows.csv", *rng.choice([[], ["-t", target]]), "-o", "-"],
        [":data", "c.yaml"],
        *([[":rows", "rows.csv", "latest"]] if source == "table" else []),
    ]
    files = {"rows.csv": packed, "c.yaml": _yaml(form)}
    return _table_case(name, commands, files, run, "rows.csv")


def command_lines(rng: random.Random, name: str) -> Case:
    """Words of hpopt's command line in any order, on a folder with two runs."""
    commands = [_command_line(rng) for _ in range(3)]
    files = {"c.yaml": CONFIGS[1].read_bytes(), "rows.csv": b"a,b,y\n" + b"1,2,x\n3,4,z\n" * 40}
    folders = {f"runs/{run.name}": run for run in rng.sample(RUNS, 2)}
    return Case(name, commands, files, folders)


def requests(rng: random.Random, name: str) -> Case:
    """What comes to the port of `hpopt serve` or `hpopt dashboard`."""
    server, sent = served.request(rng)
    run = next(r for r in RUNS if r.name.endswith("table"))
    folders = {f"runs/{run.name}": run}
    commands = [[":ask", server, "sent", "latest"]]
    return Case(name, commands, {"sent": sent}, folders, frozenset({0}), smaller="sent")


ACTIONS[":ask"] = served.ask
TARGETS: dict[str, Callable[[random.Random, str], Case]] = {
    "configs": configs,
    "journals": journals,
    "tables": tables,
    "command_lines": command_lines,
    "requests": requests,
}


def make(target: str, seed: int) -> Case:
    """The case of a target and a seed, the same each time."""
    return TARGETS[target](random.Random(f"{target}:{seed}"), f"{target}:{seed}")


def _table_case(
    name: str, commands: list[list[str]], files: dict[str, bytes], run: Path, smaller: str
) -> Case:
    codes = frozenset({0, 2, 3})
    return Case(name, commands, files, {f"runs/{run.name}": run}, codes, smaller)


def _model(folds: int = 1) -> dict[str, Any]:
    return {
        "model": {"builder": "dense_dropout"},
        "training": {"epochs": 2, "folds": folds},
        "space": {"num_dense_nodes": [4, 8]},
    }


def _made_up(rng: random.Random) -> bytes:
    """A table of columns of several kinds, with cells that do not belong in them."""
    rows, width = rng.choice([0, 1, 3, 12, 60, 60, 200]), rng.choice([1, 2, 4, 8])
    kinds = [rng.choice("nnictdbgm") for _ in range(width)]
    names = [rng.choice(TEXTS) if rng.random() < 0.1 else f"c{index}" for index in range(width - 1)]
    dirt = rng.choice([0.0, 0.0, 0.01, 0.1])
    file = io.StringIO()
    delimiter = rng.choice([",", ",", ";", "\t", "|"])
    import csv

    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*names, "y"])
    for row in range(rows):
        cells = [_cell(rng, kind, row) for kind in kinds]
        writer.writerow([rng.choice(TEXTS) if rng.random() < dirt else cell for cell in cells])
    return file.getvalue().encode("utf-8", "surrogatepass")


def _cell(rng: random.Random, kind: str, row: int) -> str:
    match kind:
        case "n":
            return f"{rng.gauss(0, 10 ** rng.randint(-2, 3)):.4g}"
        case "i":
            return str(row)
        case "c":
            return rng.choice(["a", "b", "c"])
        case "t":
            return rng.choice(["1", "0"])
        case "d":
            return f"20{rng.randint(10, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        case "b":
            return rng.choice(["TRUE", "FALSE", "unknown"])
        case "g":
            return "" if rng.random() < 0.7 else str(rng.randint(0, 3))
        case _:
            return f"{rng.randint(0, 999)},{rng.randint(0, 99):02}"


def _command_line(rng: random.Random) -> list[str]:
    command = rng.choice(
        ["init", "tune", "check", "resume", "runs", "show", "trials", "plot", "compare",
         "export-best", "predict", "evaluate", "schema", "runs list", "runs repair",
         "report", "export-trials", "doctor", "serve", "dashboard", "init --example",
         "help", "tun", ""]
    ).split()  # fmt: skip
    words = [
        "latest", "runs/nothing", "late", "1", "-1", "99", "c.yaml", "rows.csv", "--json", "--csv",
        "-s", "search.n_calls=3", "-s", "x=", "-s", "search.seed", "-t", "y", "-o", "out", "-o",
        "-", "--quiet", "--only", "convergence", "--format", "svg", "--help", "--version", "--name",
        "--",
        "--force", "--trust-code", "--safe-csv", "--output-dir", "here", "--data", "rows.csv",
        "--warm-start", "latest", rng.choice(TEXTS), rng.choice(TEXTS),
    ]  # fmt: skip
    words = [word for word in words if "\0" not in word and not word.startswith("/")]
    given = rng.sample(words, rng.choice([0, 1, 1, 2, 2, 3, 5]))
    match command:
        case ["tune"]:  # nothing that fits a network, or loads one
            given = ["--dry-run", *[w for w in given if w != "--"]]
        case ["doctor"]:  # nothing that opens a port and stays
            given = rng.choice([[], [], ["--json"], ["x"]])
        case ["dashboard"]:
            given = ["runs/nothing", *[w for w in given if w != "--"]]
        case ["serve" | "check" | "resume" | "predict" | "evaluate" | "export-best"]:
            given = ["nothing", *[w for w in given if w not in ("latest", "late", "c.yaml")]]
        case ["plot"] if rng.random() < 0.8:
            given = ["--only", "nothing", *given]
        case ["show" | "trials" | "compare"] if rng.random() < 0.5:
            given = ["latest", *given]
    return [*command, *given]


def _rule(rng: random.Random, form: Any) -> Any:
    """A rule between dimensions, or what might be taken for one."""
    space = form.get("space")
    names = [*space] if isinstance(space, dict) and space else ["x"]
    signs = ["<=", "<", "==", "!=", "+", "*", "/", "-", "**", "and", "or", "not", "in", "(", ")"]
    values = ["0", "1", "-1", "2.5", "1e999", "9" * 400, "'adam'", "true", "null", "max", "[1]"]
    words = [str(rng.choice(names)), rng.choice(signs), rng.choice([*names, *values, *TEXTS])]
    words += rng.choices([*signs, *values, *map(str, names)], k=rng.choice([0, 0, 1, 2, 8]))
    if rng.random() < 0.05:
        words = rng.choice([["("] * 3000, ["-"] * 3000, ["not"] * 3000]) + words
    return rng.choice([*VALUES]) if rng.random() < 0.1 else " ".join(map(str, words))


def _override(rng: random.Random) -> list[str]:
    key = rng.choice(
        ["search.n_calls", "search.seed", "space.x", "training.epochs", "dataset", "", "a.b.c"]
    )
    return ["-s", f"{key}{rng.choice(['=', '=', ':', ''])}{rng.choice(TEXTS)}"]


@functools.cache
def _words() -> tuple[str, ...]:
    """Every key and name that a config may hold."""
    schema = json.loads((ROOT / "docs" / "hpopt.schema.json").read_text())
    words: set[str] = set()
    waiting: list[Any] = [schema]
    while waiting:
        form = waiting.pop()
        if isinstance(form, dict):
            words |= set(form.get("properties", ()))
            words |= {word for word in form.get("enum", ()) if isinstance(word, str)}
            waiting += form.values()
        elif isinstance(form, list):
            waiting += form
    return tuple(sorted(words))


def _form_of(content: bytes) -> Any:
    import yaml

    return json.loads(json.dumps(yaml.safe_load(content), default=str))


def _yaml(form: Any) -> bytes:
    import yaml

    text: str = yaml.safe_dump(form, allow_unicode=True, sort_keys=False)
    return text.encode("utf-8", "surrogatepass")
