"""`hpopt init --example`: a first run for whoever has hpopt and nothing else."""

import pytest
from conftest import ROOT

from hpopt.cli.init import complete_example
from hpopt.config.loading import load_config

NAMES = sorted(path.stem for path in (ROOT / "configs").glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_legal_where_it_is_written(name, hpopt, tmp_path):
    done = hpopt("init", "--example", name)
    assert done.code == 0
    assert f"hpopt tune {name}.yaml" in done.out
    text = (tmp_path / f"{name}.yaml").read_text()
    assert "configs/" not in text.split("dataset:")[0]
    assert "$schema=hpopt.schema.json\n" in text
    assert (tmp_path / "hpopt.schema.json").is_file()
    load_config(tmp_path / f"{name}.yaml")


def test_its_own_code_and_rows_to_predict_stand_beside_it(hpopt, tmp_path):
    hpopt("init", "--example", "own_builder", "-o", "new/mine.yaml")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        "hpopt.schema.json",
        "mine.yaml",
        "mine_rows.csv",
        "own_builder.py",
    }
    assert len((tmp_path / "new" / "mine_rows.csv").read_text().splitlines()) == 21
    assert "configs/" not in (tmp_path / "new" / "mine.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--example", "breast_canser"], "did you mean `breast_cancer`?"),
        (["--example", "x"], ", ".join(f"`{name}`" for name in NAMES)),
        (["--example", "sales", "rows.csv"], "goes without `DATA`"),
        (["--example", "sales", "-t", "sold"], "goes without `--target`"),
        (["--example", "sales", "-o", "here.txt"], "-o here.yaml"),
        ([], "hpopt init --example breast_cancer"),
    ],
)
def test_what_is_wrong_is_said(arguments, said, hpopt, tmp_path):
    done = hpopt("init", *arguments)
    assert done.code == 2
    assert said in done.err
    assert not list(tmp_path.iterdir())


def test_what_was_changed_is_not_written_over(hpopt, tmp_path):
    assert hpopt("init", "--example", "sales").code == 0
    assert hpopt("init", "--example", "sales").code == 0  # nothing would be lost
    (tmp_path / "own_rows.py").write_text("# mine\n")
    done = hpopt("init", "--example", "sales")
    assert done.code == 2
    assert "own_rows.py is there already" in done.err
    assert hpopt("init", "--example", "sales", "--force").code == 0


def test_the_shell_completes_examples():
    assert complete_example("di") == ["diabetes", "digits", "digits_conv"]
