"""Files of rows that are written a block at a time, so that few of them stand in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

_ROWS_AT_ONCE = 50_000
_BYTES_AT_ONCE = 2**25


def blocks_of(rows: np.ndarray, row_bytes: int = 0) -> Iterator[np.ndarray]:
    """Row numbers [n], so many at once; fewer where a row takes many bytes."""
    at_once = min(_ROWS_AT_ONCE, max(1, _BYTES_AT_ONCE // max(1, row_bytes)))
    for start in range(0, len(rows), at_once):
        yield rows[start : start + at_once]


@contextmanager
def row_file(
    path: Path | str, dtype: str, shape: tuple[int, ...]
) -> Iterator[Callable[[np.ndarray], object]]:
    """An .npy file of this shape; what is given back writes its next rows."""
    with Path(path).open("wb") as file:
        header = {"descr": dtype, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        yield lambda rows: file.write(np.ascontiguousarray(rows, dtype=dtype).data)
