"""What is said of a config that is wrong: the words, the line and column, what would be right."""

import random

import pytest
from conftest import ROOT

from hpopt.config.loading import load_config
from hpopt.errors import ConfigError, HpoptError

BASE = (ROOT / "configs" / "breast_cancer.yaml").read_text()


def rendered(tmp_path, text, overrides=()) -> str:
    """The error of loading `text`, as the terminal shows it, with a short path."""
    path = tmp_path / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        check(path, overrides)
    assert caught.value.exit_code == 2
    return caught.value.render().replace(f"{tmp_path}/", "")


def check(path, overrides) -> None:
    config = load_config(path, overrides)
    config.metric("binary", ("no", "yes"))
    config.loss("binary")
    config.check_class_weight("binary", ("malignant", "benign"))
    assert config.run_name


def line_of(text, needle) -> int:
    return next(n for n, line in enumerate(text.splitlines(), start=1) if needle in line)


SHOWN = "learning_rate:   {type: real, low: 1e-3, high: 1e-1, priorr: log-uniform, default: 1e-3}"

# What stands in the base, what is put there instead, the column that is blamed, words of the error.
EDITS = [
    # steps and beliefs
    (
        "prior: log-uniform",
        "belief: {arround: 1e-3, within: 3}",
        65,
        "did you mean `around`?",
    ),
    ("prior: log-uniform", "belief: {around: 3, within: 3}", 64, "outside the bounds"),
    ("prior: log-uniform", "step: 0.07", 50, "do not reach `high` (0.1)"),
    # unknown keys, at every level
    (
        "prior: log-uniform",
        "priorr: log-uniform",
        56,
        "unknown key `priorr` in space.learning_rate",
    ),
    ("prior: log-uniform", "priorr: log-uniform", 56, "did you mean `prior`?"),
    ("\nsearch:", "\nserach:", 1, "unknown key `serach` at the top level"),
    ("n_calls: 100", "ncalls: 25", 3, "did you mean `n_calls`?"),
    ("train: 0.6,", "trian: 0.6,", 11, "did you mean `train`?"),
    ("epochs: 50", "epocs: 50", 3, "did you mean `epochs`?"),
    ("workers: auto", "wokers: auto", 3, "did you mean `workers`?"),
    # values of the wrong kind
    ("n_calls: 100", "n_calls: many", 12, 'must be a whole number, not the text "many"'),
    ("n_calls: 100", "n_calls: 25.0", 12, "write 25"),
    ("n_calls: 100", "n_calls: '25'", 12, "take the quotes away"),
    ("n_calls: 100", "n_calls: 1_000", 12, "write 1000"),
    ("n_calls: 100", "n_calls: 0", 12, "must be a number at least 1"),
    ("n_calls: 100", "n_calls: true", 12, "must be a whole number, not `true`"),
    ("n_calls: 100", "n_calls: [25]", 12, "must be a whole number, not a list"),
    ("n_calls: 100", "n_calls: 123456789012345", 12, "at most 1000000"),
    ("  seed: 0", "  seed: 4294967296", 9, "below 4294967296"),
    ("epochs: 50", "epochs: -1", 11, "at least 1"),
    ("epochs: 50", "epochs:", 10, "must be a whole number, not `null`"),
    ("stratify: auto", "stratify: yes", 72, "write `true`"),
    ("engine: gp", "engine: skpot", 11, "did you mean `skopt`?"),
    ("acquisition: EI", "acquisition: ei", 16, "did you mean `EI`?"),
    ("name: breast_cancer", "name: breast", 9, "did you mean `breast_cancer`?"),
    ("source: sklearn", "source: sklaern", 11, "did you mean `sklearn`?"),
    ("metric: accuracy", "metric: acc", 11, "did you mean `accuracy`?"),
    ("loss: auto ", "loss: bce ", 9, "unknown value `bce` for training.loss"),
    ("workers: auto", "workers: -1", 12, "`auto` or a number at least 0, not -1"),
    ("workers: auto", "memory_limit: 4", 17, "write a size such as `4 GB`"),
    ("train: 0.6,", "train: 0.7,", 3, "(0.7 + 0.24 + 0.16) is 1.1, not 1"),
    ("train: 0.6,", "train: 0,", 18, "above 0"),
    # the shape of the file
    ("\nsearch:\n", "\nsearch: [1]\nx:\n", 9, "search must be a mapping (key: value), not a list"),
    ("{train: 0.6,", "[{train: 0.6,", None, "never closed"),
    # dimensions
    (
        "low: 1e-3, high: 1e-1",
        "low: 1e-1, high: 1e-3",
        38,
        "`low` (0.1) is not below `high` (0.001)",
    ),
    ("low: 1e-3, high: 1e-1", "low: 0.1, high: 0.1", 38, "write the single value"),
    ("low: 1e-3, high", "low: 0, high", 38, "a log-uniform prior needs `low` above 0"),
    ("low: 1e-3, high", "low: .nan, high", 38, "a finite number"),
    ("low: 1e-3, high", "low: x, high", 38, "must be a number"),
    ("low: 1e-3, high", "low: 0,001, high", None, "decimals are written with a point"),
    ("default: 1e-3", "default: 0.5", 85, "the default 0.5 is outside its bounds"),
    ("default: adam", "default: adm", 74, "the default `adm` is not among the categories"),
    ("[adam, sgd]", "[adam, sdg]", 59, "did you mean `sgd`?"),
    ("[adam, sgd]", "[adam, adam]", 52, "`adam` is listed twice"),
    ("[adam, sgd]", "[]", 40, "is empty"),
    (
        "[adam, sgd]",
        "[adam, [sgd]]",
        59,
        "space.optimizer.categories[1] must be a text, not a list",
    ),
    ("[adam, sgd]", "[adam, adam]", 52, "the category `adam` is listed twice"),
    ("type: integer, low: 1, high: 5", "type: int, low: 1, high: 5", 27, "unknown type"),
    ("type: integer, low: 1, high: 5", "low: 1, high: 5", 3, "does not say its `type`"),
    ("type: integer, low: 1, high: 5", "type: real, low: 1, high: 5", 27, "use `type: integer`"),
    ("low: 1, high: 5", "low: 0, high: 5", 41, "at least 1"),
    ("low: 1, high: 5", "low: 1", None, "has no `high`"),
    ("low: 5, high: 50", f"low: 5, high: {2**50}", 50, "`high` is too large"),
    ("low: 5, high: 50", f"low: 5, high: {'9' * 400}", 50, "a number that is too large"),
    ("low: 0.5, high: 0.99", "low: 0.5, high: 1.0", 49, "must be a number below 1"),
    ("[relu, sigmoid, softmax]", "[relu, sigmod]", 27, "did you mean `sigmoid`?"),
    # names
    ("num_layers: ", "num_layer: ", 3, "did you mean `num_layers`?"),
    ("builder: dense_dropout", "builder: dense_dropuot", 12, "did you mean `dense_dropout`?"),
    ("builder: dense_dropout", "builder: nets.py", 12, 'name its function too: "nets.py:build"'),
    ("builder: dense_dropout", 'builder: "nets.py:build"', 12, "there is no builder file"),
    ("builder: dense_dropout", 'builder: "builtins:int"', 12, "signature"),
    ("dense_dropout\n", "dense_dropout\n  units: 3\n", None, "takes no `units`"),
    ("dense_dropout\n", "dense_dropout\n  epochs: 3\n", None, "is a setting of `training`"),
    ("dense_dropout\n", "dense_dropout\n  num_layers: 3\n", None, "both a constant in `model`"),
    ("epochs: 50\n", "epochs: 50\n  optimizer: adam\n", None, "both a constant in `training`"),
    ("space:\n", "space:\n  metric: [accuracy, auc]\n", 3, "`metric` can't be searched"),
    # conditions
    (
        "default: 20}",
        "default: 20, when: {nothing: 3}}",
        None,
        "hangs on `nothing`, which there is not",
    ),
    ("default: 20}", "default: 20, when: {num_dense_nodes: 3}}", None, "hangs on itself"),
    ("default: 20}", 'default: 20, when: {num_layers: ">= 9"}}', None, "can never hold"),
    ("default: 20}", "default: 20, when: {num_layers: [2, 9]}}", None, "can never hold"),
    ("default: 20}", 'default: 20, when: {num_layers: ">= x"}}', None, "no number"),
    ("default: 20}", "default: 20, when: {num_layers: {a: 1}}}", None, "can't be read"),
    ("default: 20}", "default: 20, when: {num_layers: >= 3}}", None, 'put it in quotes: ">= 3"'),
    # YAML itself
    ("  engine: gp", "\tengine: gp", None, "indent with spaces"),
    ("engine: gp", "engine: 'gp", 11, "a quote that is never closed"),
    ("engine: gp", "engine gp", None, "colon"),
    ("engine: gp", "engine: gp\n  engine: random", 3, "the key `engine` stands twice"),
    ("engine: gp", "engine: !!python/name:os.system gp", 11, "the tag"),
    ("engine: gp", "engine: &a [*a]", None, "an alias that contains itself"),
    ("engine: gp", "engine: *nowhere", 11, "put the value in quotes"),
    ("engine: gp", "1: gp", 3, "a key must be a name"),
    ("engine: gp", "<<: {engine: gp}", 3, "merge keys"),
    ("engine: gp", "engine: g\x07p", 12, "U+0007"),
    ("\nexecution:", "\n---\nexecution:", None, "take the `---` away"),
]


@pytest.mark.parametrize(("old", "new", "column", "words"), EDITS)
def test_an_error_says_what_where_and_what_would_be_right(tmp_path, old, new, column, words):
    assert BASE.count(old) >= 1
    text = BASE.replace(old, new, 1)
    said = rendered(tmp_path, text)
    assert words in said
    assert "c.yaml:" in said
    if column is not None:
        added = new.strip("\n").splitlines()
        line = line_of(text, added[1] if "stands twice" in words else added[0])
        line += "metric:" in new and "can't be searched" in words
        assert f"--> c.yaml:{line}:{column}" in said


def test_the_line_itself_is_shown(tmp_path):
    said = rendered(tmp_path, BASE.replace("prior: log", "priorr: log"))
    assert said.splitlines() == [
        "error[config]: unknown key `priorr` in space.learning_rate",
        "  --> c.yaml:21:56",
        f"   |   {SHOWN}",
        "   = help: did you mean `prior`? "
        "(one of `when`, `belief`, `type`, `low`, `high`, `step`, `prior`, `default`)",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("# a comment\n", "the file is empty"),
        ("- a\n- b\n", "the file must hold a mapping"),
        ("dense_dropout", "the file must hold a mapping"),
        ("dataset: {source: sklearn, name: iris}", "the section `model` is missing"),
        (b"dataset: \xff", "not UTF-8"),
        ("a: " + "[" * 100 + "]" * 100, "too deep"),
        ("a: " + "[" * 10000, "too deep"),
        ("a: [" + "1," * 60_000 + "]", "more than any config needs"),
        ("a: x\n" + "# words\n" * 300_000, "larger than any config"),
        (
            "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(
                f"{x}: &{x} [{','.join(['*' + y] * 10)}]\n"
                for y, x in zip("abcdefgh", "bcdefghi", strict=True)
            ),
            "unfolds to more",
        ),
    ],
)
def test_a_file_that_is_no_config_at_all(tmp_path, text, words):
    assert words in rendered(tmp_path, text)


def test_a_missing_file_is_looked_for_nearby(tmp_path):
    (tmp_path / "wine.yaml").write_text(BASE)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "wien.yaml")
    assert "wine.yaml" in caught.value.render()


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(tmp_path)


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_lines(tmp_path):
    text = BASE.replace("epochs: 50", "epochs: x").replace("seed: 0", "seed: y")
    said = rendered(tmp_path, text)
    assert said.count("error[config]") == 2
    assert said.index("training.epochs") < said.index("search.seed")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("search.n_calls", "has the form key.path=value"),
        ("=3", "has the form key.path=value"),
        ("search..n_calls=3", "has the form key.path=value"),
        ("serach.n_calls=3", "did you mean `search`?"),
        ("search.n_calls.x=3", "`search.n_calls` is no mapping"),
        ("search.n_calls=x", "--> --set search.n_calls=x"),
        ("search.n_calls=[", "never closed"),
        ("search={n_calls: 3, n_calls: 4}", "stands twice"),
        ('output.name="a/b"', "can't be named"),
        ("output.name=..", "can't be named"),
        ("training.metric=rmse", "does not fit a binary task"),
        ("training.loss=huber", "the loss `huber` does not fit a binary task"),
        ("training.class_weight={malign: 2}", 'there is no class "malign"'),
        ("space.class_weight={malign: {type: real, low: 1, high: 9}}", "did you mean `malignant`?"),
        ("space={num_layers: 3}", "there is nothing to search"),
        ("space={}", "space is empty"),
    ],
)
def test_an_override_that_is_wrong_is_named(tmp_path, override, words):
    said = rendered(tmp_path, BASE, [override])
    assert words in said
    assert f"--> --set {override}" in said


@pytest.mark.parametrize(
    "override",
    ["output=", "space.num_layers=3", "space.batch_size=[16, 32]", "dataset.split="],
)
def test_what_people_may_write_is_taken(tmp_path, override):
    path = tmp_path / "c.yaml"
    path.write_text(BASE.replace("  batch_size: 256\n", ""))
    load_config(path, [override])


def test_a_condition_on_a_constant_is_decided_at_once_and_said(tmp_path):
    path = tmp_path / "c.yaml"
    momentum = "space:\n  momentum: {type: real, low: 0, high: 0.9, when: {optimizer: sgd}}\n"
    path.write_text(BASE.replace("space:\n", momentum))
    without = load_config(path, ["space.optimizer=adam"]).binding
    assert "momentum" not in without.space.names
    assert "`momentum` is left out of the search" in without.notes[0]
    kept = {d.name: d for d in load_config(path, ["space.optimizer=sgd"]).binding.space}
    assert kept["momentum"].when == ()


def test_a_dimension_drops_out_with_its_parent(tmp_path):
    path = tmp_path / "c.yaml"
    chain = (
        "space:\n  momentum: {type: real, low: 0, high: 0.9, when: {epochs: 51}}\n"
        '  decay_steps: {type: integer, low: 1, high: 9, when: {momentum: "> 0.1"}}\n'
    )
    path.write_text(BASE.replace("space:\n", chain))
    assert not {"momentum", "decay_steps"} & set(load_config(path).binding.space.names)


@pytest.mark.parametrize("seed", range(500))
def test_no_damage_to_a_config_is_a_traceback(tmp_path, seed):
    rng = random.Random(seed)
    text = list(BASE)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(text))
        match rng.randrange(4):
            case 0:
                del text[place]
            case 1:
                text[place] = rng.choice("\t\n :{}[],'\"&*!|>%@`#-0129.eabc\x00é")
            case 2:
                text.insert(place, rng.choice(":{}[],'\"\n-"))
            case 3:
                other = rng.randrange(len(text))
                text[place], text[other] = text[other], text[place]
    path = tmp_path / "c.yaml"
    path.write_text("".join(text))
    problems = []
    try:
        load_config(path)
    except HpoptError as error:
        problems = error.problems
    assert all(problem.location for problem in problems)


def test_a_misspelt_parent_of_a_condition_is_guessed(tmp_path):
    momentum = "space:\n  momentum: {type: real, low: 0, high: 0.9, when: {optimiser: sgd}}\n"
    assert "did you mean `optimizer`?" in rendered(tmp_path, BASE.replace("space:\n", momentum))


def test_a_dimension_without_a_default_takes_the_builders_or_the_trainings(tmp_path):
    path = tmp_path / "c.yaml"
    text = BASE.replace(", default: 20}", "}").replace(", default: 1e-3}", "}")
    path.write_text(text.replace("low: 1, high: 5, default: 1", "low: 3, high: 5"))
    defaults = load_config(path).binding.space.defaults
    assert defaults["num_dense_nodes"] == 20
    assert defaults["learning_rate"] == 0.001
    assert defaults["num_layers"] == 4  # the builder's 1 is out of bounds: the middle


TABLE = (
    "dataset:\n  source: csv\n  path: t.csv\n  target: y\n  split: {groups: g}\n"
    "model: {builder: dense_dropout}\nspace: {num_layers: [1, 2]}\n"
)


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("  path: t.csv\n", "", ":1:1", "dataset has no `path`"),
        ("target: y", "targt: y", ":4:3", "did you mean `target`?"),
        ("source: csv", "source: cvs", ":2:11", "did you mean `csv`?"),
        ("  source: csv\n", "", ":1:1", "dataset has no `source`"),
        ("source: csv", "source: 3", ":2:11", "must be a text, not 3"),
        ("source: csv", "source: parquet\n  name: x", ":3:3", "unknown key `name`"),
        ("source: csv", "source: sklearn", ":3:3", "unknown key `path` in dataset"),
        ("{groups: g}", "{group: g}", ":5:11", "did you mean `groups`?"),
        ("{groups: g}", "{groups: g, order: h}", ":5:3", "not by both"),
        ("target: y", "target: y\n  task: binry", ":5:9", "did you mean `binary`?"),
        ("target: y", "target: y\n  features: {types: {a: num}}", ":5:25", "`numeric`?"),
        ("target: y", "target: y\n  features: {exclude: a}", ":5:23", "must be a list"),
    ],
)
def test_the_keys_of_a_dataset_are_those_of_its_source(tmp_path, old, new, place, words):
    assert TABLE.count(old) == 1
    said = rendered(tmp_path, TABLE.replace(old, new))
    assert words in said
    assert f"c.yaml{place}" in said


@pytest.mark.parametrize(
    ("override", "blamed"),
    [
        ("training.class_weight={'malignant': -1}", "class_weight.malignant must be"),
        ("training.early_stopping={patience: -1}", "early_stopping.patience must be"),
    ],
)
def test_what_is_wrong_within_a_mapping_is_one_problem(tmp_path, override, blamed):
    text = rendered(tmp_path, BASE, [override])
    assert blamed in text
    assert text.count("error[") == 1


@pytest.mark.parametrize(
    "override", ["training.label_smoothing=0.1", "space.label_smoothing=[0, 0.1]"]
)
def test_smoothed_labels_of_a_regression_are_an_error(override):
    config = load_config(ROOT / "configs" / "diabetes.yaml", [override])
    with pytest.raises(ConfigError, match="`label_smoothing` does not fit a regression task"):
        config.check_label_smoothing("regression")
    config.check_label_smoothing("binary")


@pytest.mark.parametrize(
    ("space", "meant"),
    [
        (
            "{dropout_prob: (0.0, 1.0)}",
            "{type: real, low: 0.0, high: 1.0}`, values are `[0.0, 1.0]",
        ),
        ("\n  dropout_prob: (0.0, 1.0)", "{type: real, low: 0.0, high: 1.0}`"),
        ("\n  num_layers: (1, 5)", "{type: integer, low: 1, high: 5}`, values are `[1, 5]"),
        ("{training: {learning_rate: (1e-4, 1e-1)}}", "{type: real, low: 1e-4, high: 1e-1}`"),
        ("\n  learning_rate: (1e-4, 1e-1, log-uniform)", "{type: real, low: 1e-4, high: 1e-1}`"),
    ],
)
def test_a_tuple_of_python_is_told_what_to_write(tmp_path, space, meant):
    text = (
        "dataset: {source: sklearn, name: iris}\nmodel: {builder: dense_dropout}\n"
        f"training: {{epochs: 1}}\nspace: {space}\nsearch: {{n_calls: 2}}\n"
    )
    said = " ".join(rendered(tmp_path, text).split())
    assert "YAML has no tuples: a range is" in said
    assert meant in said
