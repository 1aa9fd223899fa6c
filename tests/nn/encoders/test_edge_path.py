import functools

import flax
import jax
import numpy as np
import pytest

from gtx import nn
from gtx.batching import batch_graphs
from gtx.data import Dataset
from gtx.encodings import ShortestPaths, apply
from tests.batches import DIM, NUM_BONDS, build_batch, random_graphs
from tests.nn.layers import BATCH, REAL_EDGES, close
from tests.variables import quick_jit, random_variables

BOND = functools.partial(nn.CategoricalEncoder, sizes=NUM_BONDS)
PATHS = functools.partial(nn.EdgePathEncoder, edges={"bond": BOND})


@functools.cache
def compiled(column, settings=()):
    return quick_jit(functools.partial(PATHS(column, DIM, **dict(settings)).apply, train=False))


def run(batch=BATCH, column="paths", **options):
    encoder = PATHS(column, DIM, **options)
    key = jax.random.key(0)
    variables = random_variables(jax.eval_shape(lambda: encoder.init(key, batch, train=False)))
    out = compiled(column, tuple(options.items()))(variables, batch)
    return jax.tree.map(np.float64, variables["params"]), np.float64(out)


def graph_of(size, edges):
    """`edges` are (sender, receiver, bond); the pair column is the encoding's."""
    senders, receivers, bonds = np.array(edges, int).reshape(-1, 3).T
    return Dataset.from_columns(
        node_ptr=[0, size],
        edge_ptr=[0, len(edges)],
        senders=senders,
        receivers=receivers,
        edges=dict(bond=bonds),
    )


def both_ways(edges):
    return [*edges, *((receiver, sender, bond) for sender, receiver, bond in edges)]


def encode(size, edges, **options):
    """Parameters and the result [size, size, DIM] for one graph."""
    batch = batch_graphs(apply(graph_of(size, edges), [ShortestPaths()]))
    params, out = run(batch, "shortest_paths", **options)
    return params, out.reshape(size, size, DIM)


def along(params, bonds):
    """The mean over the hops in float64; an entry of `bonds` may be several parallel ones."""
    table, kernels = params["edge_bond"]["embedding"], params["kernel"]
    hops = zip(kernels, bonds, strict=False)
    return np.mean([table[np.atleast_1d(bond)].mean(0) @ kernel for kernel, bond in hops], axis=0)


def test_a_pair_gets_the_mean_over_its_path_from_the_receiver_on_each_hop_with_its_own_map():
    params, out = encode(4, both_ways([(0, 1, 2), (1, 2, 0), (2, 3, 3)]))
    close(out[0, 1], along(params, [2]))
    close(out[0, 3], along(params, [2, 0, 3]))
    close(out[3, 0], along(params, [3, 0, 2]))
    assert not np.allclose(out[0, 3], out[3, 0])
    assert not out[range(4), range(4)].any()


def test_of_a_long_path_the_first_hops_count_and_are_averaged():
    edges = both_ways([(node, node + 1, node % 4) for node in range(7)])
    params, out = encode(8, edges, max_hops=3)
    assert params["kernel"].shape == (3, 16, DIM)
    close(out[0, 7], along(params, [0, 1, 2]))
    close(out[7, 5], along(params, [2, 1]))
    params, out = encode(8, edges, max_hops=8)
    close(out[7, 0], along(params, [2, 1, 0, 3, 2, 1, 0]))


def test_parallel_edges_are_averaged_and_directions_have_their_own_features():
    params, out = encode(3, [(0, 1, 1), (0, 1, 3), (0, 1, 1), (1, 0, 2), (1, 2, 0), (1, 1, 3)])
    close(out[0, 2], along(params, [[1, 1, 3], 0]))
    close(out[1, 0], along(params, [2]))
    assert not out[2].any()  # no edge leaves it


def test_without_a_path_or_an_edge_it_is_0():
    assert not encode(4, [])[1].any()
    _, out = encode(5, both_ways([(0, 1, 1), (2, 3, 1)]))
    assert not out[:2, 2:].any() and not out[2:, :2].any() and out[2, 3].any()


def test_several_columns_of_edges_are_summed_and_may_have_a_width_of_their_own():
    encoders = flax.core.freeze(dict(bond=BOND, x=nn.LinearEncoder))
    params, out = run(edges=encoders, edge_dim=5, max_hops=1)
    edges = BATCH.graph.edges
    x = params["edge_bond"]["embedding"][np.asarray(edges["bond"])]
    x += np.float64(edges["x"]) @ params["edge_x"]["linear"]["kernel"]
    x += params["edge_x"]["linear"]["bias"]
    first = np.asarray(BATCH.senders)[0], np.asarray(BATCH.receivers)[0]
    alike = (np.asarray(BATCH.senders) == first[0]) & (np.asarray(BATCH.receivers) == first[1])
    place = first[0] * BATCH.layout.tiers[0].size + first[1]  # in the first graph
    assert first[0] != first[1]
    close(out[place], x[alike & REAL_EDGES].mean(0) @ params["kernel"][0])


def test_graphs_of_all_tiers_are_read_at_their_place_and_padding_is_0():
    graphs = random_graphs()
    together = build_batch(graphs, tiers=[(2, 7), (3, 4)], extra_edges=2, fill=np.nan)
    _, out = run(together)
    assert not out[~np.asarray(together.pair_mask)].any()
    starts = [0, 49, 2 * 49, 2 * 49 + 16]
    for graph, start, room in zip(graphs, starts, [7, 7, 4, 4], strict=True):
        alone = run(build_batch([graph], extra_edges=1))[1]
        found = out[start : start + room**2].reshape(room, room, DIM)[: graph.size, : graph.size]
        close(found.reshape(-1, DIM), alone)


def renumbered(edges, new):
    return [(new[sender], new[receiver], bond) for sender, receiver, bond in edges]


@pytest.mark.parametrize("seed", range(3))
def test_where_shortest_paths_are_unique_the_numbering_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    tree = [(int(rng.integers(node)), node, int(rng.integers(4))) for node in range(1, 9)]
    new = rng.permutation(9)
    before, after = (encode(9, both_ways(e))[1] for e in (tree, renumbered(tree, new)))
    close(after[new][:, new], before)


def test_where_they_are_not_it_does():
    square = both_ways([(0, 1, 0), (1, 2, 1), (2, 3, 2), (3, 0, 3)])
    new = np.array([0, 3, 2, 1])
    before, after = (encode(4, edges)[1] for edges in (square, renumbered(square, new)))
    assert np.abs(after[new][:, new] - before).max() > 0.1


def test_it_encodes_pairs_alone():
    with pytest.raises(ValueError, match="encodes pairs"):
        run(level="node")
    with pytest.raises(ValueError, match=r"no pair column 'path'; it has \['paths', .*'x'\]"):
        run(column="path")
