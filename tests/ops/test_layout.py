import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from gtx.ops.layout import (
    Tier,
    edge_pairs,
    make_layout,
    pair_ends,
    pair_mask,
    split_pairs,
    split_slots,
    to_nodes,
    to_slots,
)

TIERS = (Tier(3, 4), Tier(2, 6))
N_NODE = np.array([3, 0, 4, 5, 1])
NUM_NODES = 16  # three are padding
CASES = {
    "usual": (N_NODE, NUM_NODES, TIERS),
    "all empty": (np.zeros(5, int), 3, TIERS),
    "no padding": (N_NODE, 13, TIERS),
    "no tiers": (np.zeros(0, int), 4, ()),
    "empty tiers": (np.array([2]), 3, (Tier(0, 5), Tier(1, 2), Tier(0, 3))),
}


def on_device(layout):
    return jax.tree.map(jnp.asarray, layout)


def brute_force(n_node, num_nodes, tiers):
    """Slots node by node, pairs pair by pair."""
    slots, pairs, node, graph = [], {}, 0, 0
    pair = 0
    for num_graphs, size in tiers:
        for _ in range(num_graphs):
            count = n_node[graph]
            slots += [node + place if place < count else num_nodes for place in range(size)]
            for receiver in range(size):
                for sender in range(size):
                    if receiver < count and sender < count:
                        pairs[node + receiver, node + sender] = pair
                    pair += 1
            node += count
            graph += 1
    return slots, pairs


@pytest.mark.parametrize("case", CASES)
def test_slots_and_pairs_equal_brute_force_in_numpy_and_jax(case):
    n_node, num_nodes, tiers = CASES[case]
    slots, pairs = brute_force(n_node, num_nodes, tiers)
    host = make_layout(n_node, num_nodes, tiers)
    device = make_layout(jnp.asarray(n_node), num_nodes, tiers, xp=jnp)
    for layout in (host, device):
        assert (layout.num_nodes, layout.num_slots) == (num_nodes, len(slots))
        assert layout.slots.dtype == layout.node_slots.dtype == np.int32
        np.testing.assert_array_equal(layout.slots, np.array(slots, np.int32))
        inverse = np.full(num_nodes, len(slots))
        for slot, node in enumerate(slots):
            if node < num_nodes:
                inverse[node] = slot
        np.testing.assert_array_equal(layout.node_slots, inverse)
        mask = np.zeros(layout.num_pairs, bool)
        mask[list(pairs.values())] = True
        np.testing.assert_array_equal(pair_mask(layout), mask)


def test_edge_pairs_equal_brute_force_and_skip_padding():
    _, pairs = brute_force(N_NODE, NUM_NODES, TIERS)
    receivers, senders = np.array([*pairs, (14, 14), (15, 2)]).T
    layout = make_layout(N_NODE, NUM_NODES, TIERS)
    expected = [*pairs.values(), layout.num_pairs, layout.num_pairs]
    np.testing.assert_array_equal(edge_pairs(senders, receivers, layout), expected)
    on_device_pairs = edge_pairs(jnp.asarray(senders), jnp.asarray(receivers), on_device(layout))
    np.testing.assert_array_equal(on_device_pairs, expected)


def test_slots_are_views_by_tier_with_the_receiver_first():
    layout = on_device(make_layout(N_NODE, NUM_NODES, TIERS))
    small, large = split_slots(to_slots(jnp.arange(1, 17), layout), TIERS)
    np.testing.assert_array_equal(small, [[1, 2, 3, 0], [0] * 4, [4, 5, 6, 7]])
    np.testing.assert_array_equal(large, [[8, 9, 10, 11, 12, 0], [13] + [0] * 5])
    pairs = split_pairs(jnp.arange(layout.num_pairs), TIERS)
    assert [part.shape for part in pairs] == [(3, 4, 4), (2, 6, 6)]
    assert pairs[1][1, 2, 3] == 3 * 16 + 36 + 2 * 6 + 3


def test_nodes_come_back_and_padding_comes_back_zero():
    layout = on_device(make_layout(N_NODE, NUM_NODES, TIERS))
    nodes = jnp.arange(1.0, 33).reshape(16, 2).at[13:].set(jnp.nan)
    back = to_nodes(to_slots(nodes, layout), layout)
    np.testing.assert_array_equal(back[:13], nodes[:13])
    np.testing.assert_array_equal(back[13:], 0)


def test_gradients_of_first_and_second_order_are_those_of_plain_indexing():
    layout = on_device(make_layout(N_NODE, NUM_NODES, TIERS))
    weights = jnp.arange(1.0, 19) / 10

    @jax.jit
    def there_and_back(nodes):
        slots = to_slots(nodes, layout) * weights[: layout.num_slots].sum()
        return (to_nodes(slots**3, layout) ** 2).sum()

    nodes = jnp.linspace(-0.2, 0.3, 16)
    with jax.enable_x64(True):
        check_grads(there_and_back, (jnp.asarray(nodes, jnp.float64),), order=2, modes=["rev"])
    cotangent = jnp.arange(24.0)
    _, pull = jax.vjp(lambda nodes: to_slots(nodes, layout), nodes)
    _, plain = jax.vjp(
        lambda nodes: jnp.take(nodes, layout.slots, mode="fill", fill_value=0), nodes
    )
    np.testing.assert_array_equal(pull(cotangent)[0], plain(cotangent)[0])


def test_a_layout_is_a_tree_whose_tiers_are_static():
    layout = on_device(make_layout(N_NODE, NUM_NODES, TIERS))
    assert len(jax.tree.leaves(layout)) == 2
    assert jax.jit(lambda layout: layout.slots.sum() + layout.num_pairs)(layout) > 0


@pytest.mark.parametrize(
    ("n_node", "num_nodes", "message"),
    [
        ([5, 2], 7, r"graph 0 has 5 nodes, and its place .* has room for 3"),
        ([2, -1], 7, "graph 1 has -1 nodes"),
        ([2, 2, 2], 7, r"shape \[3\], but the tiers have 2 places"),
        ([3, 3], 4, "the graphs have 6 nodes, more than num_nodes, 4"),
    ],
)
def test_graphs_that_do_not_fit_are_refused(n_node, num_nodes, message):
    with pytest.raises(ValueError, match=message):
        make_layout(np.array(n_node), num_nodes, (Tier(2, 3),))


def test_the_ends_of_pairs_are_the_nodes_of_their_slots():
    layout = make_layout(np.array([2, 1, 3]), 7, (Tier(2, 2), Tier(1, 4)))
    real = pair_mask(layout)
    receivers, senders = pair_ends(layout)
    np.testing.assert_array_equal(receivers[real], [0, 0, 1, 1, 2, *np.repeat([3, 4, 5], 3)])
    np.testing.assert_array_equal(senders[real], [0, 1, 0, 1, 2, *np.tile([3, 4, 5], 3)])
    assert receivers.shape == senders.shape == real.shape == (24,)
    assert np.isin([receivers, senders], np.arange(7)).all()
    pairs = edge_pairs(senders[real], receivers[real], layout)
    np.testing.assert_array_equal(pairs, np.flatnonzero(real))
