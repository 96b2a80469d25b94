"""Every example of the docs: configs are legal as they stand, commands are ones that there are."""

import re
import shlex

import pytest
import typer.main
from conftest import ROOT

from hpopt.cli.main import app
from hpopt.config.loading import load_config

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = [
    (f"{page.stem}-{place}", kind, text)
    for page in sorted((ROOT / "docs").glob("*.md"))
    for place, (kind, text) in enumerate(BLOCK.findall(page.read_text()))
]
# What a piece of a config leaves out.
REST = {
    "dataset": "{source: sklearn, name: digits}",
    "model": "{builder: dense_dropout}",
    "space": "{num_dense_nodes: [8, 16]}",
}


def of_kind(wanted):
    return [pytest.param(text, id=name) for name, kind, text in BLOCKS if kind == wanted]


@pytest.mark.parametrize("text", of_kind("yaml"))
def test_a_config_is_legal(text, tmp_path):
    sections = re.findall(r"^(\w+):", text, re.MULTILINE)
    rest = [f"{name}: {value}\n" for name, value in REST.items() if name not in sections]
    (tmp_path / "body.keras").touch()  # a builder reads it, which a config does not
    (tmp_path / "config.yaml").write_text(text + "".join(rest))
    load_config(tmp_path / "config.yaml")


def commands_in(text):
    """The lines that call hpopt, with the values of the shell's variables."""
    for name, value in re.findall(r'^\s*(\w+)="(.*)"$', text, re.MULTILINE):
        text = text.replace(f"${name}", value)
    text = re.sub(r"\$\w+", "0", text)
    text = re.sub(r"^(\s*)exec ", r"\1", text, flags=re.MULTILINE)
    lines = (shlex.split(line, comments=True) for line in text.splitlines() if '="' not in line)
    return [words[1:] for words in lines if words[:1] == ["hpopt"]]


@pytest.mark.parametrize("text", of_kind("bash"))
def test_commands_can_be_called_so(text, monkeypatch):
    monkeypatch.chdir(ROOT)
    program = typer.main.get_command(app)
    commands = commands_in(text)
    assert commands
    for name, *arguments in commands:
        params = program.commands[name].make_context(name, arguments).params
        if name == "tune" and params["config"].is_file():
            load_config(params["config"], params["overrides"])


@pytest.mark.parametrize(
    "text", [each for each in of_kind("python") if not each.id.startswith("design")]
)
def test_a_piece_of_python_runs(text, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(text, "docs", "exec"), {})
    assert capsys.readouterr().out
