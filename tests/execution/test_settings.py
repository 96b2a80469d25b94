import re

import pytest
import yaml
from conftest import ROOT

from hpopt.execution.settings import Execution, memory_bytes


def test_the_example_of_the_docs_is_read_as_it_stands():
    text = (ROOT / "docs" / "execution.md").read_text()
    example = re.search(r"<!-- execution -->\s+```yaml\n(.*?)```", text, re.DOTALL)[1]
    settings = Execution(**yaml.safe_load(example)["execution"])
    assert settings.trial_timeout == 600
    assert settings.model_fields_set == set(Execution.model_fields)


@pytest.mark.parametrize(
    ("text", "size"),
    [("4 GB", 4e9), ("1.5GB", 15e8), ("800 mb", 8e8), ("2 GiB", 2 * 2**30), ("4", 0), ("GB", 0)],
)
def test_a_size_is_read(text, size):
    assert memory_bytes(text) == size
