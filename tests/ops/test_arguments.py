"""Mistakes at the doors of message passing, segments, pooling and layouts; ids of narrow types."""

import jax
import jax.numpy as jnp
import jraph
import numpy as np
import pytest

from gtx import ops
from gtx.ops import Layout, Tier, make_layout

X = jnp.ones((3, 2))
SENDERS, RECEIVERS = jnp.asarray([0, 1, 2, 0]), jnp.asarray([0, 0, 1, 2])
GRAPH = jraph.GraphsTuple(X, None, RECEIVERS, SENDERS, None, jnp.asarray([3]), jnp.asarray([4]))
LAYOUT = make_layout(np.array([2]), 3, (Tier(1, 2),))
EDGE_VALUES, NODE_GRAPH = jnp.ones(4), jnp.asarray([0, 0, 1])
SEGMENTS = ("sum", "mean", "max", "min", "std", "softmax")


def send(nodes=X, senders=SENDERS, receivers=RECEIVERS, message=None, update=None, **options):
    return ops.message_passing(
        nodes,
        senders,
        receivers,
        message=message or (lambda i, j, e: j),
        update=update or (lambda node, arrived: arrived),
        **options,
    )


def reduce(name, values=EDGE_VALUES, ids=RECEIVERS, count=3, **options):
    return getattr(ops, f"segment_{name}")(values, ids, count, **options)


def pool(nodes=X, node_graph=NODE_GRAPH, num_graphs=2, **options):
    return ops.pool(nodes, node_graph, num_graphs, **options)


def layout(n_node=(2,), num_nodes=3, tiers=((1, 2),), **options):
    return make_layout(n_node, num_nodes, tiers, **options)


MISTAKES = {
    "a GraphsTuple as nodes": (lambda: send(GRAPH), "got a GraphsTuple; pass its fields"),
    "no nodes": (lambda: send({}), "nodes hold no array"),
    "nodes without an axis": (lambda: send(jnp.float32(1)), "must have shape"),
    "nodes as a list": (lambda: send([[1.0, 2.0]]), "nodes .* must be an array"),
    "trees of different lengths": (lambda: send([X, X[:2]]), "one row for each of the 3 nodes"),
    "edge_index for senders": (
        lambda: send(senders=jnp.stack([SENDERS, RECEIVERS])),
        "senders must have one axis.*row 0 and receivers row 1",
    ),
    "float senders": (lambda: send(senders=SENDERS * 1.0), r"senders must be integers.*astype"),
    "bool receivers": (lambda: send(receivers=RECEIVERS > 0), "receivers must be integers"),
    "no receivers": (lambda: send(receivers=None), "receivers must be integers .*NoneType"),
    "fewer receivers": (lambda: send(receivers=RECEIVERS[:2]), "of the 4 senders"),
    "edges of nodes": (lambda: send(edges=X), "edges must have one row for each of the 4 edges"),
    "no function": (lambda: send(message=3), "message must be a function, got int"),
    "no update": (lambda: send(update="add"), "update must be a function, got str"),
    "a message for all": (lambda: send(message=lambda i, j, e: j.sum()), "must have shape"),
    "a message too few": (lambda: send(message=lambda i, j, e: j[:2]), "of the 4 edges"),
    "no message": (lambda: send(message=lambda i, j, e: {}), "messages hold no array"),
    "unknown aggregation": (lambda: send(method="median"), "no aggregation 'median'; there are s"),
    "aggregation as a function": (lambda: send(method=jnp.sum), "no aggregation <"),
    "softmax without logits": (lambda: send(method="softmax"), "pair .logits, values."),
    "softmax of other heads": (
        lambda: ops.aggregate((jnp.ones((4, 2)), jnp.ones((4, 3))), RECEIVERS, 3, method="softmax"),
        r"axes of their logits first: \[4, 2\]",
    ),
    "softmax of integers": (
        lambda: ops.aggregate((jnp.ones(4), jnp.ones(4, int)), RECEIVERS, 3, method="softmax"),
        "messages must hold floats and is int32",
    ),
    "mean of integers": (
        lambda: send(jnp.ones((3, 2), int), method="mean"),
        "values must hold floats and is int32, to which its result would be rounded",
    ),
    "where of numbers": (lambda: send(where=jnp.ones(4)), "where must be bool.*where != 0"),
    "where of nodes": (lambda: send(where=jnp.ones(3, bool)), r"where must have shape \[4\]"),
    "where as a list": (lambda: send(where=[True] * 4), "where must be an array"),
    "receivers of floats": (
        lambda: ops.aggregate(jnp.ones(4), RECEIVERS * 1.0, 3),
        "receivers must be integers",
    ),
    "number of receivers as an array": (
        lambda: ops.aggregate(jnp.ones(4), RECEIVERS, jnp.ones(3)),
        "num_receivers must be an int",
    ),
    "bool sum": (lambda: reduce("sum", RECEIVERS > 0), "segment_count counts bools"),
    "negative number": (lambda: reduce("sum", count=-1), "that is not negative, got -1"),
    "float number": (lambda: reduce("sum", count=3.0), "must be an int"),
    "traced number": (lambda: jax.jit(lambda n: reduce("sum", count=n))(3), "must be static"),
    "gather of a list": (lambda: ops.gather([1.0], RECEIVERS), "values must be an array"),
    "gather by floats": (lambda: ops.gather(X, jnp.ones(2)), "segment_ids must be integers"),
    "gather by a number": (lambda: ops.gather(X, 2), "segment_ids must be integers .* got int"),
    "count by a mask": (lambda: ops.segment_count(RECEIVERS > 0, 3), "must be integers and are b"),
    "pool integers": (lambda: pool(X.astype(int)), "nodes must hold floats"),
    "pool a GraphsTuple": (lambda: pool(GRAPH), "nodes must be an array .* got GraphsTuple"),
    "pool by n_node": (lambda: pool(node_graph=jnp.asarray([2, 1])), "each of the 3 nodes"),
    "pool by one-hots": (lambda: pool(node_graph=jnp.ones((3, 2), int)), "must have one axis"),
    "unknown pooling": (lambda: pool(method="median"), "no pooling 'median'; there are sum, mean"),
    "pool to n_node": (lambda: pool(num_graphs=jnp.asarray([2, 1])), "num_graphs must be an int"),
    "pool without a number": (lambda: pool(num_graphs=None), "num_graphs must be an int"),
    "tiers as numbers": (lambda: layout(tiers=(1, 2)), "pairs of ints .num_graphs, size"),
    "tier of floats": (lambda: layout(tiers=((1, 2.0),)), "pairs of ints"),
    "tier of three": (lambda: layout(tiers=((1, 2, 3),)), "pairs of ints"),
    "no tiers": (lambda: layout(tiers=None), "pairs of ints"),
    "negative tier": (lambda: layout(tiers=((1, -2),)), "negative"),
    "one number of nodes": (lambda: layout(n_node=2), r"n_node must be integers \[entries\]"),
    "float n_node": (lambda: layout(n_node=np.array([1.5])), "n_node must be integers"),
    "more graphs": (lambda: layout(n_node=[1, 1]), "the tiers have 1 places"),
    "more graphs, traced": (
        lambda: layout(n_node=jnp.asarray([1, 1]), xp=jnp),
        "one row for each of the 1 places",
    ),
    "too large": (lambda: layout(n_node=[3]), "graph 0 has 3 nodes"),
    "float num_nodes": (lambda: layout(num_nodes=3.0), "num_nodes must be an int"),
    "a traced layout": (
        lambda: jax.jit(lambda n: layout(n_node=n).slots)(jnp.asarray([2])),
        "traced; inside of jit pass xp=jax.numpy",
    ),
    "another module": (lambda: layout(xp=jax), "xp must be numpy or jax.numpy"),
    "slots of other nodes": (lambda: ops.to_slots(X[:2], LAYOUT), "3 nodes of the layout"),
    "nodes of other slots": (lambda: ops.to_nodes(X, LAYOUT), "2 slots of the layout"),
    "slots without a layout": (lambda: ops.to_slots(X, (Tier(1, 2),)), "layout must be a Layout"),
    "views of other tiers": (lambda: ops.split_slots(X, (Tier(1, 2),)), "2 slots of the tiers"),
    "pairs of other tiers": (lambda: ops.split_pairs(X, (Tier(1, 2),)), "4 pairs of the tiers"),
    "pairs of float ids": (
        lambda: ops.edge_pairs(SENDERS * 1.0, RECEIVERS, LAYOUT),
        "senders must be integers",
    ),
    "pairs of an edge_index": (
        lambda: ops.edge_pairs(jnp.stack([SENDERS, RECEIVERS]), RECEIVERS, LAYOUT),
        "edge_index",
    ),
    "pairs without a layout": (
        lambda: ops.edge_pairs(SENDERS, RECEIVERS, None),
        "layout must be a Layout, got None\\.",
    ),
    "pairs of a number": (lambda: ops.pair_mask(3), "layout must be a Layout, got int"),
    "noise of a key": (
        lambda: ops.keep_mask(jax.random.key(0), 0.5, RECEIVERS),
        "key_bits makes them of a jax PRNG key",
    ),
    "a masked array": (
        lambda: ops.segment_sum(np.ma.masked_array(np.ones(4), mask=True), RECEIVERS, 3),
        "values is a masked array",
    ),
    "a broken layout": (
        lambda: ops.to_slots(X, Layout(np.arange(3), np.arange(3), (Tier(1, 2),))),
        "3 slots, but its tiers",
    ),
}
for name in SEGMENTS:
    MISTAKES |= {
        f"{name} of a list": (lambda n=name: reduce(n, [1.0]), "must be an array"),
        f"{name} by floats": (lambda n=name: reduce(n, ids=jnp.ones(4)), "must be integers"),
        f"{name} by fewer ids": (lambda n=name: reduce(n, ids=RECEIVERS[:2]), "of the 4 entries"),
        f"{name} without a number": (lambda n=name: reduce(n, count=None), "must be an int"),
        f"{name} of one number": (lambda n=name: reduce(n, jnp.float32(1)), "must have shape"),
    }
    if name != "sum":
        MISTAKES[f"{name} of integers"] = (
            lambda n=name: reduce(n, jnp.arange(4)),
            "must hold floats and is int32",
        )


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.usefixtures("unchecked_types")
def test_a_mistake_is_refused_in_words_that_say_what_to_pass(name):
    mistake, message = MISTAKES[name]
    with pytest.raises((TypeError, ValueError), match=message):
        mistake()


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16])
@pytest.mark.usefixtures("unchecked_types")
def test_ids_of_a_narrow_type_reach_all_they_hold(dtype):
    """More segments than the type counts: a sum of an id and their number would overflow."""
    rng = np.random.default_rng(0)
    count = 70_000 if dtype == np.int16 else 300
    ids = np.sort(rng.integers(0, 120, 50))
    values = jnp.asarray(rng.normal(size=50), jnp.float32)
    table = jnp.arange(float(count))
    for given in (ids.astype(dtype), jnp.asarray(ids, dtype)):
        for name in SEGMENTS:
            expected = reduce(name, values, jnp.asarray(ids), count)
            np.testing.assert_array_equal(reduce(name, values, given, count), expected)
        np.testing.assert_array_equal(ops.gather(table, given), ids)
        out = ops.message_passing(
            table, given, given, message=lambda i, j, e: j, update=lambda node, arrived: arrived
        )
        np.testing.assert_array_equal(out[:120], ids @ (ids[:, None] == np.arange(120)))
        large = make_layout([200, 20], 300, ((2, 200),))
        pairs = ops.edge_pairs(given, given, large)
        np.testing.assert_array_equal(pairs, ops.edge_pairs(ids, ids, large))


@pytest.mark.usefixtures("unchecked_types")
def test_lists_and_pairs_of_numbers_are_taken():
    made, expected = layout(), make_layout(np.array([2]), 3, (Tier(1, 2),))
    assert made.tiers == expected.tiers and isinstance(made.tiers[0], Tier)
    np.testing.assert_array_equal(made.slots, expected.slots)
    np.testing.assert_array_equal(send(senders=[0, 1], receivers=[1, 1]), [[0, 0], [2, 2], [0, 0]])
    assert send(senders=[], receivers=[]).shape == X.shape
