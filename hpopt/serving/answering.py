"""One thread that answers all requests with one warm function of TensorFlow.

Requests that wait together go through one call. What a network says of a row depends, in its last
bits, on how many rows are multiplied at once; so that call takes the rows of each request by
themselves, in batches as `predict_raw` does, and no answer hangs on who else asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Full, Queue, SimpleQueue
from typing import Any

import numpy as np

from hpopt.export.raw_rows import predict_raw, warm_function
from hpopt.inputs.kind import Kind, RawRows, count_rows, take_rows

# How many rows a trial of the warm function has, request by request.
_TRIED = (1, 2, 3, 8, 20)
_MOST_WAITING = 256
_MOST_AT_ONCE = 32


class Busy(Exception):  # noqa: N818 (it says what is the matter)
    """More requests wait than can be answered soon."""


class Answering:
    """What the network says of raw rows, for any number of threads that ask.

    `is_warm` is False where the warm function does not say what the network says, bit for bit:
    then each request is answered by the network itself, which is slower.
    """

    def __init__(self, network: Any, features: Kind) -> None:
        self._network, self._features = network, features
        self._waiting: Queue[tuple[RawRows, Future[np.ndarray]] | None] = Queue(_MOST_WAITING)
        ready: SimpleQueue[bool] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, args=(ready,), daemon=True)
        self._thread.start()
        self.is_warm = ready.get()

    def outputs(self, rows: RawRows) -> np.ndarray:
        """What the network says of raw rows [n, units]. Raises Busy."""
        answer: Future[np.ndarray] = Future()
        try:
            self._waiting.put_nowait((rows, answer))
        except Full:
            raise Busy from None
        return answer.result()

    def close(self) -> None:
        """End the thread, once what waits is answered."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self, ready: SimpleQueue[bool]) -> None:
        function = self._tried()
        ready.put(function is not None)
        while (first := self._waiting.get()) is not None:
            asked, is_last = [first], False
            while not self._waiting.empty() and len(asked) < _MOST_AT_ONCE and not is_last:
                another = self._waiting.get()
                is_last = another is None
                if another is not None:
                    asked.append(another)
            self._answer(asked, function)
            if is_last:
                return

    def _answer(
        self,
        asked: list[tuple[RawRows, Future[np.ndarray]]],
        function: Callable[[list[RawRows]], list[np.ndarray]] | None,
    ) -> None:
        try:
            requests = [rows for rows, _ in asked]
            said = self._one_by_one(requests) if function is None else function(requests)
        except Exception as error:
            for _, answer in asked:
                answer.set_exception(error)
            return
        for (_, answer), outputs in zip(asked, said, strict=True):
            answer.set_result(outputs)

    def _one_by_one(self, requests: list[RawRows]) -> list[np.ndarray]:
        return [predict_raw(self._network, self._features, rows) for rows in requests]

    def _tried(self) -> Callable[[list[RawRows]], list[np.ndarray]] | None:
        """The warm function, where it gives the bits of `predict_raw`."""
        rows = self._features.made_up(sum(_TRIED))
        starts = np.cumsum((0, *_TRIED[:-1])).tolist()
        pieces = zip(starts, _TRIED, strict=True)
        requests = [take_rows(rows, slice(start, start + count)) for start, count in pieces]
        assert sum(map(count_rows, requests)) == sum(_TRIED)
        try:
            function = warm_function(self._network, self._features, requests[-1])
            said = function(requests)
        except Exception:  # whatever a layer raises that a graph can't take
            return None
        meant = self._one_by_one(requests)
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(said, meant, strict=True))
        return function if same else None
