import pytest

from hpopt.errors import (
    ConfigError,
    DataError,
    Interrupted,
    Location,
    Problem,
    RunError,
    SetupError,
    closest,
    in_words,
)


def test_each_kind_of_error_has_its_exit_code():
    kinds = {RunError: 1, ConfigError: 2, SetupError: 2, DataError: 3, Interrupted: 130}
    assert {kind: kind("x").exit_code for kind in kinds} == kinds


def test_an_error_is_laid_out_with_its_place_its_line_and_its_help():
    place = Location("c.yaml", 3, 5, "    epochs: x")
    assert Problem("no number", place, "write 3").render("config").splitlines() == [
        "error[config]: no number",
        "  --> c.yaml:3:5",
        "   |   epochs: x",
        "   = help: write 3",
    ]


@pytest.mark.parametrize(
    ("name", "match"),
    [("acc", "accuracy"), ("acuracy", "accuracy"), ("ACCURACY", "accuracy"), ("xyz", None)],
)
def test_the_name_that_was_meant_is_found(name, match):
    assert closest(name, ["accuracy", "auc", "rmse"]) == match


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (ValueError("one\ntwo"), "ValueError: one"),
        (
            ValueError("Exception encountered when calling L.call().\n\n\x1b[1min my call\x1b[0m"),
            "ValueError: in my call",
        ),
        (
            TypeError("in user code:\n\n    File \"a.py\", line 1\n\n    KeyError: 'units'\n"),
            "KeyError: 'units'",
        ),
        (
            TypeError("<class 'F'> could not be...\n\nException encountered: Could not locate Net"),
            "Could not locate Net",
        ),
        (
            ValueError(
                "in user code:\n\n    TypeError: Exception encountered when calling N.call().\n"
                "\n    \x1b[1mcan't multiply\x1b[0m\n\n    Arguments received by N.call():"
            ),
            "ValueError: can't multiply",
        ),
        (
            ValueError(
                "Graph execution error:\n\nDetected at node a/b defined at (most recent call last):"
                '\n<stack traces unavailable>\n  File "a.py", line 1, in f\n\n'
                "label 9 is outside: [0, 1)\n\t [[{{node a/b}}]] [Op:__inference_f_1]"
            ),
            "ValueError: label 9 is outside: [0, 1)",
        ),
    ],
)
def test_an_exception_is_told_in_the_line_that_says_most(error, words):
    assert in_words(error) == words
