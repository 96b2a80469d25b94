"""Makes the golden run folders of this version of hpopt; README.md says what they are.

    python tests/golden/make.py [NAME ...]

What is there of this version by these names (or all) is replaced: only do that on purpose, for a
released version's golden folders are to stay as they were made. Everything goes through the command
line, so that the script needs nothing of hpopt's inside.
"""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
INPUTS = HERE / "inputs"
ELSEWHERE = "/golden"  # where the folders claim to have been made: nothing is there
FINISHED = ("array", "table", "regression", "ensemble", "grid", "sobol")
DATA = {"table": "customers.csv", "regression": "sales.csv", "own_builder": "arrays.npz"}
MODELS = {
    "array": "cells.npz",
    "table": "customers.csv",
    "regression": "sales.csv",
    "ensemble": "digits.npz",
}
# At how many of which signs in their journals.
KILLED = {
    "own_builder": {'"kind":"finished"': 3, '"kind":"started"': 5},
    "closing": {'"name":"confirm"': 1},
}
# Of these only the journal and the config are kept.
JOURNAL_ONLY = ("grid", "sobol")
# How many trials they have once they are extended.
MORE = {"array": 11, "table": 8, "regression": 13, "ensemble": 6, "grid": 6, "sobol": 7}


def write_data(folder: Path) -> None:
    """The rows of the inputs that are files: made up, or of scikit-learn's."""
    from sklearn.datasets import load_breast_cancer, load_digits

    rng = np.random.default_rng(0)
    n = 240
    age = rng.normal(45, 12, n).round(1)
    city = rng.integers(0, 18, n)
    wealth = age / 12 + city % 3 + rng.normal(0, 0.7, n)
    dates = np.datetime64("2024-01-01") + rng.integers(0, 700, n)
    customers = {
        "customer id": [f"C{1000 + i}" for i in range(n)],
        "age": np.where(rng.random(n) < 0.1, np.nan, age),
        "income (k/y)": np.exp(rng.normal(3, 1, n)).round(2),
        "city": [f"city {i}" for i in city],
        "plan": rng.choice(["basic", "plus", "pro/ü", ""], n, p=[0.5, 0.3, 0.1, 0.1]),
        "zone": rng.integers(1, 5, n),
        "signup": dates.astype(str),
        "member": rng.choice(["true", "false"], n),
        "household": rng.integers(0, 90, n),
        "remark": rng.choice(["", "called", "wrote"], n),
        "rank": np.array(["bronze", "silver", "gold"])[np.digitize(wealth, [4.3, 5.5])],
    }
    pd.DataFrame(customers).to_csv(folder / "customers.csv", index=False)

    n = 160
    size = rng.uniform(20, 180, n).round(1)
    kind = rng.choice(["flat", "house", "hut"], n)
    sold = np.datetime64("2023-01-01T08:00") + np.sort(rng.integers(0, 10_000, n)) * 60
    price = size * (1 + 2 * (kind == "house")) * np.exp(rng.normal(0, 0.2, n))
    rooms = np.where(rng.random(n) < 0.15, np.nan, (size // 25) + 1)
    sales = {"sold": sold, "size": size, "kind": kind, "rooms": rooms, "price": price.round(2)}
    pd.DataFrame(sales).to_csv(folder / "sales.csv", index=False)

    rows = rng.normal(size=(150, 4))
    labels = np.digitize(rows[:, 0] + rows[:, 1] ** 2, [0.2, 1.4])
    np.savez(folder / "arrays.npz", rows=rows.round(3), labels=labels)

    cells = load_breast_cancer()
    np.savez(folder / "cells.npz", x=cells.data[:60], y=cells.target_names[cells.target[:60]])
    digits = load_digits()
    np.savez_compressed(folder / "digits.npz", x=digits.data[:60], y=digits.target[:60])


def hpopt(*arguments: object, cwd: Path) -> str:
    command = [sys.executable, "-m", "hpopt", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def killed(config: str, signs: dict[str, int], cwd: Path) -> None:
    """Run it until its journal holds each sign so many times, and then kill it outright."""
    command = [sys.executable, "-m", "hpopt", "tune", config, "-q"]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        for journal in cwd.glob(f"runs/*_{config.removesuffix('.yaml')}/journal.jsonl"):
            text = journal.read_text()
            if all(text.count(sign) >= count for sign, count in signs.items()):
                process.send_signal(signal.SIGKILL)
                process.wait()
                return
        time.sleep(0.002)
    raise SystemExit(f"{config} came to its end before it was killed")


def purge(run: Path, place: Path, keeps_all: bool) -> None:
    """Leave what readers need, and nothing that says where and on what it was made."""
    shutil.rmtree(run / "plots", ignore_errors=True)
    (run / "results.pkl").unlink(missing_ok=True)
    if not keeps_all:
        for name in ("best", "trials"):
            shutil.rmtree(run / name, ignore_errors=True)
        for path in run.iterdir():
            if path.name not in ("journal.jsonl", "config.yaml"):
                path.unlink()
    environment = run / "environment.json"
    if environment.is_file():
        said = json.loads(environment.read_text())
        said["command"][0] = "hpopt"
        said["machine"]["system"] = sys.platform
        environment.write_text(json.dumps(said, indent=2) + "\n")
    words = {
        str(place): ELSEWHERE,
        str(HERE.parent.parent): f"{ELSEWHERE}/hpopt",
        sys.prefix: f"{ELSEWHERE}/python",
        sys.base_prefix: f"{ELSEWHERE}/python",
    }
    holder = run / "journal.lock"
    if holder.is_file():
        holder.write_text("process 1 on golden\n")
    for path in filter(Path.is_file, run.rglob("*")):
        if path.suffix in (".jsonl", ".json", ".yaml", ".md", ".log", ".txt", ".lock"):
            text = path.read_text()
            for word, other in words.items():
                text = text.replace(word, other)
            path.write_text(text)
            check_silent(path, text.encode(), socket.gethostname())
        parts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                parts += [archive.read(name) for name in archive.namelist()]
        for part in parts:
            check_silent(path, part, *words, str(Path.home()))


def check_silent(path: Path, text: bytes, *words: str) -> None:
    for word in words:
        if re.search(rb"(?<![\w.-])" + re.escape(word.encode()) + rb"(?![\w-])", text):
            raise SystemExit(f"{path} says {word}")


def frozen(run: Path, name: str, place: Path) -> dict:
    """What this version says of a run folder, and of the trials that it would make next."""
    said: dict = {
        "show": json.loads(hpopt("show", run, "--json", cwd=place)),
        "trials": records(hpopt("trials", run, "--json", cwd=place)),
        "csv": hpopt("trials", run, cwd=place),
    }
    said["runs"] = next(
        record
        for record in records(hpopt("runs", run.parent, "--json", cwd=place))
        if record["id"] == run.name
    )
    for record in (said["show"], said["runs"]):
        del record["path"]
    if name in MODELS:
        rows = place / MODELS[name]
        said["predictions"] = records(hpopt("predict", run, rows, "--json", cwd=place))
        said["evaluation"] = json.loads(hpopt("evaluate", run, rows, "--json", cwd=place))
        del said["evaluation"]["run"], said["evaluation"]["data"]
    copy = place / "copies" / run.name
    shutil.copytree(run, copy)
    more = ["-s", f"search.n_calls={MORE[name]}"] if name in MORE else []
    more += ["--data", place / DATA[name]] if name in DATA else []
    hpopt("resume", copy, *more, "-s", "output.plots=false", "-q", cwd=place)
    keys = ("number", "params", "seed", "state", "score")
    said["resumed"] = [
        {key: record[key] for key in keys}
        for record in records(hpopt("trials", copy, "--json", cwd=place))
    ]
    return said


def records(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def main(names: list[str]) -> None:
    release = ".".join(version("hpopt").split(".")[:2])
    target = HERE / release
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        place = Path(folder).resolve()
        write_data(INPUTS)
        shutil.copytree(INPUTS, place, dirs_exist_ok=True)
        for name in FINISHED:
            if name in names:
                earlier = ["--warm-start", "grid"] if name == "sobol" else []
                hpopt("tune", f"{name}.yaml", *earlier, "-q", cwd=place)
        for name, signs in KILLED.items():
            if name in names:
                killed(f"{name}.yaml", signs, place)
        (target / "frozen").mkdir(parents=True, exist_ok=True)
        for run in sorted((place / "runs").iterdir()):
            name = run.name.split("_", 1)[1]
            purge(run, place, name not in JOURNAL_ONLY)
            said = frozen(run, name, place)
            for former in target.glob(f"runs/*_{name}"):
                shutil.rmtree(former)
            shutil.copytree(run, target / "runs" / run.name)
            (target / "frozen" / f"{name}.json").write_text(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:] or [*FINISHED, *KILLED])
