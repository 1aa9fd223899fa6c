"""GRIT: its published size, and one result over pairs and over the edges of a complete graph."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

import gtx
from gtx.data import Categorical, Dataset, GraphSpec, Label
from gtx.encodings import RRWP
from gtx.models import GRIT
from gtx.structures import Complete
from tests.variables import quick_jit, random_variables

SPEC = GraphSpec(
    nodes={"type": Categorical((21,))},
    edges={"type": Categorical((4,))},
    label=Label("graph", "regression", 1),
)


def molecules(lengths=(3, 4), isolated=1):
    """Paths with an isolated node each, with RRWP and complete graphs beside the edges."""
    rng = np.random.default_rng(0)
    graphs = []
    for length in lengths:
        ahead = np.arange(length - 1)
        graphs.append(
            gtx.graphs.from_arrays(
                np.concatenate([ahead, ahead + 1]),
                np.concatenate([ahead + 1, ahead]),
                n_node=[length + isolated],
                nodes={"type": rng.integers(0, 21, (length + isolated, 1))},
                edges={"type": rng.integers(0, 4, (2 * length - 2, 1))},
            )
        )
    dataset = Dataset.from_graphs(graphs, np.ones((len(graphs), 1), np.float32), spec=SPEC)
    dataset = gtx.encodings.apply(dataset, [RRWP(walk_length=21)])
    return gtx.structures.apply(dataset, [Complete(loops=True)])


def test_the_model_of_zinc_has_the_published_number_of_parameters():
    dataset = molecules()
    module = GRIT().build(dataset.spec, encodings=[RRWP(walk_length=21)])
    batch = gtx.batching.batch_graphs(dataset)
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), batch))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == 473_473


def test_small_graphs_run_dense_and_large_ones_along_edges_with_the_same_parameters():
    dataset = molecules()
    batch = gtx.batching.batch_graphs(dataset)
    small = dict(dim=8, num_layers=2, num_heads=2, head_layers=1)
    exact = dict(dtype="float64", param_dtype="float64")
    with jax.enable_x64(True):
        dense, listed = (
            GRIT(structure=structure, **small, **exact).build(dataset.spec, encodings=[RRWP()])
            for structure in ("complete", "edges")
        )
        shapes = jax.eval_shape(lambda: dense.init(jax.random.key(0), batch))
        variables = jax.tree.map(np.float64, random_variables(shapes))
        mine, theirs = (
            quick_jit(functools.partial(module.apply, train=False))(variables, batch)
            for module in (dense, listed)
        )
        assert mine.dtype == jnp.float64 and np.ptp(mine[:2]) > 1e-3
        np.testing.assert_allclose(mine[:2], theirs[:2], rtol=1e-10)
    assert GRIT(structure="edges").needs().structures == ("complete",)
