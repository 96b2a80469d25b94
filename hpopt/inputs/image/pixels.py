"""Reads an image file as the pixels that a model takes.

This file needs NumPy and Pillow alone: an export carries it along as it is.

An image is turned as its EXIF says, stretched to the model's size, and made grey, coloured or
coloured with alpha, whatever it was: colours become grey by their luminance (ITU-R 601), what is
transparent lies on white where there is no alpha, 16 bits become 8 of the same range, and of an
animation the first picture counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

# By what stands in the file, not by its name. Others of Pillow's start programs, or guess.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def read_pixels(path: Path | str, size: tuple[int, int], channels: int) -> np.ndarray:
    """The pixels of an image, uint8 [height, width, channels], of `size` (height, width).

    One channel is grey, three are red, green and blue, the fourth is alpha. Raises whatever Pillow
    does where the file is no image or is not whole, and ValueError where its pixels are no colours.
    """
    from PIL import Image, ImageOps

    height, width = size
    with Image.open(path, formats=FORMATS) as image:
        # A JPEG is decoded to no more than is needed: 1/2, 1/4 or 1/8 of its size.
        image.draft(None, (2 * max(size), 2 * max(size)))
        turned = ImageOps.exif_transpose(image)
        coloured = _in_colours(turned, channels)
    if coloured.size != (width, height):
        coloured = coloured.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(coloured).reshape(height, width, channels)


def _in_colours(image: Any, channels: int) -> Any:
    """The image in the mode of so many channels."""
    from PIL import Image

    if image.mode == "F":
        raise ValueError("its pixels are fractions, which are no colours")
    if image.mode.startswith("I"):
        values, see_through = np.asarray(image), image.info.get("transparency")
        image = Image.fromarray(_of_16_bits(values))
        if isinstance(see_through, int):  # the level that is transparent in a PNG
            image.putalpha(Image.fromarray(np.where(values == see_through, 0, 255).astype("u1")))
    if channels < 4 and image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return image.convert(_MODES[channels])


def _of_16_bits(values: np.ndarray) -> np.ndarray:
    """The pixels [height, width] as uint8, where 65535 is white."""
    values = values.astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("its pixels have 32 bits, which are no colours")
    return np.asarray((values + 128) // 257, np.uint8)
