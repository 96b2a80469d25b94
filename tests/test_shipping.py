"""What Python has, put into files for other processes."""

import linecache

import pandas as pd
import pytest
from conftest import ROOT

import hpopt
from hpopt.errors import ConfigError, DataError
from hpopt.own_code import load_function
from hpopt.shipping import FOLDER, ship_frame, ship_function

CELL = """
import math
from fractions import Fraction as Part
import json as text_of

WIDTH = 16
SIZES = (4, 8)

def helper(x):
    return math.floor(x) + WIDTH

def build(input_shape, output, *, width: int = WIDTH):
    return helper(width) + SIZES[0] + Part(1, 1) + len(text_of.dumps([]))

def lambda_maker():
    def inner():
        return build
    return inner

connection = object()

def tied():
    return connection
"""


@pytest.fixture
def notebook(monkeypatch):
    """The names of a notebook's cell: their source is in no file."""
    name = "<ipython-input-1>"
    lines = CELL.splitlines(keepends=True)
    monkeypatch.setitem(linecache.cache, name, (len(CELL), None, lines, name))
    names = {"__name__": "__main__"}
    exec(compile(CELL, name, "exec"), names)
    return names


def test_a_notebook_s_function_takes_with_it_what_it_names(tmp_path, notebook):
    reference = ship_function(notebook["build"], tmp_path)
    assert reference.endswith(".py:build")
    assert str(tmp_path / FOLDER) in reference
    assert load_function(reference, "builder")(None, None) == 16 + 16 + 4 + 1 + 2
    assert ship_function(notebook["build"], tmp_path) == reference  # and is not written again


def test_a_function_of_a_file_is_named_by_it(tmp_path):
    reference = ship_function(ship_frame, tmp_path)
    assert reference == f"{ROOT / 'hpopt' / 'shipping.py'}:ship_frame"


@pytest.mark.parametrize(
    ("name", "why"),
    [("inner", "inside another function"), ("lambda", "no name"), ("tied", "`connection`")],
)
def test_what_no_other_process_could_have_is_said(tmp_path, notebook, name, why):
    notebook |= {"inner": notebook["lambda_maker"](), "lambda": lambda: None}
    with pytest.raises(ConfigError, match=why) as caught:
        ship_function(notebook[name], tmp_path)
    assert "help: " in str(caught.value)


@pytest.mark.parametrize("has_parquet", [True, False])
def test_a_frame_is_written_once_and_reads_alike(tmp_path, monkeypatch, has_parquet):
    if not has_parquet:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=[7, 8])
    source, path = ship_frame(frame, tmp_path)
    assert (source, path.suffix) == (("parquet", ".parquet") if has_parquet else ("csv", ".csv"))
    again = pd.read_parquet(path) if has_parquet else pd.read_csv(path)
    assert again["a"].tolist() == [1, 2]
    assert ship_frame(frame, tmp_path) == (source, path)
    assert len(list((tmp_path / FOLDER).iterdir())) == 1


def test_a_frame_that_no_file_holds_is_an_error(tmp_path):
    with pytest.raises(DataError, match="can't be written"):
        ship_frame(pd.DataFrame({"a": [object(), 1]}), tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"data": [1]}, "`data` is a list"),
        ({"data": pd.DataFrame({"a": [1]})}, "promises that no row is written"),
    ],
)
def test_what_can_t_be_given(tmp_path, arguments, words):
    with pytest.raises(ConfigError, match=words):
        hpopt.tune({"output": {"keep_rows": 0}}, output_dir=tmp_path, **arguments)


@pytest.mark.parametrize("place", ["file", "mapping", "override", "override of a file"])
def test_a_promise_to_keep_no_rows_holds_wherever_it_is_written(tmp_path, place):
    folder, config = tmp_path / "runs", tmp_path / "config.yaml"
    config.write_text("output: {keep_rows: 0}\n" if place == "file" else "output: {plots: false}\n")
    given = {"output": {"keep_rows": 0}} if place == "mapping" else config
    given = {} if place == "override" else given
    overrides = {"output__keep_rows": 0} if place.startswith("override") else {}
    with pytest.raises(ConfigError, match="promises that no row is written") as caught:
        hpopt.tune(given, data=pd.DataFrame({"a": [1]}), output_dir=folder, **overrides)
    assert not folder.exists()
    if place == "file":
        assert "config.yaml:1" in str(caught.value)


def test_a_reference_belongs_into_the_config(tmp_path):
    with pytest.raises(ConfigError, match=r'"nets\.py:build" is a reference') as raised:
        ship_function("nets.py:build", tmp_path)
    assert "{'model': {'builder': 'nets.py:build'}}" in str(raised.value)
