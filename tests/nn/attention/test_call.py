"""A layer of one's own over the pairs: GRIT's, whose score leaves a message that updates them."""

import flax.linen
import jax
import numpy as np
import pytest

from gtx import nn, ops
from gtx.batch import mask_features
from gtx.nn.attention import attend, edges_of, pairs_of
from tests.batches import DIM
from tests.nn.layers import BATCH, REAL, features, run

HEADS = 2


class PairLayer(flax.linen.Module):
    """Equation 2 of Ma et al. (2023), without the degrees, norms and residuals around it."""

    dropout_rate: float = 0.0
    structure: str = "complete"
    implementation: str = "auto"

    @flax.linen.compact
    def __call__(self, features, batch, *, train):
        features = mask_features(features, batch)
        complete = self.structure == "complete"
        shape = HEADS, DIM // HEADS

        def linear(values, name):
            return nn.Linear(DIM, name=name)(values).reshape(-1, *shape)

        pairs = features.pairs if complete else features.edges
        init = jax.nn.initializers.normal()
        score = ops.GRITScore(
            self.param("score", init, shape), self.param("added", init, (*shape, shape[1]))
        )
        x = features.nodes
        out, message = attend(
            self,
            *(linear(x, name) for name in ("query", "key", "value")),
            pairs_of(batch) if complete else edges_of(batch),
            train=train,
            score=score,
            entry=dict(weight=linear(pairs, "weight"), bias=linear(pairs, "bias")),
            return_message=True,
        )
        level = "pairs" if complete else "edges"
        update = nn.Linear(DIM, use_bias=False, name="update")(message.reshape(-1, DIM))
        return features.replace(nodes=out.reshape(-1, DIM), **{level: pairs + update})


@pytest.mark.parametrize("structure", ["complete", "edges"])
def test_every_implementation_updates_nodes_and_pairs_alike(structure):
    complete = structure == "complete"
    level, mask = ("pairs", BATCH.pair_mask) if complete else ("edges", BATCH.edge_mask)
    mask = np.asarray(mask)
    names = ("dense" if complete else "edges", "chunked", "reference")
    (_, out, changed), *others = (
        run(PairLayer(0.4, structure, name), train=True) for name in names
    )
    (weights,) = changed["intermediates"]["weights"]
    assert not weights[~mask].any() and (weights[mask] > 0).any()
    before = np.asarray(getattr(mask_features(features(), BATCH), level))
    after = getattr(out, level)
    assert np.abs(after - before)[mask].max() > 0.01
    np.testing.assert_array_equal(after[~mask], 0)
    for _, same, _ in others:
        np.testing.assert_allclose(same.nodes[REAL], out.nodes[REAL], atol=1e-5)
        np.testing.assert_allclose(getattr(same, level), after, atol=1e-5)
