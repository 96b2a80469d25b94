"""New rows for the model of a run: what is fine, and what is told."""

import json
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import dirty_frame
from sklearn.metrics import confusion_matrix, roc_auc_score

import hpopt as package
from hpopt import tune
from hpopt.errors import DataError, RunError
from hpopt.predicting import Model, _beside, evaluate, predict
from hpopt.runs.events import Started
from hpopt.runs.folder import Run, now

pytestmark = pytest.mark.keras

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def array_run(tmp_path_factory) -> Run:
    config = {
        "dataset": {"source": "sklearn", "name": "diabetes"},
        "model": {"builder": "dense_dropout"},
        "training": {"epochs": 1},
        "space": {"num_dense_nodes": [4, 5]},
        "search": {"n_calls": 1},
        "execution": {"workers": 0},
        "output": {"plots": False, "confirm": 0},
    }
    return tune(config, output_dir=tmp_path_factory.mktemp("arrays"), progress=False)


@pytest.fixture(scope="module")
def model(table_run) -> Model:
    return Model(table_run)


def of(model: Model, frame: pd.DataFrame) -> pd.DataFrame:
    return model.predict(model.rows(frame))


def test_a_row_for_each_row_in_their_order_with_ids_in_front(table_run, model):
    frame = dirty_frame(30, seed=3).set_index(np.arange(30) * 2)
    said = predict(table_run, frame)
    assert list(said) == ["customer id", "prediction", "probability_no", "probability_yes"]
    assert list(said.index) == list(frame.index)
    assert list(said["customer id"]) == list(frame["customer id"])
    assert ((said["probability_yes"] > table_run.threshold) == (said["prediction"] == "yes")).all()
    np.testing.assert_allclose(said["probability_no"] + said["probability_yes"], 1, atol=1e-6)
    shuffled = frame.sample(frac=1, random_state=0)[sorted(frame)].assign(more=1)
    again = predict(table_run, shuffled.drop(columns="churn")).loc[frame.index]
    np.testing.assert_allclose(again["probability_yes"], said["probability_yes"], atol=1e-6)
    without_id = of(model, frame.drop(columns="customer id"))
    assert list(without_id) == ["prediction", "probability_no", "probability_yes"]


def test_a_file_in_another_manner_says_the_same(model, tmp_path):
    frame = dirty_frame(20, seed=4)
    frame.to_csv(tmp_path / "plain.csv", index=False)
    frame.to_csv(tmp_path / "there.csv.gz", index=False, sep=";", decimal=",", encoding="latin-1")
    plain = model.predict(model.rows(tmp_path / "plain.csv"))
    there = model.predict(model.rows(str(tmp_path / "there.csv.gz")))
    pd.testing.assert_frame_equal(plain, there)


def with_threshold(run: Run, folder: Path, threshold: float) -> Path:
    copy = shutil.copytree(run.path, folder / "copy")
    labels = json.loads((copy / "best" / "labels.json").read_text())
    (copy / "best" / "labels.json").write_text(json.dumps(labels | {"threshold": threshold}))
    return copy


def test_the_model_is_used_by_what_stands_beside_it_also_while_its_run_is_extended(
    table_run, tmp_path
):
    copy = with_threshold(table_run, tmp_path, 0.0)
    with closing(Run.reopen(copy)) as run:
        run.append(Started(2, {}, seed=1, time=now()))  # which undoes the closing steps
        for reader in (run, str(copy)):
            assert set(predict(reader, dirty_frame(9))["prediction"]) == {"yes"}
            assert evaluate(reader, dirty_frame(9)).confusion[:, 0].sum() == 0


@pytest.mark.parametrize("threshold", ["high", None, 7, [0.5]])
def test_labels_that_hpopt_did_not_write_are_refused(table_run, tmp_path, threshold):
    copy = with_threshold(table_run, tmp_path, threshold)
    with pytest.raises(RunError, match=r"labels.json can't be read"):
        predict(str(copy), dirty_frame(3))


@pytest.mark.parametrize("labels", [["yes", "no"], ["no", "yess"], ["yes"], "yes", None])
def test_labels_of_another_model_or_order_are_refused(table_run, tmp_path, labels):
    copy = shutil.copytree(table_run.path, tmp_path / "copy")
    path = copy / "best" / "labels.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"labels": labels}))
    with pytest.raises(RunError, match=r"labels.json can't be read"):
        predict(str(copy), dirty_frame(3))


@pytest.mark.parametrize("name", ["labels.json", "data.json"])
def test_without_what_stands_beside_the_model_nothing_is_said(table_run, tmp_path, name):
    copy = shutil.copytree(table_run.path, tmp_path / "copy")
    (copy / "best" / name).unlink()
    with pytest.raises(RunError, match=rf"best/{name} can't be read: FileNotFoundError"):
        Model(Run.open(copy))


def test_a_model_is_not_used_with_what_belongs_to_another(table_run, tmp_path, monkeypatch):
    copy = with_threshold(table_run, tmp_path, 0.5)

    def replaced_meanwhile(run, labels):
        text = (copy / "best" / "model.keras").read_bytes()
        run.write_folder("best", {"model.keras": lambda file: file.write(text)})
        return 0.5

    monkeypatch.setattr("hpopt.predicting.threshold_of_best", replaced_meanwhile)
    with pytest.raises(RunError, match="written anew while it was read"):
        predict(str(copy), dirty_frame(3))
    assert not list(copy.glob(".*"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: f.drop(columns=["age", "city"]), "no columns `age`, `city`"),
        (lambda f: f.rename(columns={"plan": "plans"}), "no column `plan`"),
        (
            lambda f: f.assign(age="old"),
            'column `age` .* as numbers: the first value is "old" in row 1',
        ),
        (lambda f: f.assign(signup="x"), "column `signup` .* as dates"),
        (lambda f: f.head(0), "no rows"),
    ],
)
def test_rows_that_do_not_fit_are_told(model, change, told):
    with pytest.raises(DataError, match=told):
        model.rows(change(dirty_frame(5)))


def test_a_few_misread_values_are_gaps_with_a_word(model):
    frame = dirty_frame(5).astype({"age": object})
    frame.loc[3, "age"] = "forty"
    rows = model.rows(frame)
    [note] = rows.notes
    assert note == 'column `age`: 1 value is taken for a gap, not being numbers: "forty" in row 4'
    assert np.isnan(rows.rows["age"][3])


def test_python_warns_of_what_does_not_fit(table_run):
    frame = dirty_frame(5).astype({"age": object})
    frame.loc[3, "age"] = "forty"
    with pytest.warns(UserWarning, match='column `age`: 1 value is .* "forty" in row 4') as warned:
        predict(table_run, frame)
    assert warned[0].filename == __file__


@pytest.mark.parametrize(
    ("ids", "called"),
    [
        (["id"], ["id"]),
        (["id", "prediction"], ["id", "prediction_"]),
        (["prediction", "prediction_"], ["prediction__", "prediction_"]),
        (["probability_yes", "prediction"], ["probability_yes_", "prediction_"]),
    ],
)
def test_no_id_takes_the_place_of_what_is_said(ids, called):
    values = {name: np.array([index]) for index, name in enumerate(ids)}
    beside, notes = _beside(values, ["prediction", "probability_no", "probability_yes"])
    assert list(beside) == called
    assert [int(each[0]) for each in beside.values()] == list(range(len(ids)))
    renamed = [(a, b) for a, b in zip(ids, called, strict=True) if a != b]
    assert len(notes) == len(renamed)
    assert all(
        f"`{a}` is called `{b}`" in note for (a, b), note in zip(renamed, notes, strict=True)
    )


def test_scores_are_those_of_scikit_learn(table_run):
    frame = dirty_frame(60, seed=6)
    found = evaluate(table_run, frame)
    said = predict(table_run, frame)
    assert found.rows == 60
    assert found.scores["auc"] == pytest.approx(
        roc_auc_score(frame["churn"] == "yes", said["probability_yes"])
    )
    expected = confusion_matrix(frame["churn"], said["prediction"], labels=["no", "yes"])
    np.testing.assert_array_equal(found.confusion, expected)
    low, high = found.intervals["accuracy"]
    assert low < found.scores["accuracy"] < high


def test_rows_that_belong_together_make_intervals_of_groups(table_run):
    frame = dirty_frame(60, seed=6)
    model = Model(table_run)
    frame["customer id"] = np.repeat([f"C{n}" for n in range(6)], 10)
    alone = model.evaluate(model.rows(frame, with_target=True))
    columns = [
        {**c, "use": "groups"} if c["name"] == "customer id" else c for c in model.data.columns
    ]
    model.data = replace(model.data, columns=tuple(columns))
    together = model.evaluate(model.rows(frame, with_target=True))
    assert together.scores == pytest.approx(alone.scores)
    assert together.intervals["log_loss"] != alone.intervals["log_loss"]


def test_rows_without_a_target_are_left_out_and_unknown_labels_told(table_run):
    frame = dirty_frame(30)
    frame.loc[:4, "churn"] = None
    found = evaluate(table_run, frame)
    assert (found.rows, found.notes) == (25, ("5 rows without `churn` are left out",))
    frame.loc[7, "churn"] = "perhaps"
    with pytest.raises(DataError, match=r'not know: "perhaps" \(first in row 8\)'):
        evaluate(table_run, frame)
    with pytest.raises(DataError, match="has no column `churn`"):
        evaluate(table_run, frame.drop(columns="churn"))
    with pytest.raises(DataError, match="holds no values"):
        evaluate(table_run, frame.assign(churn=None))


def test_a_model_of_arrays_takes_arrays_and_tables_of_its_names(array_run, tmp_path):
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True, as_frame=True)
    said = predict(array_run, x.to_numpy())
    assert list(said) == ["prediction"]
    assert said["prediction"].between(y.min() - 500, y.max() + 500).all()
    np.save(tmp_path / "x.npy", x.to_numpy())
    np.savez(tmp_path / "both.npz", x=x.to_numpy(), y=y.to_numpy())
    x[sorted(x)].assign(target=y).to_csv(tmp_path / "both.csv", index=False)
    for name in ("x.npy", "both.npz", "both.csv"):
        again = predict(array_run, tmp_path / name)
        np.testing.assert_allclose(again["prediction"], said["prediction"], rtol=1e-5)
    scores = [evaluate(array_run, tmp_path / name).scores for name in ("both.npz", "both.csv")]
    assert scores[0]["rmse"] == pytest.approx(scores[1]["rmse"], rel=1e-5)
    assert evaluate(array_run, tmp_path / "both.csv").confusion is None

    with pytest.raises(DataError, match="holds no target"):
        evaluate(array_run, tmp_path / "x.npy")
    with pytest.raises(DataError, match=r"float64 \[442, 3\], where the model takes numbers"):
        predict(array_run, x.to_numpy()[:, :3])
    x.loc[2, "bmi"] = np.nan
    with pytest.raises(DataError, match=r"row 3, column 3 .`bmi`."):
        predict(array_run, x.to_numpy())
    with pytest.raises(DataError, match="column `bmi` of the DataFrame has no number in row 3"):
        predict(array_run, x)


def test_what_holds_the_truth_is_said_on_request(table_run, array_run):
    frame = dirty_frame(30, seed=3)
    plain, said = predict(table_run, frame), predict(table_run, frame, intervals=True)
    assert list(said) == [*plain, "possible_no", "possible_yes"]
    pd.testing.assert_frame_equal(said[list(plain)], plain)
    likely = np.where(said["probability_yes"] > 0.5, said["possible_yes"], said["possible_no"])
    assert likely.all()
    rows = RNG.normal(size=(5, 10))
    values = predict(array_run, rows, intervals=True)
    assert list(values) == ["prediction", "low", "high"]
    assert ((values["low"] < values["prediction"]) & (values["prediction"] < values["high"])).all()
    held = array_run.outcomes.test.held
    assert held.margin == pytest.approx((values["high"] - values["low"])[0] / 2)
    assert held.interval.holds(held.share)
    assert (
        "`predict --intervals` gives intervals of 90%"
        in (array_run.path / "summary.md").read_text()
    )


def test_a_run_that_has_not_kept_what_intervals_take_says_so(table_run, tmp_path):
    copied = shutil.copytree(table_run.path, tmp_path / "run")
    (copied / "best" / "intervals.json").unlink()
    assert list(predict(Run.open(copied), dirty_frame(3)))[-1] == "probability_yes"
    with pytest.raises(RunError, match="has no intervals"):
        predict(Run.open(copied), dirty_frame(3), intervals=True)
    (copied / "best" / "intervals.json").write_text('{"level": 0.9, "margins": "wide"}')
    with pytest.raises(RunError, match=r"intervals\.json can't be read"):
        predict(Run.open(copied), dirty_frame(3), intervals=True)


def test_a_run_without_a_model_is_told(table_run, tmp_path):
    moved = shutil.copytree(table_run.path, tmp_path / "moved")
    (moved / "best" / "model.keras").unlink()
    with pytest.raises(RunError, match="is gone: there is no best"):
        package.predict(str(moved), dirty_frame(3))


def test_the_commands_print_what_python_gives(hpopt, table_run, tmp_path):
    frame = dirty_frame(12, seed=8)
    frame.to_csv(tmp_path / "new.csv", index=False)
    expected = predict(table_run, frame)
    done = hpopt("predict", table_run.path, "new.csv")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "customer id,prediction,probability_no,probability_yes"
    assert [line.split(",")[1] for line in lines[1:]] == list(expected["prediction"])
    done = hpopt("predict", table_run.path, "new.csv", "-o", "out.csv")
    assert done.out == ""
    assert "12 rows predicted: out.csv" in done.err
    assert (tmp_path / "out.csv").read_text().splitlines() == lines
    records = hpopt("predict", table_run.path, "new.csv", "--json").records
    assert [record["prediction"] for record in records] == list(expected["prediction"])

    done = hpopt("evaluate", table_run.path, "new.csv")
    assert done.code == 0, done.err
    assert done.out.startswith("12 rows of new.csv, by ")
    assert "balanced_accuracy" in done.out
    assert "what was taken for what" in done.out
    [record] = hpopt("evaluate", table_run.path, "new.csv", "--json").records
    assert (record["rows"], record["labels"]) == (12, ["no", "yes"])
    assert sum(map(sum, record["confusion"])) == 12

    done = hpopt("evaluate", table_run.path, "none.csv")
    assert (done.code, done.out) == (3, "")
    assert "there is no file none.csv" in done.err


@pytest.mark.parametrize(
    ("said", "threshold", "is_said"),
    [(["no"] * 30, None, True), (["no"] * 29 + ["yes"], None, False), (["no"] * 3, None, False),
     (["no"] * 30, 0.3, False)],
)  # fmt: skip
def test_one_label_for_all_rows_is_said_where_no_threshold_was_chosen(
    table_run, said, threshold, is_said
):
    model = Model(table_run)
    outcomes = SimpleNamespace(threshold=threshold)
    model.run = SimpleNamespace(outcomes=outcomes, metric="average_precision")
    word = model.word_on(pd.DataFrame({"prediction": said}))
    assert (word is not None) == is_said
    if word is not None:
        assert word.startswith('all rows are said to be "no": average_precision chooses no')
        assert "Rank rows by `probability_yes`" in word
