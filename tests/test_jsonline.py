"""Journal lines: whatever a record holds, a strict reader takes one line of it."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from hpopt.jsonline import json_line

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
FORMS = st.recursive(
    SCALARS,
    lambda forms: st.lists(forms) | st.dictionaries(st.text(), forms) | st.tuples(forms, forms),
    max_leaves=20,
)


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def as_read(form):
    """What a record comes back as: no tuples, and null for what JSON has no number for."""
    if isinstance(form, float) and not math.isfinite(form):
        return None
    if isinstance(form, dict):
        return {key: as_read(value) for key, value in form.items()}
    return [as_read(value) for value in form] if isinstance(form, list | tuple) else form


@given(st.dictionaries(st.text(), FORMS))
def test_a_record_is_one_line_that_comes_back_as_it_was(record):
    line = json_line(record)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line, parse_constant=refuse) == as_read(record)
