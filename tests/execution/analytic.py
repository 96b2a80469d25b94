"""A trial function without any network, which does as its params say; workers import it."""

import ctypes
import os
import re
import signal
import sys
import time

from functions import Analytic

from hpopt.errors import RunError, SetupError, TrialError
from hpopt.trials import Result


def does(params, *, seed, folder, fold=0) -> Result:
    match params["does"]:
        case "raise":
            raise ValueError("no such thing")
        case "give up":
            raise TrialError("the loss became nan in epoch 3")
        case "exit":
            sys.exit(3)
        case "exit hard":
            os._exit(3)
        case "segfault":
            ctypes.string_at(0)
        case "be killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "sleep":
            time.sleep(3600)
        case "hang in C":
            re.match("(a+)+$", 50 * "a" + "b")  # without ever letting the interpreter go
        case "allocate":
            kept = []
            while True:
                kept.append(bytearray(os.urandom(1)) * 10_000_000)
        case "talk":
            os.write(1, b"from C\n")
            print("from Python")
        case "talk and sleep":
            print("still here")
            time.sleep(3600)
        case "talk a lot":
            print("words " * 1_000_000)
        case "find the disk full":
            raise RunError("the disk is full")
        case "be no set-up":
            raise SetupError("no such builder", help="write another")
        case "close its files":
            os.closerange(0, 200)
        case "fork":
            os.fork()
        case "wait":
            time.sleep(params["x"])
        case "work for two seconds":  # of its own, however long it is frozen
            for _ in range(20):
                time.sleep(0.1)
        case "go on":
            params = {"x": 1 + float((folder / "state").read_text())}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "note").write_text(f"{seed} {fold} {os.getpid()}")
    return Result(params.get("x", 0.0), {}, [], {}, 1, 0.0)


objective = Analytic(does)
