"""NAGphormer's tokens and readout against their equations, in float64 numpy."""

import jax
import jax.numpy as jnp
import numpy as np

from gtx import nn
from gtx.batch import Features
from gtx.nn import blocks, encoders
from tests.batches import DIM
from tests.nn import literal
from tests.nn.layers import BATCH, KEY, REAL, RECEIVERS, SENDERS, affine, layer_norm
from tests.variables import random_variables

HOPS = 3


def test_tokens_are_a_linear_map_of_powers_of_the_normalised_adjacency():
    adjacency = np.diag(REAL.astype(float))
    for sender, receiver in zip(SENDERS, RECEIVERS, strict=True):
        adjacency[receiver, sender] += sender != receiver
    degree = np.where(REAL, adjacency.sum(1), 1)
    adjacency /= np.sqrt(np.outer(degree, degree))
    layer = encoders.HopEmbed(DIM, ("x", "rwse"), HOPS, ("graph",))
    variables = random_variables(jax.eval_shape(lambda: layer.init(KEY, BATCH, train=False)))
    out = jax.jit(lambda v: layer.apply(v, BATCH, train=False))(variables)
    nodes = BATCH.graph.nodes
    x = np.where(REAL[:, None], np.concatenate([nodes["x"], nodes["rwse"]], axis=1), 0)
    params = jax.tree.map(np.float64, variables["params"]["linear"])
    for hop in range(HOPS + 1):
        expected = np.where(REAL[:, None], affine(x, params), 0)
        np.testing.assert_allclose(out.extra["hops"][:, hop], expected, atol=1e-4)
        x = adjacency @ x
    np.testing.assert_array_equal(out.nodes, out.extra["hops"][:, 0])


def test_the_readout_weighs_the_hops_of_a_node():
    hops = np.random.default_rng(0).normal(size=(len(REAL), HOPS + 1, DIM))
    given = Features(nodes=jnp.zeros((len(REAL), DIM)), extra=dict(hops=hops))

    def reference(params, rows):
        tokens = [layer_norm(hops[:, hop], params["norm"]) for hop in range(HOPS + 1)]
        both = [np.concatenate([tokens[0], token], axis=1) for token in tokens[1:]]
        weights = np.exp([affine(each, params["attention"]) for each in both])
        weights = weights / weights.sum(0)
        others = sum(w * token for w, token in zip(weights, tokens[1:], strict=True))
        return {"nodes": tokens[0] + others}

    literal.assert_equals(blocks.HopReadout(DIM), reference, given)


def test_a_block_on_hops_is_that_block_on_one_graph_for_each_node():
    hops = jnp.asarray(np.random.default_rng(1).normal(size=(len(REAL), HOPS, DIM)), jnp.float32)
    given = Features(nodes=hops[:, 0], extra=dict(hops=hops))
    layer = blocks.OnHops(DIM, nn.SetAttentionBlock)
    variables = random_variables(jax.eval_shape(lambda: layer.init(KEY, given, BATCH, train=False)))
    run = jax.jit(lambda v, hops: layer.apply(v, given.replace(extra=dict(hops=hops)), BATCH,
                                              train=False).extra["hops"])  # fmt: skip
    before = run(variables, hops)
    after = run(variables, hops.at[1].add(1.0))
    moved = np.abs(np.asarray(after - before)).max((1, 2))
    assert moved[1] > 0.1 and not np.any(np.delete(moved, 1))
    turned = run(variables, hops[:, ::-1])
    np.testing.assert_allclose(turned[REAL], before[REAL][:, ::-1], atol=1e-5)
