"""The same small graph network in haiku: a function that names its parameters."""

import haiku as hk
import jax
import jax.numpy as jnp
import optax

from gtx.ops import Edges, attention

NODES, EDGES, WIDTH, HEADS = 20, 60, 16, 4


@hk.without_apply_rng
@hk.transform
def model(x, edges):
    """One prediction per node: embed, attend over the edges, add, read out."""
    x = hk.Linear(WIDTH, name="embed")(x)
    query, key, value = jnp.split(hk.Linear(3 * WIDTH, name="query_key_value")(x), 3, axis=-1)
    heads = (NODES, HEADS, WIDTH // HEADS)
    message = attention(query.reshape(heads), key.reshape(heads), value.reshape(heads), edges)
    return hk.Linear(1, name="readout")(jax.nn.relu(x + message.reshape(NODES, WIDTH)))


@jax.jit
def train_step(params, state, x, y, edges):
    loss, gradients = jax.value_and_grad(
        lambda params: jnp.mean((model.apply(params, x, edges) - y) ** 2)
    )(params)
    updates, state = optimizer.update(gradients, state)
    return optax.apply_updates(params, updates), state, loss


keys = jax.random.split(jax.random.key(0), 5)
x, y = jax.random.normal(keys[0], (NODES, 8)), jax.random.normal(keys[1], (NODES, 1))
edges = Edges(*(jax.random.randint(k, (EDGES,), 0, NODES) for k in keys[2:4]))
params, optimizer, losses = model.init(keys[4], x, edges), optax.adam(0.02), []
state = optimizer.init(params)
for _ in range(50):
    params, state, loss = train_step(params, state, x, y, edges)
    losses.append(float(loss))
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}")
assert losses[-1] < 0.5 * losses[0]
