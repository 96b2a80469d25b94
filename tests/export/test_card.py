"""The model card where the folder's other files are not what they were."""

import time

import pytest
from conftest import synthetic_run

from hpopt.export.card import _config_of


@pytest.mark.parametrize(
    "content",
    [
        b"a: &a [x, x]\n" + b"".join(b"k%d: &b%d [*a, *a]\n" % (i, i) for i in range(60_000)),
        b"[" * 100_000,
        b"a: 1\n" * 500_000,
        b"- a list",
        b"\xff\xfe",
        b"",
    ],
    ids=["aliases", "deep", "long", "list", "no text", "empty"],
)
def test_a_config_that_is_none_is_left_out_at_once(tmp_path, content):
    run = synthetic_run(tmp_path, trials=0)
    (run.path / "config.resolved.yaml").write_bytes(content)
    begun = time.process_time()
    assert _config_of(run) == {}
    assert time.process_time() - begun < 5
