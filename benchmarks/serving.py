"""How fast `hpopt serve` answers, beside a plain FastAPI endpoint around the same Keras model.

    pip install fastapi uvicorn
    python benchmarks/serving.py            # tunes breast_cancer shortly, then loads both
    python benchmarks/serving.py --run latest --clients 8 --seconds 20 --rows 1

Each client keeps its connection and sends a request as soon as the last one is answered. Both serve
on this machine, one after the other, and the clients take their share of the processors.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

PLAIN = """
import sys
import keras, numpy as np, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

model = keras.saving.load_model(sys.argv[1], compile=False)
app = FastAPI()

class Rows(BaseModel):
    rows: list[list[float]]

@app.get("/health")
def health():
    return {"status": "ok"}

@app.post("/predict")
def predict(body: Rows):
    said = model.predict(np.array(body.rows, "float32"), verbose=0)
    return {"predictions": said.tolist()}

uvicorn.run(app, port=int(sys.argv[2]), log_level="error")
"""


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def load(port: int, bodies: list[bytes], clients: int, seconds: float) -> np.ndarray:
    """How long each request took, in seconds."""
    took, end = [], time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        turn = number
        while time.perf_counter() < end:
            body = bodies[turn % len(bodies)]
            turn += clients
            begin = time.perf_counter()
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            took.append(time.perf_counter() - begin)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return np.array(took)


def measure(name: str, command: list[str], port: int, bodies: list[bytes], options) -> None:
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                time.sleep(0.2)
        load(port, bodies, options.clients, 2)  # warms both
        took = load(port, bodies, options.clients, options.seconds)
    finally:
        server.terminate()
        server.wait()
    rows = len(took) * options.rows / options.seconds
    p50, p99 = np.percentile(took, [50, 99]) * 1e3
    print(f"{name:<16} {rows:8.0f} rows/s   p50 {p50:6.1f} ms   p99 {p99:6.1f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", help="a run on breast_cancer; else one is made")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rows", type=int, default=1, help="of a request")
    options = parser.parse_args()

    import hpopt

    if options.run is None:
        config = Path(__file__).parents[1] / "configs" / "breast_cancer.yaml"
        run = hpopt.tune(config, search__n_calls=5, output__plots=False, progress=False)
    else:
        run = hpopt.find_run(options.run)
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer().data
    bodies = [
        json.dumps({"rows": data[start : start + options.rows].tolist()}).encode()
        for start in range(0, len(data) - options.rows, options.rows)
    ]
    print(
        f"{options.clients} clients, {options.rows} rows a request, load {os.getloadavg()[0]:.1f}"
    )
    port = free_port()
    serve = [sys.executable, "-m", "hpopt", "serve", str(run.path), "--port", str(port)]
    measure("hpopt serve", serve, port, bodies, options)
    port = free_port()
    plain = [sys.executable, "-c", PLAIN, str(run.path / "best" / "model.keras"), str(port)]
    measure("FastAPI + Keras", plain, port, bodies, options)


if __name__ == "__main__":
    main()
