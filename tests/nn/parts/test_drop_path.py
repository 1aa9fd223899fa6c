import jax
import jax.numpy as jnp
import numpy as np

from gtx import nn
from tests.batches import DIM
from tests.nn.layers import BATCH, KEY, REAL, close, features
from tests.variables import quick_jit, random_variables

HEADS = dict(attention=nn.MultiHeadAttention, norm=nn.RMSNorm)


def test_a_graph_loses_all_of_its_rows_or_none():
    ids = jnp.repeat(jnp.arange(400), 3)
    key = jax.random.key(2)
    out = nn.DropPath(0.25).apply({}, jnp.ones((1200, 2)), ids, train=True, rngs=dict(dropout=key))
    rows = np.asarray(out).reshape(400, 6)
    assert set(np.unique(rows)) == {0, np.float32(1 / 0.75)}
    assert (rows == rows[:, :1]).all() and 0.15 < (rows[:, 0] == 0).mean() < 0.35
    same = nn.DropPath(0.25).apply({}, jnp.ones((1200, 2)), ids, train=False)
    assert (same == 1).all()


def test_a_block_leaves_out_what_it_would_add_for_single_graphs():
    block = nn.TransformerBlock(DIM, **HEADS, drop_path_rate=0.5)
    given = features()
    shapes = jax.eval_shape(lambda: block.init(KEY, given, BATCH, train=False))
    variables = random_variables(shapes)

    @quick_jit
    def run(keys):
        def once(key):
            return block.apply(variables, given, BATCH, train=True, rngs=dict(dropout=key)).nodes

        return jax.lax.map(once, keys)

    nodes = np.asarray(run(jax.random.split(KEY, 32)))
    x, graph = np.asarray(given.nodes), np.asarray(BATCH.node_graph)
    same = np.stack(
        [np.isclose(nodes, x)[:, REAL & (graph == number)].all((1, 2)) for number in range(4)]
    )
    # A graph stays as it is when both of its branches are left out: a quarter of the time.
    assert (same.sum(1) > 1).all() and (same.sum(1) < 20).all()
    assert len({tuple(column) for column in same.T}) > 4  # not all graphs together


def test_layer_scale_and_rezero_multiply_what_is_added():
    x = np.float64(features().nodes)
    for scale, start in ((nn.LayerScale, 1e-4), (nn.ReZero, 0.0)):
        module = nn.TransformerBlock(DIM, **HEADS, branch_scale=scale)
        params = jax.jit(
            lambda module=module: module.init(jax.random.key(0), features(), BATCH, train=False)
        )()
        out = module.apply(params, features(), BATCH, train=False)
        close(np.asarray(out.nodes)[REAL], x[REAL], 1e-2 if start else 1e-6)
        for name in ("scale_attention", "scale_feed_forward"):
            assert np.allclose(params["params"][name]["scale"], start)
    rows = nn.LayerScale(3).apply(
        {"params": {"scale": jnp.array([1.0, 2.0, 3.0])}}, jnp.ones((2, 3)), train=False
    )
    assert np.array_equal(rows, [[1, 2, 3]] * 2)
