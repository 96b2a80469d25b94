"""The rules of the house: which room may import which, and what may wait until it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "hpopt"
FILES = sorted(PACKAGE.rglob("*.py"))

# What each room may import of the others. A room that is not named here may import nothing.
RECORDS = {"errors", "conditions", "dimensions", "space", "trials"}
MAY_IMPORT = {
    "errors": set(),
    "conditions": set(),
    "dimensions": {"conditions"},
    "space": {"conditions", "dimensions", "errors"},
    "trials": {"dimensions"},
    "backend": {"errors"},
    "files": {"errors"},
    "builders": {"backend", "errors"},
    "data": {"builders", "errors", "files", "grammar"},
    "grammar": set(),
    "jsonline": set(),
    "config": {"builders", "data", "execution", "grammar", "training"} | RECORDS,
    "skopt_space": {"dimensions"},
    "search": {"skopt_space"} | RECORDS,
    "execution": {"files", "grammar"} | RECORDS,
    # `Run.plot` is for notebooks; the pictures themselves know the run, not the other way round.
    "runs": {"files", "jsonline", "plots", "skopt_space"} | RECORDS,
    "training": {"backend", "builders", "data", "files", "grammar"} | RECORDS,
    "export": {"backend", "builders", "config", "data", "files", "report", "runs", "training"}
    | RECORDS,
    "statistics": set(),
    "report": {"runs", "search"} | RECORDS,
    "plots": {"files", "report", "runs", "search"} | RECORDS,
    "observer": {"runs", "trials"},
    "code": {"builders"},
    "comparing": {"config", "runs", "training"},
    "resuming": {"code", "comparing", "config", "runs"} | RECORDS,
    "warming": {"comparing", "runs"} | RECORDS,
    "budget": {"runs", "trials"},
    "preflight": {"builders", "export", "training"} | RECORDS,
    "judging": {"builders", "data", "export", "runs", "statistics", "training"} | RECORDS,
    "finishing": {"data", "execution", "export", "runs", "search", "statistics", "training"}
    | RECORDS,
    "closing": {
        "config",
        "data",
        "execution",
        "export",
        "finishing",
        "judging",
        "plots",
        "report",
        "runs",
        "statistics",
        "training",
    }
    | RECORDS,
    "setup": {
        "builders",
        "code",
        "config",
        "data",
        "execution",
        "observer",
        "preflight",
        "resuming",
        "runs",
        "training",
        "warming",
    }
    | RECORDS,
    "tracking": {"backend", "observer", "runs"} | RECORDS,
    "tuning": {
        "budget",
        "resuming",
        "closing",
        "config",
        "execution",
        "observer",
        "runs",
        "search",
        "setup",
        "tracking",
        "warming",
    }
    | RECORDS,
    "progress": {"observer", "report", "runs"} | RECORDS,
    "drafting": {"config", "data", "report"} | RECORDS,
    "checking": {"config", "execution", "preflight", "search", "setup", "training"} | RECORDS,
    "api": {"config", "progress", "runs", "tuning"} | RECORDS,
    "predicting": {"data", "export", "runs", "statistics", "training"} | RECORDS,
    "minimizing": {"config", "grammar", "runs", "search"} | RECORDS,
    "__main__": {"cli"},
    "cli": {
        "checking",
        "config",
        "data",
        "drafting",
        "execution",
        "export",
        "files",
        "jsonline",
        "observer",
        "plots",
        "predicting",
        "progress",
        "report",
        "runs",
        "setup",
        "tuning",
    }
    | RECORDS,
}
# Heavy packages, and the rooms whose functions may import them.
HEAVY = {
    "tensorflow": {"backend", "builders", "training", "export", "tracking"},
    "tensorboard": {"tracking"},
    "keras": {"backend", "builders", "training", "export"},
    "onnx": {"export"},
    "sklearn": {"data", "training", "runs"},
    "skopt": {"search", "runs", "skopt_space"},
    "matplotlib": {"plots"},
    "pandas": {"data", "predicting", "runs"},
    "pyarrow": {"data"},
    "psutil": {"execution"},
    "rich": {"progress"},
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path):
    """Every imported module, with whether it is imported when the file is."""
    tree = ast.parse(path.read_text())
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    in_functions = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module, node not in in_functions
        elif isinstance(node, ast.Import):
            yield from ((alias.name, node not in in_functions) for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_it_may(path):
    room = room_of(path)
    if room == "__init__":
        return
    for module, at_import in imports_of(path):
        first, _, rest = module.partition(".")
        if first == "hpopt" and rest:
            other = rest.split(".")[0]
            assert other == room or other in MAY_IMPORT[room], f"{room} imports {other}"
        if first in HEAVY:
            assert room in HEAVY[first], f"{room} imports {first}"
            assert not at_import, f"{first} is imported when {path.name} is"


def test_nothing_is_allowed_that_no_room_uses():
    used = {
        (room_of(path), module.split(".")[1])
        for path in FILES
        for module, _ in imports_of(path)
        if module.startswith("hpopt.")
    }
    allowed = {(room, other) for room, others in MAY_IMPORT.items() for other in others - RECORDS}
    assert allowed <= used


@pytest.mark.parametrize(
    "statement",
    [
        "from hpopt.cli.main import app",
        "import hpopt.runs.folder, hpopt.runs.results, hpopt.report.summary, hpopt.plots.drawing",
        "import hpopt.search.engines, hpopt.search.surrogate",
        "import hpopt.config.loading",
        "import hpopt.tuning",
        "import hpopt.api, hpopt.minimizing",
        "import hpopt.checking",
        "import hpopt.drafting",
        "import hpopt.predicting",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_used(statement):
    heavy = "{'tensorflow', 'keras', 'skopt', 'sklearn', 'matplotlib', 'pandas'}"
    program = f"import sys; {statement}; sys.exit(bool({heavy} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_help_needs_neither_numpy_nor_pydantic():
    program = (
        "import sys; sys.argv = ['hpopt', '--help']\n"
        "from hpopt.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'numpy', 'pydantic', 'rich'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
