"""hpopt beside the published program it grew out of: `python benchmarks/reference.py`.

Both are whole processes that search the same space, from the same defaults, on the same rows, for
as many calls. The published program no longer runs on Keras 3, so what stands here does what it
did, with the few changes that Keras 3 asks for. Prints the times and their ratios; the search alone
is counted from the first trial's beginning to the last one's end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

CONFIG = Path(__file__).parent.parent / "configs" / "article.yaml"
# The search itself differs too: the program's is scikit-optimize's, hpopt's its own.
ENGINE = "search.engine=gp"


def main() -> None:
    """Run both, turn by turn, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--program", action="store_true", help="be the published program")
    options = parser.parse_args()
    if options.program:
        print(json.dumps(published_program(options.calls)))
        return
    pairs = []
    for _ in range(options.repeats):
        pairs.append((run_hpopt(options.calls), run_program(options.calls)))
    print(f"| {options.calls} calls | hpopt, s | the published program, s | times faster |")
    print("| --- | --- | --- | --- |")
    for line, name in enumerate(("whole process", "search alone")):
        ours = statistics.median(pair[0][line] for pair in pairs)
        theirs = statistics.median(pair[1][line] for pair in pairs)
        print(f"| {name} | {ours:.0f} | {theirs:.0f} | {theirs / ours:.1f} |")


def run_hpopt(calls: int) -> tuple[float, float]:
    """Seconds of the whole process, and of its search."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        command = [sys.executable, "-m", "hpopt", "tune", str(CONFIG), "--output-dir", folder]
        overrides = ["-s", f"search.n_calls={calls}", "-s", ENGINE, "--quiet"]
        subprocess.run([*command, *overrides], check=True, stdout=subprocess.DEVNULL)
        whole_s = time.perf_counter() - began
        (journal,) = Path(folder).glob("*/journal.jsonl")
        events = [json.loads(line) for line in journal.read_text().splitlines()]
    started = [event for event in events if event["kind"] == "started"]
    last = next(e for e in reversed(events) if e["kind"] == "finished")
    times = [datetime.fromisoformat(event["time"]) for event in (started[0], started[-1])]
    return whole_s, (times[1] - times[0]).total_seconds() + last["seconds"]


def run_program(calls: int) -> tuple[float, float]:
    """Seconds of the whole process, and of its search."""
    began = time.perf_counter()
    command = [sys.executable, __file__, "--program", "--calls", str(calls)]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    return time.perf_counter() - began, json.loads(done.stdout.splitlines()[-1])["search_s"]


def published_program(calls: int) -> dict[str, Any]:
    """What the program does: a fit with a TensorBoard log a call, and the best model in a file."""
    import keras
    import skopt
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    x, y = load_breast_cancer(return_X_y=True)
    x_train, x_rest, y_train, y_rest = train_test_split(x, y, test_size=0.4, random_state=2)
    x_val, _, y_val, _ = train_test_split(x_rest, y_rest, test_size=0.4, random_state=2)
    dimensions = [
        skopt.space.Categorical(["adam", "SGD"], name="optimization"),
        skopt.space.Real(1e-3, 1e-1, prior="log-uniform", name="learning_rate"),
        skopt.space.Real(0.9, 0.999, name="learning_decay"),
        skopt.space.Integer(1, 5, name="num_layers"),
        skopt.space.Integer(5, 50, name="num_dense_nodes"),
        skopt.space.Real(0.5, 0.99, name="dropout_prob"),
        skopt.space.Categorical(["sigmoid", "softmax", "relu"], name="activation"),
    ]
    best = {"accuracy": 0.0}

    def network(layers: int, nodes: int, rate: float, activation: str) -> Any:
        model = keras.Sequential([keras.layers.Input((30,))])
        model.add(keras.layers.Dense(nodes, activation=activation))
        for _ in range(layers - 1):
            model.add(keras.layers.Dense(nodes, activation=activation))
            model.add(keras.layers.Dropout(rate))
        model.add(keras.layers.Dense(1, activation=activation))
        return model

    def objective(point: list[Any]) -> float:
        name, rate, decay, layers, nodes, dropout, activation = point
        model = network(int(layers), int(nodes), float(dropout), str(activation))
        schedule = keras.optimizers.schedules.ExponentialDecay(float(rate), 1000, float(decay))
        kind = keras.optimizers.Adam if name == "adam" else keras.optimizers.SGD
        model.compile(kind(schedule), "binary_crossentropy", metrics=["accuracy"])
        log = f"logs/lr_{rate:.0e}_layers_{layers}_nodes_{nodes}_drop_{dropout}_{activation}"
        history = model.fit(
            x_train,
            y_train,
            epochs=50,
            batch_size=256,
            validation_data=(x_val, y_val),
            callbacks=[keras.callbacks.TensorBoard(log, write_graph=True)],
            verbose=0,
        ).history
        accuracy = history["val_accuracy"][-1]
        if accuracy > best["accuracy"]:
            model.save("best.keras")
            best["accuracy"] = accuracy
        keras.backend.clear_session()
        return -accuracy

    began = time.perf_counter()
    start = ["adam", 1e-3, 0.9, 1, 20, 0.8, "relu"]
    skopt.gp_minimize(objective, dimensions, acq_func="EI", n_calls=calls, x0=start)
    return {"search_s": time.perf_counter() - began, **best}


if __name__ == "__main__":
    main()
