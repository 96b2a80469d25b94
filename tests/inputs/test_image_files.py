"""Image files as people have them: each is read right, or named with what is wrong with it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hpopt.errors import DataError
from hpopt.inputs.image.files import look_at_images, read_images
from hpopt.inputs.image.pixels import read_pixels

# Left half dark, right half bright, so that what is turned or swapped shows.
GREY = np.array([[0, 0, 200, 200]] * 3, np.uint8)
COLOUR = np.stack([GREY, 255 - GREY, np.full_like(GREY, 7)], axis=-1)


def saved(folder, name, pixels, mode=None, **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels, mode)
    image.save(folder / name, **options)
    return str(folder / name)


def palette(pixels):
    return Image.fromarray(pixels).convert("P", palette=Image.Palette.ADAPTIVE)


def see_through(pixels, alpha):
    image = Image.fromarray(pixels).convert("RGB")
    image.putalpha(Image.fromarray(np.broadcast_to(np.uint8(alpha), pixels.shape[:2]).copy()))
    return image


@pytest.mark.parametrize("ending", ["png", "bmp", "gif", "tif", "pgm"])
def test_grey_files_give_the_pixels_that_were_written(ending, tmp_path):
    path = saved(tmp_path, f"a.{ending}", GREY)
    assert (read_pixels(path, (3, 4), 1)[..., 0] == GREY).all()
    assert (read_pixels(path, (3, 4), 3) == GREY[..., None]).all()
    assert not look_at_images([path]).has_colours


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "ppm"])
def test_coloured_files_give_the_pixels_that_were_written(ending, tmp_path):
    path = saved(tmp_path, f"a.{ending}", COLOUR)
    assert (read_pixels(path, (3, 4), 3) == COLOUR).all()
    assert (read_pixels(path, (3, 4), 4)[..., 3] == 255).all()
    assert look_at_images([path]).has_colours


def test_a_jpeg_is_what_it_was_but_for_its_losses(tmp_path):
    pixels = np.kron(COLOUR, np.ones((16, 16, 1), np.uint8))
    for options in ({}, {"progressive": True}):
        path = saved(tmp_path, "a.jpg", pixels, quality=95, **options)
        read = read_pixels(path, (48, 64), 3).astype(int)
        assert np.abs(read - pixels)[8:-8, 4:-4].mean() < 6
        # Far larger than is wanted: decoded at a part of its size, and no worse for it.
        small = read_pixels(path, (3, 4), 3).astype(int)
        assert np.abs(small - COLOUR).mean() < 25
    cmyk = saved(tmp_path, "b.jpg", Image.fromarray(pixels).convert("CMYK"), quality=95)
    assert np.abs(read_pixels(cmyk, (48, 64), 3).astype(int) - pixels).mean() < 12


def test_a_palette_is_looked_up(tmp_path):
    path = saved(tmp_path, "a.png", palette(COLOUR))
    assert (read_pixels(path, (3, 4), 3) == COLOUR).all()
    assert look_at_images([path]).has_colours
    grey = saved(tmp_path, "b.gif", palette(GREY))
    assert (read_pixels(grey, (3, 4), 1)[..., 0] == GREY).all()
    assert not look_at_images([grey]).has_colours
    black_and_white = saved(tmp_path, "c.png", Image.fromarray(GREY > 100))
    assert set(read_pixels(black_and_white, (3, 4), 1).ravel()) == {0, 255}


def test_what_is_transparent_lies_on_white_unless_alpha_is_kept(tmp_path):
    path = saved(tmp_path, "a.png", see_through(COLOUR, 0))
    assert (read_pixels(path, (3, 4), 3) == 255).all()
    assert (read_pixels(path, (3, 4), 1) == 255).all()
    assert (read_pixels(path, (3, 4), 4)[..., 3] == 0).all()
    half = saved(tmp_path, "b.png", see_through(COLOUR, 128))
    assert np.abs(read_pixels(half, (3, 4), 3) - (COLOUR / 2 + 127.5)).max() <= 2
    by_palette = saved(tmp_path, "c.png", palette(GREY), transparency=0)
    assert (read_pixels(by_palette, (3, 4), 1) == 255).any()


def test_16_bits_keep_their_range(tmp_path):
    path = saved(tmp_path, "a.png", GREY.astype(np.uint16) * 257)
    assert (read_pixels(path, (3, 4), 1)[..., 0] == GREY).all()
    assert (read_pixels(path, (3, 4), 3) == GREY[..., None]).all()
    assert not look_at_images([path]).has_colours
    see_through = saved(tmp_path, "b.png", GREY.astype(np.uint16) * 257, transparency=200 * 257)
    assert (read_pixels(see_through, (3, 4), 1)[..., 0] == np.where(GREY == 200, 255, GREY)).all()
    assert (read_pixels(see_through, (3, 4), 4)[..., 3] == np.where(GREY == 200, 0, 255)).all()
    fractions = saved(tmp_path, "a.tif", GREY.astype(np.float32) / 255)
    with pytest.raises(DataError, match=r"a\.tif: its pixels are fractions"):
        read_images([path, fractions], (3, 4), 1)
    wide = saved(tmp_path, "b.tif", GREY.astype(np.int32) * 100_000)
    with pytest.raises(DataError, match=r"b\.tif: its pixels have 32 bits"):
        read_images([wide], (3, 4), 1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_an_image_is_turned_as_its_camera_was(orientation, ending, tmp_path):
    pixels = np.kron(GREY, np.ones((32, 32), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, f"a.{ending}", pixels, exif=exif)
    is_swapped = orientation >= 5
    size = (4, 3) if is_swapped else (3, 4)
    bright = read_pixels(path, size, 1)[..., 0] > 100
    expected = GREY if orientation in (1, 4, 5, 6) else GREY[:, ::-1]
    assert ((bright.T if is_swapped else bright) == (expected > 100)).all()
    height, width = look_at_images([path]).sizes[0]
    assert (height > width) == is_swapped


def test_a_png_may_say_behind_its_pixels_how_it_is_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = Path(saved(tmp_path, "a.png", GREY, exif=exif))
    content = path.read_bytes()
    start = content.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(content[start : start + 4], "big")
    last = content.index(b"IEND") - 4
    path.write_bytes(content[:start] + content[end:last] + content[start:end] + content[last:])
    assert look_at_images([str(path)]).sizes.tolist() == [[4, 3]]
    assert read_pixels(path, (4, 3), 1)[..., 0].tolist() == GREY.T.tolist()


def test_files_of_all_sizes_become_one(tmp_path):
    paths = [
        saved(tmp_path, f"{height}.png", np.full((height, 2 * height), height, np.uint8))
        for height in (20, 30, 90)
    ]
    seen = look_at_images(paths)
    assert seen.sizes.tolist() == [[20, 40], [30, 60], [90, 180]]
    assert seen.size == (30, 60)
    images = read_images(paths, seen.size, seen.channels)
    assert images.shape == (3, 30, 60, 1)
    assert images.dtype == np.uint8
    assert [set(image.ravel()) for image in images] == [{20}, {30}, {90}]
    assert look_at_images(paths[2:]).size == (32, 64)


def test_what_is_no_whole_image_is_named_and_all_of_them_are(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    whole = [saved(tmp_path, name, noise) for name in ("a.png", "b.jpg", "c.gif", "d.tif")]
    for path in whole:
        content = Path(path).read_bytes()
        Path(path.replace(".", "_cut.")).write_bytes(content[: len(content) * 2 // 3])
    (tmp_path / "text.png").write_text("this is no image")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "program.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    bad = [str(path) for path in tmp_path.iterdir() if str(path) not in whole]
    assert len(bad) == 7
    for path in [*bad, str(tmp_path / "nowhere.png")]:
        with pytest.raises(DataError, match=path) as caught:
            read_images([whole[0], path], (8, 8), 3)
        assert "an image can't be read" in str(caught.value)
    for read in (look_at_images, lambda paths: read_images(paths, (8, 8), 3)):
        with pytest.raises(DataError, match="7 images can't be read: ") as caught:
            read([*whole, *bad])
        assert all(path in str(caught.value) for path in bad)
    many = [str(tmp_path / f"{number}.png") for number in range(30)]
    with pytest.raises(DataError, match=r"30 images can't be read: .*; and 10 more"):
        look_at_images(many)
    assert read_images(whole, (8, 8), 3).shape == (4, 8, 8, 3)
