"""Folders of images, and tables with a column of paths, as tables of pixels."""

import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hpopt.data.loading import load_table
from hpopt.data.new_rows import read_new_rows
from hpopt.data.prepared import Prepared, fingerprints, prepare
from hpopt.data.settings import DATASETS, dataset_tag, located
from hpopt.data.splits import Parts, split_rows
from hpopt.errors import DataError, SettingError


def put(path, value, size=(4, 6), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size[::-1], value if mode == "L" else (value, 0, 0)).save(path)


def load(folder, **form):
    settings = DATASETS[dataset_tag(form)].model_validate(form)
    return load_table(located(settings, folder))


@pytest.fixture
def folder(tmp_path):
    """Classes 10 and 9, of images whose level is their class, and what else lies about."""
    for label in ("10", "9"):
        for number in range(3):
            put(tmp_path / "pets" / label / f"{number}.png", int(label))
    put(tmp_path / "pets" / "9" / "deep" / "4.PNG", 9)
    (tmp_path / "pets" / "9" / ".DS_Store").write_text("")
    (tmp_path / "pets" / "9" / "Thumbs.db").write_text("")
    return tmp_path / "pets"


def reason(table, name):
    return next(column.reason for column in table.columns if column.name == name)


def test_a_sub_folder_is_a_class_of_the_images_below_it(folder):
    table = load(folder.parent, source="images", path="pets")
    assert (table.kind, table.task, table.labels) == ("image", "binary", ("9", "10"))
    assert table.features.shape == (7, 4, 6, 1)
    assert table.features.dtype == np.uint8
    assert (table.features[:, 0, 0, 0] == np.array([9, 10])[table.target]).all()
    assert table.feature_names == ("grey",)
    assert reason(table, "path") == "4 x 6 pixels (height x width), grey"
    assert reason(table, "label") == 'binary: "9" 4, "10" 3'
    assert table.notes == ()


def test_what_is_no_image_by_its_name_is_left_out_with_a_word(folder):
    (folder / "9" / "notes.txt").write_text("")
    (folder / "empty").mkdir()
    put(folder / "loose.png", 1)
    table = load(folder.parent, source="images", path="pets")
    assert len(table.target) == 7
    said = " | ".join(table.notes)
    assert "1 file is no images by their names" not in said
    assert "1 file is no image by its name, and left out" in said
    assert "notes.txt" in said
    assert "empty holds no images, and is left out" in said
    assert "loose.png is in no folder of a class" in said


def test_links_are_followed_but_for_those_that_lead_back(folder):
    put(folder.parent / "elsewhere" / "5.png", 9)
    (folder / "9" / "more").symlink_to(folder.parent / "elsewhere")
    (folder.parent / "elsewhere" / "again").symlink_to(folder / "9")
    (folder / "9" / "all").symlink_to(folder)
    (folder / "11").symlink_to(folder.parent / "elsewhere")
    (folder / "12").symlink_to(folder.parent / "nowhere")
    (folder / "13").symlink_to(folder)
    table = load(folder.parent, source="images", path="pets")
    assert table.labels == ("9", "10", "11")
    assert np.bincount(table.target).tolist() == [5, 3, 5]
    notes = " | ".join(table.notes)
    assert f"9/more/again is a link that leads back to {folder / '9'}" in notes
    assert f"9/all is a link that leads back to {folder}, and is left out" in notes
    assert f"13 is a link that leads back to {folder}, and is left out" in notes
    assert "12 is a link that leads nowhere" in notes


@pytest.mark.parametrize("validation", ["validation", "val", None])
def test_parts_may_have_folders_of_their_own(folder, validation):
    root = folder.parent / "all"
    for part in filter(None, ("train", validation, "test")):
        for label in ("cat", "dog"):
            for number in range(6):
                put(root / part / label / f"{number}.png", number)
    table = load(folder.parent, source="images", path="all")
    assert table.labels == ("cat", "dog")
    parts = split_rows(table, train=0.5, validation=0.3, test=0.2, seed=0, stratify="auto")
    assert len(parts.test) == 12
    assert len(parts.validation) == (12 if validation else 5)
    put(root / "test" / "cow" / "1.png", 1)
    with pytest.raises(DataError, match="class `cow`, of which there is nothing to train on"):
        load(folder.parent, source="images", path="all")


def test_a_class_may_be_called_as_a_part_is(folder):
    put(folder / "train" / "1.png", 1)
    put(folder / "test" / "1.png", 1)
    table = load(folder.parent, source="images", path="pets")
    assert table.labels == ("10", "9", "test", "train")
    assert "train has no sub-folders, so that all folders of" in table.notes[0]
    for label in ("9", "10"):
        (folder / label).rename(folder.parent / label)
    with pytest.raises(DataError, match="holds 1 images, and no sub-folder with any"):
        load(folder.parent, source="images", path="pets")


def test_sizes_and_channels_are_found_or_said(folder):
    put(folder / "9" / "large.png", 9, (40, 60))
    put(folder / "10" / "red.png", 10, mode="RGB")
    table = load(folder.parent, source="images", path="pets")
    assert table.features.shape == (9, 4, 6, 3)
    assert "the files have 4 x 6 to 40 x 60, 8 of them 4 x 6" in reason(table, "path")
    for size, shape in ((8, (8, 8)), ([2, 5], (2, 5))):
        table = load(folder.parent, source="images", path="pets", size=size, channels=1)
        assert table.features.shape == (9, *shape, 1)


def test_folders_that_are_no_classes_are_refused(tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        load(tmp_path, source="images", path="nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no sub-folders of images"):
        load(tmp_path, source="images", path="empty")
    put(tmp_path / "flat" / "a.png", 1)
    with pytest.raises(DataError, match="holds 1 images, and no sub-folder with any") as caught:
        load(tmp_path, source="images", path="flat")
    assert "a CSV file with a column of paths" in caught.value.render()


@pytest.fixture
def table(folder):
    """A CSV file beside the folder, whose paths are seen from it."""
    paths = [f"pets/{label}/{number}.png" for label in (9, 10) for number in range(3)]
    frame = pd.DataFrame(
        {"photo": paths, "price": [9.4, 9, 9, 10, 10, 10.4], "who": list("aabbcc")}
    )
    frame.to_csv(folder.parent / "t.csv", index=False)
    return frame


IMAGE = {"types": {"photo": "image"}}


def test_a_column_of_paths_is_images_also_for_a_regression(folder, table):
    form = {"source": "csv", "path": "t.csv", "target": "price", "split": {"groups": "who"}}
    read = load(folder.parent, **form, features=IMAGE)
    assert (read.kind, read.task) == ("image", "regression")
    assert np.rint(read.target).tolist() == read.features[:, 0, 0, 0].tolist()
    assert read.groups.tolist() == [0, 0, 1, 1, 2, 2]
    assert reason(read, "photo").startswith("4 x 6 pixels")
    small = load(folder.parent, **form, features={**IMAGE, "size": 2})
    assert small.features.shape == (6, 2, 2, 1)


def test_what_does_not_go_with_a_column_of_paths_is_refused(folder, table):
    form = {"source": "csv", "path": "t.csv", "target": "price"}
    with pytest.raises(SettingError, match="a network takes one of them"):
        load(folder.parent, **form, features={"types": {"photo": "image", "who": "image"}})
    with pytest.raises(SettingError, match="takes no `who`"):
        load(folder.parent, **form, features={**IMAGE, "include": ["photo", "who"]})
    table.loc[1, "photo"] = None
    table.to_csv(folder.parent / "t.csv", index=False)
    with pytest.raises(DataError, match="`photo` holds no path in 1 of 6 rows"):
        load(folder.parent, **form, features=IMAGE)
    table.loc[1, "photo"] = "pets/9/gone.png"
    table.to_csv(folder.parent / "t.csv", index=False)
    with pytest.raises(DataError, match=r"pets/9/gone\.png: there is no such file"):
        load(folder.parent, **form, features=IMAGE)


def test_a_function_may_give_paths_too(folder, table):
    (folder.parent / "load.py").write_text(
        "from pathlib import Path\nimport pandas as pd\n\n"
        "def rows():\n    return pd.read_csv(Path(__file__).with_name('t.csv'))\n"
    )
    read = load(folder.parent, source="load.py:rows", target="price", features=IMAGE)
    assert read.features.shape == (6, 4, 6, 1)


def test_arrays_of_uint8_are_images_and_others_are_not(tmp_path):
    images = np.arange(20 * 4 * 4, dtype=np.uint16).reshape(20, 4, 4, 1).astype(np.uint8)
    for dtype, kind in (("uint8", "image"), ("float32", "array"), ("int64", "array")):
        np.savez(tmp_path / "a.npz", x=images.astype(dtype), y=np.tile([0, 1], 10))
        read = load(tmp_path, source="npz", path="a.npz")
        assert read.kind == kind
        assert (read.features == images).all()


@pytest.fixture
def prepared(folder, tmp_path) -> Prepared:
    table = load(folder.parent, source="images", path="pets")
    rows = np.arange(7)
    return prepare(table, Parts(rows, rows[:2], rows[:1]), tmp_path / "data")


def test_prepared_images_are_stored_once_and_stay_uint8(prepared):
    names = {path.name for path in prepared.folder.iterdir()}
    assert names == {
        f"{part}.{which}.npy" for part in prepared.sizes for which in ("raw", "target")
    }
    inputs = prepared.inputs("train")
    assert (inputs.dtype, inputs.shape) == (np.uint8, (7, 4, 6, 1))
    assert isinstance(inputs.base, np.memmap)
    again = Prepared.from_json(prepared.to_json(), prepared.folder)
    assert again == prepared


def test_new_images_come_as_a_folder_a_file_and_a_table(prepared, folder):
    new = read_new_rows(folder, prepared, with_target=True)
    assert new.ids["path"][0] == "10/0.png"
    assert new.rows[:, 0, 0, 0].tolist() == [10] * 3 + [9] * 4
    labels = [int(name.split("/")[0]) for name in new.ids["path"]]
    assert [int(prepared.labels[index]) for index in new.target[:6]] == labels[:6]
    one = read_new_rows(folder / "9" / "deep" / "4.PNG", prepared)
    assert (one.count, one.rows.shape) == (1, (1, 4, 6, 1))
    pd.DataFrame({"path": ["9/1.png"], "label": [9]}).to_csv(folder / "new.csv", index=False)
    row = read_new_rows(folder / "new.csv", prepared, with_target=True)
    assert row.ids["path"].tolist() == ["9/1.png"]
    assert row.target.tolist() == [0]
    pd.DataFrame({"file": ["9/1.png"]}).to_csv(folder / "new.csv", index=False)
    with pytest.raises(DataError, match="no column `path`"):
        read_new_rows(folder / "new.csv", prepared)
    (folder.parent / "parts").mkdir()
    folder.rename(folder.parent / "parts" / "test")
    with pytest.raises(DataError, match="parts holds parts, test, and no classes") as caught:
        read_new_rows(folder.parent / "parts", prepared, with_target=True)
    assert f"name one of them, such as {folder.parent / 'parts' / 'test'}" in caught.value.render()
    folder.mkdir()
    (folder / "none").mkdir()
    with pytest.raises(DataError, match="holds no images"):
        read_new_rows(folder / "none", prepared)
    with pytest.raises(DataError, match="there is no file"):
        read_new_rows(folder / "nowhere.png", prepared)
    with pytest.raises(DataError, match="there is no file or folder"):
        read_new_rows(folder / "nowhere", prepared)


def test_a_name_that_is_no_utf_8_is_written_out_and_is_no_class(prepared, folder):
    try:
        put(folder / os.fsdecode(b"10/caf\xe9.png"), 10)
    except OSError:
        pytest.skip("this file system takes no such names")
    new = read_new_rows(folder, prepared)
    assert new.ids["path"][3] == r"10/caf\udce9.png"
    pd.DataFrame(new.ids).to_csv(folder.parent / "said.csv")
    assert load(folder.parent, source="images", path="pets").features.shape[0] == 8
    (folder / "10").rename(folder / os.fsdecode(b"caf\xe9"))
    with pytest.raises(DataError, match="is no UTF-8, and can't be a class"):
        load(folder.parent, source="images", path="pets")


def test_the_fingerprint_is_of_the_pixels(folder):
    def print_of():
        table = load(folder.parent, source="images", path="pets")
        rows = np.arange(7)
        return fingerprints(table, Parts(rows, rows, rows))["data"]

    first = print_of()
    (folder / "9" / "0.png").rename(folder / "9" / "00.png")
    assert print_of() == first
    put(folder / "9" / "00.png", 8)
    assert print_of() != first
