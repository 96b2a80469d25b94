"""Image files: what size and which colours they have, and the pixels of many of them.

However many there are, few stand in memory: pixels go into a file, which is mapped.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpopt.errors import DataError, in_words
from hpopt.inputs.image.pixels import FORMATS, read_pixels
from hpopt.inputs.row_files import blocks_of

# By its ending a file is taken for an image.
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)
# What a column of paths is called where nobody gave it a name.
PATH = "path"
COLOURS = {1: ("grey",), 3: ("red", "green", "blue"), 4: ("red", "green", "blue", "alpha")}

# What is found from the data is no larger, for a fit's time goes by the number of pixels.
LARGEST_SIDE = 64
_MOST_NAMED = 20
_SMALL = (8, 8)  # to decode a file and see whether it is whole
_THREADS = 4
_TURNED = (5, 6, 7, 8)  # values of EXIF's orientation that swap height and width
_ORIENTATION = 0x0112
# In which chunks a PNG says how it is turned, and how texts begin that do.
_PNG_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_PNG_KEYWORDS = (b"Raw profile type exif", b"XML:com.adobe.xmp")


@dataclass(frozen=True)
class Seen:
    """What stands in the headers of image files: `sizes` [n, 2], height and width as shown."""

    sizes: np.ndarray
    has_colours: bool

    @property
    def size(self) -> tuple[int, int]:
        """The size to have them all in: the median, and no side longer than LARGEST_SIDE."""
        median = np.median(self.sizes, axis=0)
        shrunk = median * min(1.0, LARGEST_SIDE / median.max())
        height, width = np.maximum(np.rint(shrunk), 1).astype(int).tolist()
        return height, width

    @property
    def channels(self) -> int:
        """3 where any has colours, else 1."""
        return 3 if self.has_colours else 1


def look_at_images(paths: Sequence[str]) -> Seen:
    """What the files are, by their headers.

    Raises DataError where one is no image, and names those then that are not whole as well.
    """
    bad: list[tuple[str, Exception]] = []
    seen = _of_each(paths, _header, bad)
    if bad:
        failed = {path for path, _ in bad}
        others = [path for path in paths if path not in failed]
        _of_each(others, lambda path: read_pixels(path, _SMALL, 1), bad)
        raise unreadable(bad)
    return Seen(np.array([size for size, _ in seen]), any(is_colour for _, is_colour in seen))


def read_images(paths: Sequence[str], size: tuple[int, int], channels: int) -> np.ndarray:
    """The pixels of files, uint8 [n, height, width, channels], mapped from a file of their own.

    It has no name, and is gone with the array. Raises DataError, which names the files, where any
    is no image or is not whole.
    """
    shape = (len(paths), *size, channels)
    row_bytes = size[0] * size[1] * channels
    file = tempfile.TemporaryFile(prefix="hpopt-")  # noqa: SIM115 (the array keeps it)
    bad: list[tuple[str, Exception]] = []
    for block in blocks_of(np.arange(len(paths)), row_bytes):
        some = [paths[row] for row in block]
        pixels = _of_each(some, lambda path: read_pixels(path, size, channels), bad)
        try:
            if not bad:
                file.write(np.array(pixels, np.uint8).data)
        except OSError as error:
            raise DataError(
                f"the pixels of {len(paths)} images take {len(paths) * row_bytes / 1e6:.0f} MB in "
                f"{tempfile.gettempdir()}: {in_words(error)}",
                help="set TMPDIR to a folder with room, or make the images smaller",
            ) from None
    if bad:
        raise unreadable(bad)
    file.flush()
    return np.asarray(np.memmap(file, np.uint8, "r", shape=shape))


def _of_each(
    paths: Iterable[str],
    read: Callable[[str], Any],
    bad: list[tuple[str, Exception]],
) -> list[Any]:
    """What `read` gives of each file; None of one that it fails on, which goes to `bad`."""

    def try_to(path: str) -> Any:
        try:
            return read(path)
        except Exception as error:  # of many kinds: whatever a decoder stumbles over
            bad.append((path, error))
            return None

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(try_to, paths))


def unreadable(bad: Sequence[tuple[str, Exception]]) -> DataError:
    """The error that names files, with what is wrong with each."""
    bad = sorted(dict(bad).items())
    named = "; ".join(f"{path}: {_why(error)}" for path, error in bad[:_MOST_NAMED])
    more = f"; and {len(bad) - _MOST_NAMED} more" if len(bad) > _MOST_NAMED else ""
    what = "an image can't" if len(bad) == 1 else f"{len(bad)} images can't"
    return DataError(f"{what} be read: {named}{more}", help="mend or delete what is named")


def _why(error: Exception) -> str:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "it is no image of a format that is read here"
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, ValueError | OSError) and error.args:  # whose own words say it
        return str(error)
    return in_words(error)


def _header(path: str) -> tuple[tuple[int, int], bool]:
    """Height and width of an image, as it is turned, and whether it has colours."""
    from PIL import Image

    with Image.open(path, formats=FORMATS) as image:
        width, height = image.size
        # Pillow decodes a PNG for its EXIF, which may stand behind the pixels: few have any.
        has_exif = image.format != "PNG" or _png_has_exif(path)
        if has_exif and image.getexif().get(_ORIENTATION) in _TURNED:
            width, height = height, width
        return (height, width), _has_colours(image)


def _png_has_exif(path: str) -> bool:
    """Whether a PNG may say how it is turned. Its chunks: length, name, content, check sum."""
    with open(path, "rb") as file:
        file.seek(8)  # the signature
        while len(head := file.read(8)) == 8:
            length, name = int.from_bytes(head[:4], "big"), head[4:]
            start = file.read(min(length, max(map(len, _PNG_KEYWORDS))))
            if name == b"eXIf" or (name in _PNG_TEXTS and start.startswith(_PNG_KEYWORDS)):
                return True
            file.seek(length - len(start) + 4, 1)
    return False


def _has_colours(image: Any) -> bool:
    if image.mode in ("P", "PA"):
        palette = np.array(image.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
        return bool((palette != palette[:, :1]).any())
    return not image.mode.startswith(("1", "L", "I", "F")) or image.mode == "LAB"
