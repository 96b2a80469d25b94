import re

import numpy as np
import pandas as pd
import pytest
import yaml

from hpopt.config.loading import load_config
from hpopt.tuning.material import read_material

N = 120
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size (m²)": RNG.normal(size=N),
        "kind: of": RNG.choice(["a", "b"], N),
        "day": pd.date_range("2020-01-01", periods=N).strftime("%Y-%m-%d"),
        "label": RNG.choice(["yes", "no"], N),
        "price": np.exp(3 * RNG.normal(size=N)),
        "rank": RNG.integers(1, 6, N),
    }
)


@pytest.fixture
def data(hpopt, tmp_path):
    FRAME.to_csv(tmp_path / "my data.csv", index=False)
    return "my data.csv"


@pytest.mark.parametrize(
    ("target", "task", "metric"),
    [
        ("label", "binary", "accuracy"),
        ("rank", "multiclass", "accuracy"),
        ("price", "regression", "rmse"),
    ],
)
def test_a_drafted_config_runs_as_it_is(hpopt, data, target, task, metric, tmp_path):
    done = hpopt("init", data, "--target", target)
    assert done.code == 0
    assert "hpopt tune 'my data.yaml'" in done.out
    text = (tmp_path / "my data.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=hpopt.schema.json\n")
    assert (tmp_path / "hpopt.schema.json").exists()
    config = load_config(tmp_path / "my data.yaml")
    assert config.binding.notes == ()
    material = read_material(config)
    assert (material.table.task, material.metric.name) == (task, metric)
    assert ("target_transform: log" in text) == (target == "price")
    assert yaml.safe_load(text)["dataset"]["path"] == data


def test_numbers_fall_into_pieces_where_rows_are_many(hpopt, tmp_path):
    pd.concat([FRAME] * 70).to_csv(tmp_path / "many.csv", index=False)
    assert hpopt("init", "many.csv", "--target", "price").code == 0
    features = yaml.safe_load((tmp_path / "many.yaml").read_text())["dataset"]["features"]
    assert features["pieces"] == 48
    assert read_material(load_config(tmp_path / "many.yaml")).table.settings["pieces"] == 48


def test_a_config_elsewhere_names_the_data_from_there(hpopt, data, tmp_path):
    assert hpopt("init", data, "-t", "label", "-o", "configs/x.yaml").code == 0
    assert read_material(load_config(tmp_path / "configs" / "x.yaml")).table.task == "binary"


def test_a_config_that_is_there_is_kept(hpopt, data, tmp_path):
    (tmp_path / "x.yaml").write_text("mine")
    refused = hpopt("init", data, "-t", "label", "-o", "x.yaml")
    assert refused.code == 2
    assert "--force" in refused.err
    assert (tmp_path / "x.yaml").read_text() == "mine"
    assert hpopt("init", data, "-t", "label", "-o", "x.yaml", "--force").code == 0
    assert (tmp_path / "x.yaml").read_text() != "mine"


@pytest.mark.parametrize(
    ("output", "help"),
    [
        ("my data.csv", "another file"),
        ("configs/../my data.csv", "another file"),
        ("link.yaml", "another file"),
        ("x.csv", "`-o x.yaml`"),
        ("config", "`-o config.yaml`"),
        ("configs", "`-o 'configs/my data.yaml'`"),
    ],
)
def test_only_a_config_is_written_and_never_over_the_table(hpopt, data, tmp_path, output, help):
    before = (tmp_path / data).read_bytes()
    (tmp_path / "configs").mkdir()
    (tmp_path / "link.yaml").symlink_to(data)
    refused = hpopt("init", data, "-t", "label", "-o", output, "--force")
    assert (refused.code, help in refused.err) == (2, True), refused.err
    assert (tmp_path / data).read_bytes() == before
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "--target NAME"),
        (["--target", "lable"], 2, "did you mean `label`?"),
        (["--target", "day"], 3, "dates"),
    ],
)
def test_what_is_missing_is_said_and_nothing_written(hpopt, data, arguments, code, words, tmp_path):
    done = hpopt("init", data, *arguments)
    assert done.code == code
    assert words in done.err
    assert not list(tmp_path.glob("*.yaml"))


def test_a_file_that_is_not_there(hpopt):
    done = hpopt("init", "nowhere.csv", "--target", "y")
    assert (done.code, "there is no file" in done.err) == (3, True)


def test_a_leak_is_named_on_the_terminal_and_in_the_config(hpopt, tmp_path):
    frame = pd.concat([FRAME] * 2).assign(size=RNG.normal(size=2 * N))
    frame["refund"] = np.where(frame["label"] == "yes", RNG.gamma(2, 30, 2 * N), 0)
    frame.to_csv(tmp_path / "leaky.csv", index=False)
    done = hpopt("init", "leaky.csv", "--target", "label")
    assert "possible leak: `refund`" in done.err
    text = (tmp_path / "leaky.yaml").read_text()
    assert "# possible leak: `refund`" in text
    assert "exclude: []  # names of columns that are not to be used: [refund]" in text
    assert load_config(tmp_path / "leaky.yaml").settings.dataset.features.exclude == []


@pytest.mark.parametrize(
    ("labels", "metric"),
    [(["yes"] * 30 + ["no"] * 90, "accuracy"), (["yes"] * 12 + ["no"] * 108, "average_precision"),
     (["a"] * 8 + ["b"] * 50 + ["c"] * 62, "auc")],
)  # fmt: skip
def test_where_a_class_is_rare_the_drafted_metric_sees_it(hpopt, tmp_path, labels, metric):
    FRAME.drop(columns="rank").assign(label=labels).to_csv(tmp_path / "rare.csv", index=False)
    done = hpopt("init", "rare.csv", "--target", "label")
    share = f'"{labels[0]}" {100 * labels.count(labels[0]) / N:.3g} %'
    assert share in done.err
    text = (tmp_path / "rare.yaml").read_text()
    shares = done.err.partition("classes: ")[2].splitlines()[0]
    assert f"  # classes: {shares}" in text
    assert load_config(tmp_path / "rare.yaml").settings.training.metric == metric
    assert ("class_weight" in text) == (metric != "accuracy")
    if metric != "accuracy":
        commonest = max(set(labels), key=labels.count)
        most = labels.count(commonest) / N
        assert re.search(f"Accuracy is {most:.3f} for whoever always says \\W?{commonest}\\b", text)


FEW = {
    **{f"{rare} of {rows}": ["yes"] * rare + ["no"] * (rows - rare)
       for rows, rare in [(300, 1), (300, 2), (300, 3), (40, 1), (12, 2), (8, 4), (5, 2)]},
    "three classes of 9": ["a"] * 7 + ["b", "c"],
    "a class a row": ["a", "b", "c", "d", "e", "f", "g"],
    "regression of 6": [1.5, 2.25, 3.5, 4.75, 7.5, 9.25],
}  # fmt: skip


@pytest.mark.parametrize("name", FEW)
def test_what_is_drafted_for_few_rows_runs_or_says_what_is_lacking(hpopt, tmp_path, name):
    labels = FEW[name]
    numbers = RNG.normal(size=(len(labels), 2))
    pd.DataFrame(numbers, columns=["u", "v"]).assign(y=labels).to_csv("few.csv", index=False)
    done = hpopt("init", "few.csv", "--target", "y")
    assert (done.code, "Traceback" in done.err) == (0, False), done.err
    material = read_material(load_config(tmp_path / "few.yaml"))
    assert all(len(rows) for _, rows in material.parts.items())
    counts = np.bincount(material.table.target.astype(int)) if material.table.labels else [9]
    if min(counts) >= 3:
        return
    assert f"{min(counts)} row" in done.err
    assert "more rows of it would help most" in " ".join(done.err.split())


HOSTILE = [
    "\x1b]0;owned\x07red",
    'a\nmodel: {builder: "evil.py:build"}',
    "tab\there\x85\u2028end",
    "# a comment",
    "{a: 1}",
    "'\"\\",
    "\u202eback",
]


def test_hostile_labels_names_and_categories_leave_a_config_that_loads(hpopt, tmp_path):
    """All of them stand in comments, where YAML allows no control character."""
    rows = 7 * 30
    frame = pd.DataFrame(
        {
            "length x\x1b[31m": RNG.normal(size=rows),
            "cat\nspace: {}": [HOSTILE[i % 3] for i in RNG.permutation(rows)],
            "y\x07": [HOSTILE[i % 7] for i in range(rows)],
            "rarely so\x9b": ["no\x1b" if i % 12 else "yes\x1b" for i in range(rows)],
        }
    )
    frame.to_csv("hostile.csv", index=False)
    for target in ("y\x07", "rarely so\x9b", "length x\x1b[31m"):
        done = hpopt("init", "hostile.csv", "--target", target, "--force")
        assert done.code == 0, done.err
        assert "\x1b" not in done.out + done.err
        text = (tmp_path / "hostile.yaml").read_text()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
        config = load_config(tmp_path / "hostile.yaml")
        assert config.binding.builder == "dense_dropout"
        assert read_material(config).table.labels or target == "length x\x1b[31m"


DAMAGED = {
    "no archive": lambda whole: b"\x00\xff" * 100,
    "empty": lambda whole: b"",
    "cut off": lambda whole: whole[: len(whole) // 2],
    "another byte": lambda whole: whole[:200] + bytes([whole[200] ^ 255]) + whole[201:],
    "beginning alone": lambda whole: whole[:4],
}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("ending", ["npz", "npy"])
def test_a_damaged_file_of_arrays_is_said_to_be_one(hpopt, tmp_path, name, ending):
    path = tmp_path / f"rows.{ending}"
    if ending == "npz":
        np.savez(path, x=np.ones((40, 3)), y=np.arange(40) % 2)
    else:
        np.save(path, np.full((40, 3), np.pi))
    path.write_bytes(DAMAGED[name](path.read_bytes()))
    done = hpopt("init", path.name)
    if ending == "npy" and name == "another byte":  # which no .npy file notices
        assert done.code == 2
        return
    assert done.code == 3, done.err
    assert "Traceback" not in done.err
    assert f"rows.{ending}" in done.err
    assert "np.save and np.savez write such files" in done.err
    assert "allow_pickle" not in done.err
    assert "CSV" not in done.err


def test_arrays_get_a_word_on_what_to_write(hpopt, tmp_path):
    np.savez(tmp_path / "rows.npz", x=np.ones((40, 3)), y=np.arange(40) % 2)
    done = hpopt("init", "rows.npz", "--target", "y")
    assert done.code == 2
    said = " ".join(done.err.split())
    assert "holds `x` [40, 3], `y` [40]" in said
    assert "dataset: {source: npz, path:" in said
