import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from gtx.batch import Features
from gtx.nn.attention import edges_of
from gtx.ops import split_pairs, split_slots
from tests.batches import DIM, Graph, build_batch, random_graphs
from tests.nn import literal
from tests.nn.layers import (
    BATCH,
    KEY,
    NUM_NODES,
    REAL,
    RECEIVERS,
    SENDERS,
    affine,
    close,
    features,
    run,
    run_exactly,
    sigmoid,
)
from tests.variables import quick_jit

GROUP = np.asarray(BATCH.node_graph)
SAME_GRAPH = (GROUP[:, None] == GROUP[None]) & REAL[:, None] & REAL[None]


def reference(params, x, counts, bias=0.0, num_heads=2, scale=None):
    """Multi-head attention where pair (i, j) counts `counts[i, j]` times, in float64."""
    x = np.float64(x)
    query, key, value = np.split(affine(x, params["query_key_value"]), 3, axis=1)
    shape = (NUM_NODES, num_heads, -1)
    query, key, value = (v.reshape(shape) for v in (query, key, value))
    scale = np.sqrt(num_heads / DIM) if scale is None else scale
    logits = scale * np.einsum("ihd,jhd->ijh", query, key) + bias
    weights = np.exp(logits) * counts[..., None]
    total = weights.sum(1, keepdims=True)
    weights = weights / np.where(total > 0, total, 1)
    out = np.einsum("ijh,jhd->ihd", weights, value).reshape(NUM_NODES, DIM)
    return affine(out, params["output"]), weights


def test_over_all_pairs_it_is_scaled_dot_product_attention_within_graphs():
    params, out, _ = run(nn.MultiHeadAttention(DIM, num_heads=2))
    expected, _ = reference(params, features().nodes, SAME_GRAPH)
    close(out.nodes[REAL], expected[REAL])


def test_with_scale_1_it_is_the_attention_of_the_paper():
    """Equations 5 to 8 of Joshi (2025) divide by no root."""
    params, out, _ = run_exactly(nn.MultiHeadAttention(DIM, num_heads=2, scale=1.0))
    expected, _ = reference(params, features().nodes, SAME_GRAPH, scale=1.0)
    close(out.nodes[REAL], expected[REAL], 1e-12)


def test_without_queries_it_is_the_mean_of_deep_sets():
    """Weights are uniform when all logits are 0: rho(mean_j phi(x_j)) of Zaheer et al. (2017)."""
    module, x = nn.MultiHeadAttention(DIM, num_heads=2), np.float64(features().nodes)
    params, _, _ = run_exactly(module)
    joint = params["query_key_value"]
    kernel, bias = (joint[name] * (np.arange(3 * DIM) >= DIM) for name in ("kernel", "bias"))
    params["query_key_value"] = dict(kernel=kernel, bias=bias)
    with jax.enable_x64(True):
        given = Features(nodes=jnp.asarray(x))
        out = module.apply({"params": params}, given, BATCH, train=False).nodes
    mean = SAME_GRAPH @ x / np.maximum(SAME_GRAPH.sum(1, keepdims=True), 1)
    values = mean @ kernel[:, 2 * DIM :] + bias[2 * DIM :]
    close(np.asarray(out)[REAL], affine(values, params["output"])[REAL], 1e-12)


def test_from_a_set_to_itself_cross_attention_is_self_attention():
    cross, module = nn.CrossAttention(DIM, num_heads=2), nn.MultiHeadAttention(DIM, num_heads=2)
    with jax.enable_x64(True):
        params, _, _ = run_exactly(module)
        joint = params["query_key_value"]
        split = {
            "query": {name: values[..., :DIM] for name, values in joint.items()},
            "key_value": {name: values[..., DIM:] for name, values in joint.items()},
            "output": params["output"],
        }
        given = jnp.asarray(np.float64(features().nodes))
        out, changed = cross.apply(
            {"params": split}, given, given, edges_of(BATCH), train=False, mutable=["intermediates"]
        )
        same = module.clone(structure="edges").apply(
            {"params": params}, Features(nodes=given), BATCH, train=False
        )
    close(out[REAL], np.asarray(same.nodes)[REAL], 1e-12)
    (weights,) = changed["intermediates"]["weights"]
    assert weights.shape == (len(BATCH.edge_mask), 2)


def test_over_edges_a_duplicate_counts_twice_and_no_edge_gives_the_output_bias():
    params, out, _ = run(nn.MultiHeadAttention(DIM, num_heads=2, structure="edges"))
    counts = np.zeros((NUM_NODES, NUM_NODES))
    np.add.at(counts, (RECEIVERS, SENDERS), 1)
    assert counts.max() > 1 and (counts.sum(1)[REAL] == 0).any()
    expected, _ = reference(params, features().nodes, counts)
    close(out.nodes[REAL], expected[REAL])


def test_over_the_edges_of_a_complete_graph_it_is_the_attention_over_pairs():
    def complete(graph):
        receivers, senders = np.divmod(np.arange(graph.size**2, dtype=np.int32), graph.size)
        edges = dict(x=graph.pairs["x"].reshape(-1, DIM))
        return Graph(graph.size, senders, receivers, graph.nodes, edges, graph.pairs, graph.globals)

    batch = build_batch([complete(graph) for graph in random_graphs()])
    pairs = nn.MultiHeadAttention(DIM, num_heads=2, pair_bias=True, dropout_rate=0.5)
    edges = pairs.clone(structure="edges")
    results = [run(module, batch, train=True)[1].nodes for module in (pairs, edges)]
    close(results[1], results[0])


def pairs_as_matrix(values):
    """Rows of pairs, float64 [nodes, nodes, width]; 0 between graphs."""
    matrix = np.zeros((NUM_NODES, NUM_NODES, values.shape[-1]))
    blocks = split_pairs(np.float64(values), BATCH.layout.tiers)
    tiers = split_slots(np.asarray(BATCH.layout.slots), BATCH.layout.tiers)
    for nodes, block in (
        (n, b) for pair in zip(tiers, blocks, strict=True) for n, b in zip(*pair, strict=True)
    ):
        real = nodes < NUM_NODES
        matrix[np.ix_(nodes[real], nodes[real])] = block[real][:, real]
    return matrix


def test_pair_features_bias_the_logits_and_the_weights_can_be_had():
    params, out, changed = run(nn.MultiHeadAttention(DIM, num_heads=2, pair_bias=True))
    (weights,) = changed["intermediates"]["weights"]
    bias = pairs_as_matrix(BATCH.pairs["x"]) @ params["pair_bias"]["kernel"]
    expected, expected_weights = reference(params, features().nodes, SAME_GRAPH, bias)
    close(out.nodes[REAL], expected[REAL])
    mask = np.asarray(BATCH.pair_mask)
    close(np.sort(weights[mask], axis=0), np.sort(expected_weights[SAME_GRAPH], axis=0))
    assert not weights[~mask].any()


def test_features_of_pairs_are_biases_and_a_gate_of_the_receiver_multiplies_each_head():
    module = nn.MultiHeadAttention(
        DIM, num_heads=DIM, pair_bias=True, shared_pair_bias=True, output_gate=True
    )

    def expected(params, rows):
        bias = pairs_as_matrix(rows["pairs"])
        gate = sigmoid(affine(rows["nodes"], params["output_gate"]))
        plain = dict(params, output=dict(kernel=np.eye(DIM), bias=np.zeros(DIM)))
        heads, _ = reference(plain, rows["nodes"], SAME_GRAPH, bias, num_heads=DIM)
        return {"nodes": affine(gate * heads, params["output"])}

    given = features().replace(edges=None, graphs=None)
    params = literal.assert_equals(module, expected, given)
    assert "pair_bias" not in params
    start = jax.jit(lambda: module.init(KEY, given, BATCH, train=False))()["params"]["output_gate"]
    assert (start["bias"] == 0.5).all()


def test_the_weights_over_edges_sum_to_one_at_each_receiver():
    _, _, changed = run(nn.MultiHeadAttention(DIM, num_heads=2, structure="edges"))
    (weights,) = changed["intermediates"]["weights"]
    sums = np.zeros((NUM_NODES, 2))
    np.add.at(sums, np.asarray(BATCH.receivers), weights)
    has_edge = np.isin(np.arange(NUM_NODES), RECEIVERS)
    close(sums, np.repeat(has_edge[:, None], 2, axis=1))


def test_where_leaves_out_pairs_whatever_their_features_hold():
    rng = np.random.default_rng(0)
    kept = rng.random(BATCH.layout.num_pairs) < 0.6
    slots = np.asarray(BATCH.layout.slots)
    counts = np.zeros((NUM_NODES + 1, NUM_NODES + 1), bool)
    blocks = split_pairs(kept, BATCH.layout.tiers)
    for tier, block in zip(split_slots(slots, BATCH.layout.tiers), blocks, strict=True):
        for nodes, pairs in zip(tier, block, strict=True):
            counts[np.ix_(nodes, nodes)] = pairs
    counts = SAME_GRAPH & counts[:-1, :-1]
    counts[0] = False  # a node that attends to nobody
    first = np.flatnonzero(slots == 0)[0]
    kept[pair_receivers() == first] = False
    given = features()
    given = given.replace(pairs=np.where(kept[:, None], given.pairs, np.nan))
    module = nn.MultiHeadAttention(DIM, num_heads=2)
    params, out, changed = run(module, given=given, where=jnp.asarray(kept))
    expected, _ = reference(params, given.nodes, counts)
    close(out.nodes[REAL], expected[REAL])
    close(out.nodes[0], params["output"]["bias"])
    (weights,) = changed["intermediates"]["weights"]
    assert not weights[~kept].any()
    biased = module.clone(pair_bias=True)
    assert np.isfinite(run(biased, given=given, where=jnp.asarray(kept))[1].nodes).all()


def pair_receivers():
    """The receiver's slot of each pair."""
    rows, start = [], 0
    for tier in BATCH.layout.tiers:
        count = tier.num_graphs * tier.size
        rows.append(np.repeat(start + np.arange(count), tier.size))
        start += count
    return np.concatenate(rows)


def test_where_leaves_out_edges_as_the_mask_of_the_batch_does():
    kept = jnp.asarray(np.random.default_rng(0).random(len(BATCH.edge_mask)) < 0.6)
    module = nn.MultiHeadAttention(DIM, num_heads=2, structure="edges", pair_bias=True)
    one = run(module, where=kept)[1].nodes
    other = run(module, BATCH.replace(edge_mask=BATCH.edge_mask & kept))[1].nodes
    np.testing.assert_array_equal(one, other)
    assert not np.allclose(one, run(module)[1].nodes)


def test_in_a_set_transformer_where_leaves_out_pairs():
    """With no pair but those of a node with itself, nodes know nothing of each other."""
    alone = np.concatenate(
        [np.tile(np.eye(t.size, dtype=bool).reshape(-1), t.num_graphs) for t in BATCH.layout.tiers]
    )
    given = features()
    changed = given.replace(nodes=given.nodes.at[1].add(1.0))
    module = nn.SetAttentionBlock(DIM, num_heads=2)
    for where, reaches in ((jnp.asarray(alone), False), (None, True)):
        one, other = (run(module, given=x, where=where)[1].nodes for x in (given, changed))
        assert not np.allclose(one[1], other[1])
        assert np.any(one[0] != other[0]) == reaches


@pytest.mark.parametrize("structure", ["complete", "edges"])
def test_a_mask_of_another_length_is_refused(structure):
    module = nn.MultiHeadAttention(DIM, structure=structure)
    with pytest.raises(ValueError, match="where"):
        run(module, where=jnp.ones(1, bool))


def test_dropout_acts_in_training_only_and_follows_the_key():
    module = nn.MultiHeadAttention(DIM, num_heads=2, dropout_rate=0.5)
    still = nn.MultiHeadAttention(DIM, num_heads=2)
    close(run(module)[1].nodes, run(still)[1].nodes)
    first, second = (run(module, train=True, seed=seed)[1].nodes for seed in (1, 2))
    assert not np.allclose(first[REAL], second[REAL])


def test_initial_values_are_pytorchs():
    module = nn.MultiHeadAttention(DIM)
    given = Features(nodes=jnp.zeros((NUM_NODES, DIM)))
    init = quick_jit(lambda: module.init(KEY, given, BATCH, train=False))
    params = init()["params"]
    largest = np.abs(params["query_key_value"]["kernel"]).max()
    assert 0.9 < largest / np.sqrt(6 / (4 * DIM)) <= 1
    assert not np.any(params["query_key_value"]["bias"]) and not np.any(params["output"]["bias"])


@pytest.mark.parametrize(
    "fields, message",
    [
        (dict(num_heads=3), "multiple of num_heads"),
        (dict(structure="edge"), "'complete'.*'edges'"),
        (dict(pair_bias=True), "needs pair features"),
        (dict(pair_bias=True, structure="edges"), "needs edge features"),
    ],
)
def test_what_cannot_work_is_refused(fields, message):
    with pytest.raises(Exception, match=message):
        run(nn.MultiHeadAttention(DIM, **fields), given=Features(nodes=features().nodes))


def test_a_shared_bias_of_another_width_than_the_heads_is_refused():
    with pytest.raises(ValueError, match="2 heads and 8 features"):
        run(nn.MultiHeadAttention(DIM, 2, pair_bias=True, shared_pair_bias=True))
