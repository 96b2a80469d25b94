"""The rules of the house: which room may import which, and what may wait until it is used."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "hpopt"
FILES = sorted(PACKAGE.rglob("*.py"))

# The records that pass between all rooms.
RECORDS = {"errors", "space", "trials"}
# What each room may import of the others, from the ground up; one that is not named, nothing.
MAY_IMPORT = {
    "clock": set(),
    "errors": {"shown"},
    "grammar": set(),
    "jsonline": set(),
    "local_server": {"errors"},
    "task": set(),
    "version": set(),
    "backend": {"errors"},
    "files": {"errors"},
    "metrics": {"errors", "task"},
    "shown": set(),
    "trusted": {"errors", "own_code"},
    "own_code": {"errors"},
    "shipping": {"errors", "files"},
    "space": {"errors"},
    "builders": {"backend", "errors", "own_code", "task"},
    "inputs": {"backend", "errors", "shown"},
    "data": {"errors", "files", "grammar", "inputs", "own_code", "task"},
    "statistics": {"metrics", "task"},
    "trials": {"space"},
    "execution": {"clock", "files", "grammar", "shown", "version"} | RECORDS,
    "runs": {"clock", "files", "jsonline", "statistics", "task"} | RECORDS,
    "search": {"grammar"} | RECORDS,
    "training": {
        "backend",
        "builders",
        "clock",
        "data",
        "files",
        "grammar",
        "inputs",
        "metrics",
        "own_code",
        "statistics",
        "task",
    }
    | RECORDS,
    "config": {
        "builders",
        "data",
        "execution",
        "grammar",
        "metrics",
        "own_code",
        "search",
        "task",
        "training",
    }
    | RECORDS,
    "report": {"runs", "search", "shown", "statistics", "task"} | RECORDS,
    "drafting": {"config", "data", "inputs", "report", "shown"} | RECORDS,
    "export": {
        "backend",
        "builders",
        "config",
        "data",
        "files",
        "inputs",
        "metrics",
        "own_code",
        "report",
        "runs",
        "shown",
        "statistics",
        "task",
        "training",
        "trusted",
    }
    | RECORDS,
    "examining": {"backend", "execution", "runs", "version"} | RECORDS,
    "minimizing": {"optimizing", "space", "errors"},
    "optimizing": {"config", "grammar", "own_code", "runs", "search"} | RECORDS,
    "plots": {"files", "report", "runs", "search", "statistics"} | RECORDS,
    "tracking": {"backend", "report", "runs", "search", "shown"} | RECORDS,
    "closing": {
        "config",
        "data",
        "execution",
        "export",
        "files",
        "jsonline",
        "metrics",
        "page",
        "plots",
        "report",
        "runs",
        "search",
        "statistics",
        "task",
        "training",
    }
    | RECORDS,
    "page": {"files", "jsonline", "local_server", "plots", "report", "runs", "search", "version"}
    | RECORDS,
    "plotting": {"plots", "runs"},
    "predicting": {"data", "export", "files", "metrics", "runs", "statistics"} | RECORDS,
    "serving": {"local_server", "data", "export", "inputs", "jsonline", "predicting", "version"}
    | RECORDS,
    "tuning": {
        "builders",
        "clock",
        "closing",
        "config",
        "data",
        "execution",
        "export",
        "metrics",
        "own_code",
        "runs",
        "search",
        "statistics",
        "task",
        "tracking",
        "training",
        "version",
        "trusted",
    }
    | RECORDS,
    "api": {"config", "own_code", "runs", "shipping", "tracking", "tuning"} | RECORDS,
    "measuring": {"execution", "tuning"} | RECORDS,
    "checking": {
        "closing",
        "config",
        "execution",
        "measuring",
        "own_code",
        "search",
        "training",
        "tuning",
    }
    | RECORDS,
    "cli": {
        "checking",
        "config",
        "data",
        "drafting",
        "examining",
        "execution",
        "export",
        "files",
        "jsonline",
        "page",
        "plots",
        "predicting",
        "report",
        "runs",
        "serving",
        "shown",
        "tracking",
        "tuning",
    }
    | RECORDS,
    "__main__": {"cli"},
}
# Inside these rooms a file may import those on the floors below its own, and no others.
FLOORS = {
    "space": [
        {"conditions", "names"},
        {"dimensions", "formula"},
        {"rule_parser", "skopt"},
        {"rules"},
        {"space"},
        {"region"},
    ],
    "metrics": [
        {"weighted"},
        {"metric"},
        {"costs", "labels", "probabilities", "values"},
        {"metrics"},
    ],
    "inputs": [
        {"naming", "row_files", "scaling", "written"},
        {"times"},
        {"raw"},
        {"stored", "text_files"},
        {"image", "kind", "series", "table", "windows"},
        {"array", "registry"},
    ],
    "runs": [
        {
            "environment",
            "forecasts",
            "legality",
            "lock",
            "logfile",
            "mistakes",
            "naming",
            "record",
            "requests",
            "results",
        },
        {"steps"},
        {"events"},
        {"journal"},
        {"frame", "objectives", "state"},
        {"weights"},
        {"folder"},
        {"finding", "removing", "repair"},
    ],
    "closing": [
        {"ensemble", "flattery", "forecasts", "jobs", "mistakes", "racing", "time_left"},
        {"assessment", "refit"},
        {"work"},
        {"confirm"},
        {"steps"},
    ],
    "serving": [{"answering", "described", "requests"}, {"server"}],
    "drafting": [{"finding", "parts"}, {"examples", "forecasts", "images", "series"}, {"tables"}],
    "tracking": [
        {"observer", "trial_lines"},
        {"mlflow_runs", "pace", "study", "tensorboard"},
        {"live", "plain"},
        {"progress"},
    ],
    "tuning": [
        {"budget", "comparable", "constant", "corners"},
        {"preflight", "warm_start"},
        {"loop", "resuming", "trying"},
        {"material"},
        {"setup"},
        {"tune"},
    ],
}
# The files of the kinds of inputs.
KINDS = {
    "hpopt.inputs.array",
    "hpopt.inputs.image.kind",
    "hpopt.inputs.series.kind",
    "hpopt.inputs.table.kind",
    "hpopt.inputs.windows.kind",
}
# Heavy packages, and the rooms whose functions may import them.
HEAVY = {
    "tensorflow": {"backend", "export", "inputs", "tracking", "training"},
    "tensorboard": {"tracking"},
    "mlflow": {"tracking"},
    "optuna": {"tracking"},
    "keras": {"backend", "builders", "training"},
    "onnx": {"export"},
    "sklearn": {"data", "metrics", "runs", "training"},
    "skopt": {"runs", "search", "space"},
    "matplotlib": {"plots"},
    "pandas": {"api", "data", "inputs", "predicting", "runs", "serving", "shipping"},
    "pyarrow": {"data"},
    "psutil": {"execution", "runs"},
    "ray": {"execution"},
    "PIL": {"inputs", "page"},
    "rich": {"tracking"},
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def files_imported_by(path: Path) -> set[str]:
    """The modules that a file imports by whatever way, for types alone too."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
    return modules


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


def test_nothing_but_a_kind_of_input_knows_which_it_is():
    """The registry names the kinds in texts; all else takes what it gives."""
    inside = PACKAGE / "inputs"
    for path in FILES:
        for module, _ in imports_of(path):
            assert module not in KINDS, path
            if path.parent == inside:
                rooms = ("table", "image", "series", "windows")
                folders = tuple(f"hpopt.inputs.{room}" for room in rooms)
                assert not module.startswith(folders), path


@pytest.mark.parametrize("room", FLOORS)
def test_inside_a_room_arrows_go_down(room):
    floor_of = {name: floor for floor, names in enumerate(FLOORS[room]) for name in names}
    for path in (PACKAGE / room).glob("*.py"):
        for module in files_imported_by(path) if path.stem != "__init__" else ():
            inside = module.removeprefix(f"hpopt.{room}.").split(".")[0]
            if module.startswith(f"hpopt.{room}.") and inside in floor_of:
                assert floor_of[inside] < floor_of[path.stem], f"{path.stem} imports {inside}"


def test_no_two_files_import_each_other_by_whatever_way():
    # The front door names what can be had of hpopt, and `Run` has one of these doors opened.
    modules = {module_of(path): path for path in FILES if path.name != "__init__.py"}
    arrows = {module: files_imported_by(path) & set(modules) for module, path in modules.items()}
    TopologicalSorter(arrows).prepare()  # raises CycleError, with the files of a circle


@pytest.mark.parametrize(
    "statement",
    [
        "from hpopt.cli.main import app",
        "import hpopt.runs.folder, hpopt.runs.results, hpopt.report.summary, hpopt.plots.drawing",
        "import hpopt.search.engines, hpopt.search.surrogate",
        "import hpopt.config.loading",
        "import hpopt.tuning.tune",
        "import hpopt.api, hpopt.minimizing",
        "import hpopt.checking",
        "import hpopt.drafting.tables, hpopt.drafting.images",
        "import hpopt.plotting",
        "import hpopt.predicting",
        "import hpopt.examining",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_used(statement):
    heavy = "{'tensorflow', 'keras', 'skopt', 'sklearn', 'matplotlib', 'pandas', 'PIL'}"
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
