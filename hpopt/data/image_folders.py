"""Folders of image files as a table: a row a file, with its path and what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from hpopt.data.reading import joined
from hpopt.errors import DataError, in_words
from hpopt.inputs.image.files import PATH, SUFFIXES
from hpopt.inputs.stored import Sheet, Stored, Texts

# What the images show; their paths stand in the column PATH.
LABEL = "label"
# What folders of parts are called, and the part that a row of theirs is given.
_PARTS = {"train": 0, "training": 0, "validation": 1, "valid": 1, "val": 1, "test": 2}
_LITTER = ("thumbs.db", "desktop.ini")


def is_image_name(name: str) -> bool:
    """Whether a file is an image by its name."""
    return name.lower().endswith(SUFFIXES)


def read_folder(folder: Path) -> tuple[Sheet, np.ndarray | None]:
    """The images of a folder with a sub-folder a class, or of such folders train, validation, test.

    Of each row comes the part that its folder gives, as in `Table.given`, if there are parts.
    Raises DataError where there are no classes.
    """
    inner = _folders(folder)
    parts = {path: _PARTS[path.name.lower()] for path in inner if path.name.lower() in _PARTS}
    training = [path for path, part in parts.items() if part == 0]
    if not training:
        return _sheet(folder, folder), None
    # Beside folders of other names, one of images alone is a class that is called so.
    if len(parts) < len(inner) and not any(_folders(path) for path in training):
        sheet = _sheet(folder, folder)
        sheet.notes.append(
            f"{training[0]} has no sub-folders, so that all folders of {folder} are classes, and "
            "none is a part"
        )
        return sheet, None
    notes = _left_out(folder, [path.name for path in inner if path not in parts])
    sheets = {path: _sheet(path, folder) for path in parts}
    _check_labels(sheets, parts)
    whole = joined(list(sheets.values()))
    whole.notes += notes
    given = [np.full(sheets[path].rows, part, np.int8) for path, part in parts.items()]
    return whole, np.concatenate(given)


def parts_in(folder: Path) -> list[Path]:
    """The folders in it that are called as parts are; none where others stand beside them."""
    inner = _folders(folder)
    return inner if all(path.name.lower() in _PARTS for path in inner) else []


def files_sheet(place: Path, path: str, label: str) -> Sheet:
    """An image, or all that are below a folder, for a model that is there.

    The label is the sub-folder that an image is below, or the folder itself. `path` and `label`
    are what the columns are called. Raises DataError where there is no image.
    """
    if not place.is_dir():
        return Sheet({path: Texts.of(np.array([place.name]))}, 1)
    names, notes = _images_below(place)
    if not names:
        raise DataError(f"{place} holds no images", help=f"files that end in {_endings()}")
    own = place.absolute().name
    labels = [Path(name).parts[0] if Path(name).parent.name else own for name in names]
    columns: dict[str, Stored] = {
        path: Texts.of(np.array(names)),
        label: Texts.of(np.array(labels)),
    }
    return Sheet(columns, len(names), notes=notes)


def _sheet(folder: Path, root: Path) -> Sheet:
    """The images of a folder with a sub-folder a class; paths are seen from `root`."""
    paths: list[str] = []
    labels: list[str] = []
    notes: list[str] = []
    for inner in _folders(folder):
        _check_class(inner)
        if _leads_back(inner.resolve(), [folder.resolve()]):
            notes.append(f"{inner} is a link that leads back to {inner.resolve()}, and is left out")
            continue
        names, more = _images_below(inner)
        notes += more
        if not names:
            notes.append(f"{inner} holds no images, and is left out")
        paths += [str((inner / name).relative_to(root)) for name in names]
        labels += [inner.name] * len(names)
    others = [path for path in _entries(folder) if not path.is_dir()]
    notes += [f"{path} is a link that leads nowhere" for path in others if not path.exists()]
    loose = [path.name for path in others if is_image_name(path.name)]
    if not paths:
        raise _no_classes(folder, loose)
    notes += _left_out(folder, loose)
    columns: dict[str, Stored] = {
        PATH: Texts.of(np.array(paths)),
        LABEL: Texts.of(np.array(labels)),
    }
    return Sheet(columns, len(paths), notes=notes)


def _check_class(folder: Path) -> None:
    """Raise DataError where a folder's name can be no label: these stand in files of UTF-8."""
    try:
        folder.name.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"the name of the folder {folder} is no UTF-8, and can't be a class",
            help="rename it",
        ) from None


def _check_labels(sheets: dict[Path, Sheet], parts: dict[Path, int]) -> None:
    """Raise DataError where a part has a class that the training part has not."""
    learnt = {label for path in parts if not parts[path] for label in _labels(sheets[path])}
    for path in parts:
        unknown = [label for label in _labels(sheets[path]) if label not in learnt]
        if unknown:
            raise DataError(
                f"{path} has the class `{unknown[0]}`, of which there is nothing to train on",
                help=f"the classes are {', '.join(sorted(learnt)[:20])}",
            )


def _labels(sheet: Sheet) -> tuple[str, ...]:
    labels = sheet.columns[LABEL]
    assert isinstance(labels, Texts)
    return labels.distinct


def _no_classes(folder: Path, loose: Sequence[str]) -> DataError:
    if loose:
        return DataError(
            f"{folder} holds {len(loose)} images, and no sub-folder with any: what do they show?",
            help="make a sub-folder for each class, or give a CSV file with a column of paths and "
            "`features: {types: {NAME: image}}`",
        )
    return DataError(
        f"{folder} holds no sub-folders of images", help=f"files that end in {_endings()}"
    )


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    return [path for path in _entries(folder) if path.is_dir()]


def _images_below(folder: Path) -> tuple[list[str], list[str]]:
    """The images below a folder, as seen from it, and words on what else is there."""
    images: list[str] = []
    others: list[str] = []
    notes: list[str] = []
    for path in _files_below(folder, (folder.resolve(),), notes):
        (images if is_image_name(path.name) else others).append(str(path.relative_to(folder)))
    if not others:
        return images, notes
    first = folder / others[0]
    if len(others) == 1:
        return images, [*notes, f"1 file is no image by its name, and left out: {first}"]
    word = f"{len(others)} files are no images by their names, and left out: {first} is the first"
    return images, [*notes, word]


def _files_below(folder: Path, above: tuple[Path, ...], notes: list[str]) -> Iterator[Path]:
    """The files below a folder, also by links; `above` are the true places of it and its parents.

    What leads back to one of these goes into the `notes`.
    """
    inner = []
    for path in _entries(folder):
        if path.is_dir():
            inner.append(path)
        elif path.name.lower() not in _LITTER:
            yield path
    for path in inner:
        place = path.resolve()
        if _leads_back(place, above):
            notes.append(f"{path} is a link that leads back to {place}, and is left out")
        else:
            yield from _files_below(path, (*above, place), notes)


def _leads_back(place: Path, above: Sequence[Path]) -> bool:
    return any(each.is_relative_to(place) for each in above)


def _entries(folder: Path) -> list[Path]:
    """What stands in a folder, by name, and is not hidden. Raises DataError where none may look."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"the folder {folder} can't be read: {in_words(error)}") from None


def _left_out(folder: Path, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return [f"{folder / names[0]}{more} is in no folder of a class, and left out"]


def _endings() -> str:
    return ", ".join(SUFFIXES[:8])
