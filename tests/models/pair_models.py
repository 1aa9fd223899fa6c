"""What tests of models with features of pairs share."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

import gtx
from gtx.data import Categorical, Dataset, GraphSpec, Label
from gtx.encodings import RRWP
from gtx.structures import Complete
from tests.variables import quick_jit, random_variables

WALKS = (RRWP(walk_length=21),)


def molecules(types=21, encodings=WALKS, lengths=(3, 4)):
    """Paths with an isolated node each, encoded, with complete graphs beside their edges."""
    rng, graphs = np.random.default_rng(0), []
    for length in lengths:
        ahead = np.arange(length - 1)
        graphs.append(
            gtx.graphs.from_arrays(
                np.concatenate([ahead, ahead + 1]),
                np.concatenate([ahead + 1, ahead]),
                n_node=[length + 1],
                nodes={"type": rng.integers(0, types, (length + 1, 1))},
                edges={"type": rng.integers(0, 4, (2 * length - 2, 1))},
            )
        )
    spec = GraphSpec(
        nodes={"type": Categorical((types,))},
        edges={"type": Categorical((4,))},
        label=Label("graph", "regression", 1),
    )
    dataset = Dataset.from_graphs(graphs, np.ones((len(graphs), 1), np.float32), spec=spec)
    dataset = gtx.encodings.apply(dataset, list(encodings))
    return gtx.structures.apply(dataset, [Complete(loops=True)])


def assert_dense_equals_listed(kind, **fields):
    """A small model over all pairs, and over the edges of a complete graph, in float64."""
    dataset = molecules()
    batch = gtx.batching.batch_graphs(dataset)
    fields = dict(dim=8, num_layers=2, num_heads=2, head_layers=1, **fields)
    exact = dict(dtype="float64", param_dtype="float64")
    with jax.enable_x64(True):
        dense, listed = (
            kind(structure=structure, **fields, **exact).build(dataset.spec, encodings=[RRWP()])
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
    assert kind(structure="edges").needs().structures == ("complete",)
