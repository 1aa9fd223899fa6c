import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops.pooling import pool

NODE_GRAPH = jnp.asarray([0, 0, 0, 2, 2, 3])  # graph 1 has no nodes, graph 3 only padding
WHERE = jnp.asarray([True, True, True, True, True, False])
NODES = jnp.asarray([[1.0, -1], [2, -2], [6, -6], [-3, 3], [-5, 5], [jnp.nan, jnp.nan]])


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("sum", [[9, -9], [0, 0], [-8, 8], [0, 0]]),
        ("mean", [[3, -3], [0, 0], [-4, 4], [0, 0]]),
        ("max", [[6, -1], [0, 0], [-3, 5], [0, 0]]),
    ],
)
def test_pooling_reduces_the_real_nodes_of_each_graph(method, expected):
    def pooled(nodes):
        return pool(nodes, NODE_GRAPH, 4, method=method, where=WHERE)

    np.testing.assert_allclose(pooled(NODES), expected)
    gradient = jax.grad(lambda nodes: pooled(nodes).sum())(NODES)
    assert np.isfinite(gradient).all() and (gradient[-1] == 0).all()
