import os
import re
from typing import Any

import pytest

from hpopt.builders.registry import load_builder, read_signature
from hpopt.config.loading import load_config
from hpopt.errors import SetupError
from hpopt.own_code import absolute_reference


def write(tmp_path, source):
    (tmp_path / "nets.py").write_text(source)
    return absolute_reference("nets.py:build", tmp_path)


def test_a_shipped_name_is_found_without_importing_keras():
    signature = read_signature(load_builder("dense_dropout"))
    assert "num_dense_nodes" in signature.arguments
    assert not signature.takes_any


def test_a_builder_is_found_in_a_file_beside_the_config(tmp_path):
    reference = write(tmp_path, "def build(input_shape, output, *, units, rate=0.1): ...")
    arguments = read_signature(load_builder(reference)).arguments
    assert {name: argument.required for name, argument in arguments.items()} == {
        "units": True,
        "rate": False,
    }


def test_a_builder_is_found_in_a_module():
    assert load_builder("hpopt.builders.dense_dropout:build") is load_builder("dense_dropout")


def test_annotations_are_read_one_by_one(tmp_path):
    source = (
        "from __future__ import annotations\n"
        "def build(input_shape, output, *, units: int, other: Missing = 1) -> Missing: ..."
    )
    arguments = read_signature(load_builder(write(tmp_path, source))).arguments
    assert (arguments["units"].annotation, arguments["other"].annotation) == (int, Any)


def test_keyword_arguments_of_any_name_are_seen(tmp_path):
    reference = write(tmp_path, "def build(input_shape, output, **settings): ...")
    assert read_signature(load_builder(reference)).takes_any


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def buidl(input_shape, output): ...", "did you mean `buidl`"),
        ("def build(input_shape, output): ...\nraise OSError('no')", "OSError: no"),
        ("def build(:", "SyntaxError"),
        ("import no_such_thing", "no_such_thing"),
    ],
)
def test_a_file_that_is_no_good_is_a_fault_of_the_set_up(tmp_path, source, words):
    with pytest.raises(SetupError) as caught:
        load_builder(write(tmp_path, source))
    assert words in caught.value.render()


def test_the_line_of_a_users_fault_is_named(tmp_path):
    with pytest.raises(SetupError) as caught:
        load_builder(write(tmp_path, "x = 1\ny = x / 0\n"))
    assert f"{tmp_path / 'nets.py'}:2" in caught.value.render()


@pytest.mark.parametrize("reference", ["dense_dropuot", "nets.py:", ":build", "no.module:build"])
def test_what_is_not_there_is_a_fault_of_the_set_up(tmp_path, reference):
    with pytest.raises(SetupError):
        load_builder(absolute_reference(reference, tmp_path))


@pytest.mark.parametrize("source", ["def build(): ...", "def build(*, input_shape, output): ..."])
def test_a_builder_takes_shape_and_output_first(tmp_path, source):
    with pytest.raises(SetupError, match="input_shape, output"):
        read_signature(load_builder(write(tmp_path, source)))


def test_a_module_beside_the_config_and_what_it_imports_are_found(tmp_path):
    (tmp_path / "helpers_of_nets.py").write_text("UNITS = 7")
    (tmp_path / "my_nets.py").write_text(
        "from helpers_of_nets import UNITS\ndef build(input_shape, output, *, units=UNITS): ...\n"
    )
    builder = load_builder(absolute_reference("my_nets:build", tmp_path))
    assert read_signature(builder).arguments["units"].default == 7


def test_a_file_is_run_once_and_again_when_it_was_written_anew(tmp_path):
    reference = write(tmp_path, "def build(input_shape, output): ...")
    first = load_builder(reference)
    assert load_builder(reference) is first
    path = tmp_path / "nets.py"
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**9))
    assert load_builder(reference) is not first


@pytest.mark.parametrize("reference", ["/nowhere/nets.py:build", "no_such_package.nets:build"])
def test_a_missing_builder_is_refused_before_keras_is_imported(reference, monkeypatch):
    def imported():
        raise AssertionError("it takes five seconds")

    monkeypatch.setattr("hpopt.builders.registry.load_keras", imported)
    with pytest.raises(SetupError, match=r"there is no builder file|can't be imported"):
        load_builder(reference)


def compiling(input_shape, output):
    return finished(object())


def finished(model):
    model.compile("adam", "mse")
    return model


def matching(input_shape, output):
    return re.compile("x")


def test_a_builder_that_compiles_is_noticed():
    assert read_signature(compiling).compiles
    assert not read_signature(matching).compiles
    assert not read_signature(load_builder("dense_dropout")).compiles


def test_that_its_compile_is_replaced_is_noted(tmp_path):
    (tmp_path / "nets.py").write_text(
        "def build(input_shape, output, *, units=3):\n    return model.compile('adam', 'mse')\n"
    )
    (tmp_path / "c.yaml").write_text(
        "dataset: {source: sklearn, name: iris}\nmodel: {builder: 'nets.py:build'}\n"
        "space: {units: [3, 4]}\n"
    )
    [note] = [n for n in load_config(tmp_path / "c.yaml").binding.notes if "compiles it anew" in n]
    assert "`training`" in note
