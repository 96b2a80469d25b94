"""A builder's own code, where a model can't be loaded without it."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hpopt.builders.registry import load_builder
from hpopt.errors import HpoptError, RunError
from hpopt.own_code import is_own, source_of
from hpopt.runs.folder import Run
from hpopt.trusted import check_trusted

CODE = "builder_code"  # the module of an export that holds the builder's code


def own_classes(archive: bytes) -> tuple[str, ...]:
    """The registered names in a .keras file that are not Keras' own."""
    with zipfile.ZipFile(io.BytesIO(archive)) as parts:
        config = json.loads(parts.read("config.json"))
    return tuple(sorted(set(_registered(config))))


def _registered(form: Any) -> Iterator[str]:
    if isinstance(form, dict):
        name = form.get("registered_name")
        if form.get("class_name") == "function":
            name = form.get("config")
        if isinstance(name, str) and ">" in name:
            yield name
    inner = form.values() if isinstance(form, dict) else form if isinstance(form, list) else ()
    for value in inner:
        yield from _registered(value)


def builder_reference(run: Run) -> str:
    """The reference of the builder: its file as kept in the run folder, if it is one."""
    reference = str(run.header.constants["builder"])
    source = source_of(reference)
    if source is None or not (run.path / "builder" / source.name).is_file():
        return reference
    kept = (run.path / "builder" / source.name).absolute()
    return f"{kept}:{reference.rpartition(':')[2]}"


def trusted_builder(run: Run, trust_code: bool) -> str:
    """The reference of the builder, whose code may run.

    Raises ConfigError where it may not, which docs/resume.md explains.
    """
    reference = builder_reference(run)
    source = source_of(reference)
    if is_own(reference) and (source is None or source.is_file()):
        recorded = None if run.header.overrides is None else run.code  # older runs recorded neither
        check_trusted({"builder": reference}, recorded, run.path, trust_code=trust_code)
    return reference


def register_own_classes(run: Run, own_classes: Sequence[str], *, trust_code: bool) -> None:
    """Run the builder's code, which registers its classes.

    Raises RunError where it is gone, and ConfigError where it may not run.
    """
    reference = trusted_builder(run, trust_code)
    try:
        load_builder(reference)
    except HpoptError as error:
        raise RunError(
            f"the network has classes of its builder's own ({', '.join(own_classes)}), and their "
            f"code can't be loaded: {error.message}",
            help="put the code where it was; a SavedModel, once exported, needs none",
        ) from error


def bring_code(run: Run, place: Path) -> str:
    """Put the builder's code beside the model, and give the name of its module.

    It is called by a name that any file's code can be imported by, and that nothing else has.
    """
    reference = builder_reference(run)
    source = source_of(reference)
    if source is None:
        return reference.rpartition(":")[0]
    shutil.copyfile(source, place / f"{CODE}.py")
    return CODE
