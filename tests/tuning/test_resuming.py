"""What has to hold before a run goes on, asked of run folders in which nothing was fitted."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hpopt.config.loading import check_document
from hpopt.config.parsing import parse_document
from hpopt.errors import ConfigError, DataError, RunError
from hpopt.own_code import code_prints
from hpopt.runs.events import Finished, Header, Resumed, Started
from hpopt.runs.folder import Run
from hpopt.training.settings import Training
from hpopt.trusted import remember_code
from hpopt.tuning.resuming import check_comparable, continuation_of
from hpopt.tuning.warm_start import warm_start_from

CONFIG = (
    "dataset: {source: csv, path: table.csv, target: label}\n"
    "model: {builder: 'nets.py:build'}\n"
    "space: {units: {type: integer, low: 2, high: 30}}\n"
)
NETS = "def build(input_shape, output, *, units=3): ...\n"

SAME = {
    "fingerprints": {"data": "0a", "split": "1b"},
    "constants": {"training": Training().model_dump()},
    "space": [],
}


@pytest.fixture
def home(tmp_path) -> Path:
    """Where the config and the builder of a run are."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "nets.py").write_text(NETS)
    (home / "table.csv").write_text("a,label\n1,0\n")
    return home


def left(home, config=CONFIG, **header) -> Run:
    """A run folder as an earlier process left it."""
    prints = code_prints({"builder": home / "nets.py"})
    given = {"config": "mine.yaml", "folder": str(home), "overrides": [], "code": prints}
    fields = SAME | given | header
    remember_code({"builder": f"{home / 'nets.py'}:build"})
    run = Run.create(home.parent / "runs", "mine", Header("0", "accuracy", True, **fields))
    with closing(run):
        run.write_text("config.yaml", config)
        run.write_text("builder/nets.py", NETS)
    return Run.open(run.path)


def test_what_was_laid_over_the_config_stays_and_the_last_word_wins(home):
    run = left(home, overrides=["training.epochs=7", "search.n_calls=8"])
    with closing(Run.reopen(run.path)) as writer:
        writer.append(Resumed(["search.n_calls=9", "search.seed=1"], 9, "", "0"))
    again = continuation_of(Run.open(run.path), ["search.seed=2"])
    settings = again.config.settings
    assert again.config.binding.training.epochs == 7
    assert (settings.search.n_calls, settings.search.seed) == (9, 2)
    assert again.changes == ("search.seed=2",)  # the others are in the journal already


def test_paths_go_from_where_the_config_was(home):
    again = continuation_of(left(home), [])
    assert Path(again.config.dataset.path) == home / "table.csv"
    assert again.config.binding.builder == f"{home / 'nets.py'}:build"
    assert again.code == code_prints({"builder": home / "nets.py"})


def test_the_copy_of_a_builder_stands_in_for_a_file_that_is_gone(home):
    run = left(home)
    (home / "nets.py").unlink()
    again = continuation_of(run, [])
    assert again.config.binding.builder == f"{run.path / 'builder' / 'nets.py'}:build"
    assert again.code == run.code


def test_a_builder_that_is_gone_altogether_is_named(home):
    run = left(home)
    (home / "nets.py").unlink()
    (run.path / "builder" / "nets.py").unlink()
    with pytest.raises(ConfigError, match=r"there is no file .*nets.py"):
        continuation_of(run, [], trust_code=True)


def test_code_that_has_changed_is_not_run_until_it_is_trusted(home):
    run = left(home)
    (home / "nets.py").write_text(f"{NETS}raise SystemExit('it was run')\n")
    with pytest.raises(ConfigError) as caught:
        continuation_of(run, [])
    assert "has changed since the run's trials ran it" in str(caught.value)
    assert "mine.yaml:2" in caught.value.render()
    (home / "nets.py").write_text(f"{NETS}# a comment\n")
    trusted = continuation_of(run, [], trust_code=True)
    assert trusted.code == code_prints({"builder": home / "nets.py"}) != run.code


def test_a_run_from_before_overrides_were_recorded_goes_on_from_what_was_in_force(home):
    run = left(home, overrides=None, code={})
    (run.path / "config.resolved.yaml").write_text(f"{CONFIG}training: {{epochs: 3}}\n")
    assert continuation_of(run, []).config.binding.training.epochs == 3


def test_a_folder_without_the_config_can_only_be_begun_anew(home):
    run = left(home)
    (run.path / "config.yaml").unlink()
    with pytest.raises(RunError, match=r"ended before it had begun: .* has no config.yaml"):
        continuation_of(run, [])


def test_data_that_have_moved_are_read_where_they_are_now(home):
    moved = home / "a: folder" / "moved.csv"
    again = continuation_of(left(home), [], data=str(moved))
    assert Path(again.config.dataset.path) == moved
    assert len(again.changes) == 1  # which a later resumption finds in the journal


def test_data_that_are_in_no_file_have_not_moved(home):
    config = CONFIG.replace(
        "{source: csv, path: table.csv, target: label}", "{source: sklearn, name: iris}"
    )
    with pytest.raises(ConfigError, match="their source is `sklearn`"):
        continuation_of(left(home, config), [], data="elsewhere.csv")


def with_overrides(home, *overrides):
    return check_document(parse_document(home / "mine.yaml", CONFIG.encode(), overrides))


def test_trials_that_could_not_be_compared_are_refused_with_all_reasons(home):
    run = left(home)
    training = Training(epochs=5).model_dump()
    header = replace(run.header, metric="log_loss", constants={"training": training})
    with pytest.raises(ConfigError) as caught:
        check_comparable(run, with_overrides(home, "training.epochs=5"), header)
    words = caught.value.render()
    assert "the metric was accuracy, and is log_loss now" in words
    assert "`epochs` was 50, and is 5 now" in words
    assert "batch_size" not in words
    assert "begin a new run: hpopt tune" in words  # of a run without a trial


@pytest.mark.parametrize(("units", "is_warm"), [(20, True), (31, False)])
def test_a_warm_start_is_advised_where_it_would_not_be_refused(home, units, is_warm):
    """What was constant and is searched now has joined only if it lies within."""
    constants = {**SAME["constants"], "arguments": {"units": units}}
    run = left(home, constants=constants)
    with closing(Run.reopen(run.path)) as writer:
        writer.append(Started(1, {}, 0, ""))
        writer.append(Finished(1, -0.5, {"accuracy": 0.5}, [0.5], {}, 1, 0.1))
    run = Run.open(run.path)
    config = with_overrides(home)
    header = replace(run.header, space=config.binding.space.to_json(), constants=SAME["constants"])
    with pytest.raises(ConfigError, match="was constant, and is searched now") as caught:
        check_comparable(run, config, header)
    advice = caught.value.problems[-1].help
    assert ("--warm-start" in advice) == is_warm
    if is_warm:
        assert warm_start_from(run, header, config.binding.space).informs
    else:
        with pytest.raises(ConfigError, match="no trial in the search space"):
            warm_start_from(run, header, config.binding.space)


@pytest.mark.parametrize(
    ("part", "words"), [("data", "other data"), ("split", "another split of the data")]
)
def test_other_rows_are_the_fault_of_the_data_unless_a_change_asked_for_them(home, part, words):
    run = left(home)
    header = replace(run.header, fingerprints={**run.header.fingerprints, part: "2c"})
    with pytest.raises(DataError, match=f"were made with {words}"):
        check_comparable(run, with_overrides(home), header)
    with pytest.raises(ConfigError, match=f"were made with {words}"):
        check_comparable(run, with_overrides(home, "dataset.split.seed=9"), header)
    asked_before = left(home, overrides=["dataset.split.seed=9"])
    with pytest.raises(DataError):
        check_comparable(asked_before, with_overrides(home, "dataset.split.seed=9"), header)


def test_the_same_trials_may_go_on(home):
    run = left(home)
    check_comparable(run, with_overrides(home), replace(run.header, n_calls=50))
