import jax
import numpy as np
import pytest

from gtx.nn.encoders.place_pairs import PlacePairEncoder
from gtx.ops import pair_ends
from tests.nn.layers import BATCH
from tests.variables import random_variables


def test_a_pair_gets_the_places_of_its_sender_and_its_receiver():
    encoder = PlacePairEncoder(3, "x", num_axes=2)
    shapes = jax.eval_shape(lambda: encoder.init(jax.random.key(0), BATCH, train=False))
    variables = random_variables(shapes)
    out = jax.jit(lambda v: encoder.apply(v, BATCH, train=False))(variables)
    kernels = {name: np.asarray(each["kernel"]) for name, each in variables["params"].items()}
    places = np.asarray(BATCH.graph.nodes["x"])[:, -2:]
    receivers, senders = map(np.asarray, pair_ends(BATCH.layout))
    real = np.asarray(BATCH.pair_mask)
    expected = places[senders] @ kernels["senders"] + places[receivers] @ kernels["receivers"]
    np.testing.assert_allclose(out[real], expected[real], atol=1e-5)
    assert not np.asarray(out)[~real].any()


def test_more_axes_than_the_column_has_are_refused():
    with pytest.raises(ValueError, match="num_axes: the node column 'x' has .* Give a number"):
        PlacePairEncoder(3, "x", num_axes=99).init(jax.random.key(0), BATCH, train=False)
