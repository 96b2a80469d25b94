import re

import pytest
import yaml
from conftest import ROOT
from pydantic import ValidationError

from hpopt.execution.settings import Execution, memory_bytes


def test_the_example_of_the_docs_is_read_as_it_stands():
    text = (ROOT / "docs" / "execution.md").read_text()
    example = re.search(r"<!-- execution -->\s+```yaml\n(.*?)```", text, re.DOTALL)[1]
    settings = Execution(**yaml.safe_load(example)["execution"])
    assert settings.trial_timeout == 600
    of_ray = {"backend", "address", "cpus_per_trial", "gpus_per_trial"}
    assert settings.model_fields_set == set(Execution.model_fields) - of_ray


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"backend": "ray", "workers": 0}, "`backend: ray` needs workers"),
        ({"address": "auto", "workers": 4}, "only `backend: ray` has `address`: say `backend` too"),
        ({"backend": "ray", "address": "ray://head:10001"}, "ray job submit -- hpopt tune"),
        ({"backend": "slurm"}, "'processes' or 'ray'"),
        ({"backend": "ray", "cpus_per_trial": 0}, "greater than 0"),
    ],
)
def test_what_ray_can_not_be_told_is_said(settings, message):
    with pytest.raises(ValidationError, match=message):
        Execution(**settings)


def test_the_same_file_can_be_run_without_ray():
    assert Execution(backend="processes", address="auto", cpus_per_trial=2).backend == "processes"


@pytest.mark.parametrize(
    ("text", "size"),
    [("4 GB", 4e9), ("1.5GB", 15e8), ("800 mb", 8e8), ("2 GiB", 2 * 2**30), ("4", 0), ("GB", 0)],
)
def test_a_size_is_read(text, size):
    assert memory_bytes(text) == size
