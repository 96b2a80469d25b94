import numpy as np
import pytest

from hpopt.backend import load_keras
from hpopt.builders.registry import load_builder
from hpopt.export.formats import _unrolled
from hpopt.task import Output

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("head", ["last", "attention"])
def test_loops_are_written_out_and_say_the_same(head):
    """LiteRT's interpreter knows no loops over TensorFlow's lists."""
    load_keras()
    options = {"bidirectional": True, "mask_zeros": True, "head": head}
    network = load_builder("recurrent")((5, 2), Output.of("binary"), **options)
    flat = _unrolled(network)
    rows = np.random.default_rng(0).normal(size=(4, 5, 2)).astype(np.float32)
    rows[1, 3:] = 0
    np.testing.assert_allclose(np.asarray(flat(rows)), np.asarray(network(rows)), atol=1e-6)
    loops = [layer.unroll for layer in flat._flatten_layers() if hasattr(layer, "unroll")]
    assert loops == [True, True]
    dense = load_builder("dense_dropout")((3,), Output.of("binary"))
    assert _unrolled(dense) is dense
