import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from gtx.nn import initializers
from tests.batches import DIM, NUM_ATOMS, NUM_BONDS
from tests.nn.layers import BATCH, KEY, REAL, REAL_EDGES, affine, close, encode

partial = functools.partial
MASK = np.asarray(BATCH.graph_mask)
NODES = jax.tree.map(np.float64, BATCH.graph.nodes)


def test_categories_are_looked_up_in_their_part_of_the_table_and_summed():
    params, out = encode(nn.CategoricalEncoder("atom", NUM_ATOMS, DIM))
    table, atoms = params["embedding"], np.asarray(BATCH.graph.nodes["atom"])
    assert table.shape == (sum(NUM_ATOMS), DIM)
    close(out[REAL], (table[atoms[:, 0]] + table[5 + atoms[:, 1]])[REAL])
    assert not out[~REAL].any()


def test_a_column_of_one_feature_may_have_one_axis():
    params, out = encode(nn.CategoricalEncoder("bond", NUM_BONDS, DIM, level="edge"))
    close(out[REAL_EDGES], params["embedding"][np.asarray(BATCH.graph.edges["bond"])][REAL_EDGES])


def test_each_part_of_the_table_is_initialised_by_its_own_size():
    encoder = nn.CategoricalEncoder("atom", (5, 3), 500, embedding_init=initializers.xavier_uniform)
    table = encode(encoder)[0]["embedding"]
    for part, size in ((table[:5], 5), (table[5:], 3)):
        assert 0.97 < np.abs(part).max() / np.sqrt(6 / (500 + size)) <= 1.0001


def test_wrong_categories_are_refused_by_name():
    with pytest.raises(ValueError, match="'atom' has 2 features, but sizes has 1"):
        encode(nn.CategoricalEncoder("atom", (5,), DIM))
    with pytest.raises(TypeError, match="'x' is float32"):
        encode(nn.CategoricalEncoder("x", (2,) * DIM, DIM))
    with pytest.raises(ValueError, match=r"no node column 'atoms'; it has \['atom', "):
        encode(nn.CategoricalEncoder("atoms", (5,), DIM))


def test_a_constant_is_the_same_vector_in_every_real_row():
    params, out = encode(nn.ConstantEncoder(DIM, level="edge"))
    close(out, REAL_EDGES[:, None] * params["embedding"])


def test_a_linear_encoder_reads_any_level():
    params, out = encode(nn.LinearEncoder("x", 5, level="graph"))
    expected = affine(np.float64(BATCH.graph.globals["x"]), params["linear"])
    close(out, np.where(MASK[:, None], expected, 0))


def test_pairs_are_encoded_as_rows_are_and_padding_is_0():
    real, pairs = np.asarray(BATCH.pair_mask), BATCH.pairs
    sizes = (int(pairs["paths"].max()) + 1,)
    params, out = encode(nn.CategoricalEncoder("paths", sizes, DIM, level="pair"))
    close(out[real], params["embedding"][np.asarray(pairs["paths"])[real, 0]])
    params, linear = encode(nn.LinearEncoder("x", 5, level="pair"))
    close(linear[real], affine(np.float64(pairs["x"])[real], params["linear"]))
    assert real.sum() == 62 < len(real) and not out[~real].any() and not linear[~real].any()


def test_random_walks_are_normalised_over_the_real_nodes_first():
    params, out = encode(nn.RandomWalkEncoder("rwse", 5), train=True)
    raw = NODES["rwse"][REAL]
    expected = affine((raw - raw.mean(0)) / np.sqrt(raw.var(0) + 1e-5), params["linear"])
    close(out[REAL], expected, 1e-4)


ATOM = partial(nn.CategoricalEncoder, sizes=NUM_ATOMS)


def test_encodings_take_their_width_and_node_columns_share_the_rest():
    embed = nn.Embed(
        DIM,
        nodes={"atom": ATOM, "x": nn.LinearEncoder},
        encodings={"rwse": partial(nn.RandomWalkEncoder, dim=3)},
        edges={"bond": partial(nn.CategoricalEncoder, sizes=NUM_BONDS), "x": nn.LinearEncoder},
        graphs={"x": nn.LinearEncoder},
    )
    params, out = encode(embed)
    atoms = np.asarray(BATCH.graph.nodes["atom"])
    table = params["node_atom"]["embedding"]
    nodes = table[atoms[:, 0]] + table[5 + atoms[:, 1]]
    nodes += affine(NODES["x"], params["node_x"]["linear"])
    walks = affine(NODES["rwse"] / np.sqrt(1 + 1e-5), params["node_rwse"]["linear"])
    close(out.nodes[REAL], np.concatenate([nodes, walks], axis=1)[REAL])
    edges = params["edge_bond"]["embedding"][np.asarray(BATCH.graph.edges["bond"])]
    edges += affine(np.float64(BATCH.graph.edges["x"]), params["edge_x"]["linear"])
    close(out.edges[REAL_EDGES], edges[REAL_EDGES])
    assert out.pairs is None and out.graphs.shape == (5, DIM)


def test_pairs_may_have_a_width_of_their_own():
    columns = {"x": nn.LinearEncoder, "paths": partial(nn.CategoricalEncoder, sizes=(7,))}
    for pair_dim, width in ((None, DIM), (3, 3)):
        params, out = encode(nn.Embed(DIM, {"atom": ATOM}, pairs=columns, pair_dim=pair_dim))
        expected = affine(np.float64(BATCH.pairs["x"]), params["pair_x"]["linear"])
        expected += params["pair_paths"]["embedding"][np.asarray(BATCH.pairs["paths"])[:, 0]]
        assert out.pairs.shape == (len(BATCH.pair_mask), width) and out.nodes.shape[1] == DIM
        close(out.pairs, np.where(BATCH.pair_mask[:, None], expected, 0))


@pytest.mark.parametrize("dim, nodes", [(8, {"atom": ATOM}), (12, {"atom": ATOM}), (4, {})])
def test_widths_that_do_not_add_up_are_refused(dim, nodes):
    encodings = {"rwse": partial(nn.RandomWalkEncoder, dim=dim)}
    with pytest.raises(ValueError, match="change dim or theirs"):
        encode(nn.Embed(DIM, nodes=nodes, encodings=encodings))


def test_encodings_alone_may_fill_the_width():
    embed = nn.Embed(DIM, nodes={}, encodings={"rwse": partial(nn.RandomWalkEncoder, dim=DIM)})
    assert encode(embed)[1].nodes.shape == (len(REAL), DIM)


def test_half_precision_columns_become_half_precision_features():
    embed = nn.Embed(DIM, {"atom": ATOM, "x": nn.LinearEncoder}, dtype=jnp.bfloat16)
    features, _ = embed.init_with_output(KEY, BATCH, train=False)
    assert features.nodes.dtype == jnp.bfloat16


def test_each_edge_set_has_encoders_of_its_own_and_a_set_without_columns_a_constant():
    edges = BATCH.edges_over(("graph",))
    far = edges.replace(mask=edges.mask & (edges.senders > 1), columns=dict(x=edges.columns["x"]))
    batch = BATCH.replace(edge_sets=dict(far=far, bare=far.replace(columns={})))
    encoder = nn.Embed(
        DIM,
        dict(atom=partial(nn.CategoricalEncoder, sizes=NUM_ATOMS)),
        edges=dict(bond=partial(nn.CategoricalEncoder, sizes=NUM_BONDS)),
        edge_sets=dict(far=dict(x=nn.LinearEncoder), bare=dict(constant=nn.ConstantEncoder)),
    )
    variables = encoder.init(KEY, batch, train=False)
    out, params = encoder.apply(variables, batch, train=False), variables["params"]
    expected = affine(np.float64(far.columns["x"]), params["edge_set_far_x"]["linear"])
    mask = np.asarray(far.mask)[:, None]
    assert 0 < mask.sum() < REAL_EDGES.sum()
    close(out.edge_sets["far"], np.where(mask, expected, 0))
    close(out.edge_sets["bare"], mask * params["edge_set_bare_constant"]["embedding"])
    assert out.edges_over(("graph", "far", "bare")).shape == (3 * len(mask), DIM)
    with pytest.raises(ValueError, match="graph.*cannot be one set"):
        out.replace(edge_sets={}).edges_over(("graph", "far"))
