import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import normalized_sum

# A loop, a duplicate, an edge that is masked; node 3 hears nobody.
SENDERS, RECEIVERS = np.array([1, 1, 2, 0, 3, 2]), np.array([0, 0, 2, 1, 1, 0])
WHERE = np.array([True] * 5 + [False])


@pytest.mark.parametrize("sender_degree", ["in", "out"])
def test_it_is_a_product_with_the_normalised_adjacency(sender_degree):
    values = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32)
    adjacency = np.eye(4)
    for sender, receiver in zip(SENDERS[WHERE], RECEIVERS[WHERE], strict=True):
        adjacency[receiver, sender] += sender != receiver
    into, out = adjacency.sum(1), adjacency.sum(0 if sender_degree == "out" else 1)
    found = normalized_sum(
        jnp.asarray(values),
        jnp.asarray(SENDERS),
        jnp.asarray(RECEIVERS),
        where=jnp.asarray(WHERE),
        sender_degree=sender_degree,
    )
    weights = adjacency / np.sqrt(into[:, None] * out)
    np.testing.assert_allclose(found, np.einsum("ij,jhd->ihd", weights, values), rtol=1e-5)
