import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import Edges, aggregate, attention, message_passing, segment_softmax

SENDERS = jnp.asarray([1, 2, 2, 0, 0, 3])
RECEIVERS = jnp.asarray([0, 0, 1, 1, 1, 3])  # node 2 receives nothing, the edge 0 -> 1 is double
NODES = jnp.asarray([[1.0, 2], [3, 4], [5, 6], [jnp.nan, jnp.nan]])
WHERE = jnp.asarray([True] * 5 + [False])


def step(nodes, method="sum"):
    return message_passing(
        nodes,
        SENDERS,
        RECEIVERS,
        message=lambda receiver, sender, edge: sender * edge,
        update=lambda node, arrived: arrived,
        edges=jnp.asarray([1.0, 10, 1, 1, 1, 1])[:, None],
        method=method,
        where=WHERE,
        indices_are_sorted=True,
    )


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("sum", [[53, 64], [7, 10], [0, 0], [0, 0]]),
        ("mean", [[26.5, 32], [7 / 3, 10 / 3], [0, 0], [0, 0]]),
        ("max", [[50, 60], [5, 6], [0, 0], [0, 0]]),
        ("min", [[3, 4], [1, 2], [0, 0], [0, 0]]),
    ],
)
def test_messages_run_from_sender_to_receiver(method, expected):
    np.testing.assert_allclose(step(NODES, method), expected, rtol=1e-6)


def test_a_masked_edge_sends_no_gradient():
    gradient = jax.grad(lambda nodes: step(nodes).sum())(NODES)
    np.testing.assert_allclose(gradient, [[2, 2], [1, 1], [11, 11], [0, 0]])


def test_what_a_masked_edge_holds_reaches_no_gradient():
    """NaN at the edge and at an end of it: neither ends nor parameters of the message see it."""
    nodes = jnp.asarray([1.0, 2, jnp.nan, 4])
    edges = jnp.asarray([1.0, jnp.nan, jnp.nan, 2])
    senders, receivers = jnp.asarray([0, 1, 2, 3]), jnp.asarray([1, 0, 3, 0])
    where = jnp.asarray([True, False, False, True])

    def loss(nodes, edges, weight):
        out = message_passing(
            *(nodes, senders, receivers),
            message=lambda i, j, e: weight * i * j * e,
            update=lambda node, arrived: arrived,
            edges=edges,
            where=where,
        )
        return out.sum(), out

    gradients, out = jax.grad(loss, argnums=(0, 1, 2), has_aux=True)(nodes, edges, 3.0)
    np.testing.assert_array_equal(out, [3 * 1 * 4 * 2, 3 * 2 * 1 * 1, 0, 0])
    np.testing.assert_array_equal(gradients[0], [24 + 6, 3, 0, 6])
    np.testing.assert_array_equal(gradients[1], [6, 0, 0, 12])
    assert gradients[2] == 10


def test_update_sees_the_node_and_its_messages_as_trees():
    nodes = {"a": jnp.ones((2, 1)), "b": jnp.zeros((2, 2))}
    result = message_passing(
        nodes,
        jnp.asarray([0]),
        jnp.asarray([1]),
        message=lambda receiver, sender, edge: {"m": sender["a"] + receiver["a"]},
        update=lambda node, arrived: node["a"] + arrived["m"],
    )
    np.testing.assert_allclose(result, [[1], [3]])


def test_attention_is_message_passing_with_a_softmax():
    """Equations 14 and 15 of Joshi (2025), written with the frame of equations 11 to 13."""
    rng = np.random.default_rng(0)
    query, key, value = (jnp.asarray(rng.normal(size=(4, 1, 3)), jnp.float32) for _ in range(3))
    logits = (query[RECEIVERS] * key[SENDERS]).sum(-1)
    weights = segment_softmax(logits, RECEIVERS, 4, where=WHERE)
    expected = message_passing(
        value,
        SENDERS,
        RECEIVERS,
        message=lambda receiver, sender, weight: weight[..., None] * sender,
        update=lambda node, arrived: arrived,
        edges=weights,
    )
    result = attention(query, key, value, Edges(SENDERS, RECEIVERS, where=WHERE), scale=1.0)
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_aggregate_reduces_a_tree():
    messages = {"one": jnp.ones(6), "two": jnp.ones((6, 2))}
    result = aggregate(messages, RECEIVERS, 4, where=WHERE)
    np.testing.assert_array_equal(result["one"], [2, 3, 0, 0])
    np.testing.assert_array_equal(result["two"][:, 1], [2, 3, 0, 0])


@pytest.mark.parametrize("dtype, tolerance", [(jnp.float32, 1e-6), (jnp.bfloat16, 1e-2)])
def test_softmax_weighs_messages_of_any_shape_and_ignores_masked_ones(dtype, tolerance):
    logits = jnp.asarray([1e4, 1e4 - 1, -1e4, -1e4 - 2, jnp.nan, jnp.nan], jnp.float32)
    values = jnp.asarray([[1.0], [2], [3], [4], [jnp.nan], [jnp.nan]], dtype)
    where = jnp.asarray([True] * 4 + [False] * 2)  # one beside real edges, one alone

    def reduce(logits, values):
        messages = logits, {"row": values, "grid": jnp.stack([values, values], axis=1)}
        out = aggregate(messages, RECEIVERS, 4, method="softmax", where=where)
        return out, sum(jnp.sum(v.astype(jnp.float32)) for v in out.values())

    out, _ = reduce(logits, values)
    one, two = np.exp([0, -1]) / np.exp([0, -1]).sum(), np.exp([0, -2])
    two = two / two.sum()
    expected = [one @ [1, 2], two @ [3, 4], 0, 0]
    assert out["row"].dtype == dtype
    np.testing.assert_allclose(out["row"][:, 0], expected, rtol=tolerance)
    np.testing.assert_array_equal(out["grid"], np.stack([out["row"]] * 2, axis=1))
    gradients = jax.grad(lambda *args: reduce(*args)[1], argnums=(0, 1))(logits, values)
    assert all(np.isfinite(np.float32(g)).all() for g in gradients)
    assert not any(g[4:].any() for g in gradients) and gradients[0][0] != 0


def test_softmax_without_logits_and_unknown_reductions_are_refused():
    with pytest.raises(ValueError, match="pair .logits, values."):
        aggregate(jnp.ones(6), RECEIVERS, 4, method="softmax")
    with pytest.raises(Exception, match="median|Literal"):
        aggregate(jnp.ones(6), RECEIVERS, 4, method="median")
