"""The same small graph network in equinox: a module is a tree of its parameters."""

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from gtx.ops import Edges, attention

NODES, EDGES, WIDTH, HEADS = 20, 60, 16, 4


class Model(eqx.Module):
    """One prediction per node: embed, attend over the edges, add, read out."""

    embed: eqx.nn.Linear
    query_key_value: eqx.nn.Linear
    readout: eqx.nn.Linear

    def __init__(self, key):
        keys = jax.random.split(key, 3)
        self.embed = eqx.nn.Linear(8, WIDTH, key=keys[0])
        self.query_key_value = eqx.nn.Linear(WIDTH, 3 * WIDTH, key=keys[1])
        self.readout = eqx.nn.Linear(WIDTH, 1, key=keys[2])

    def __call__(self, x, edges):
        x = jax.vmap(self.embed)(x)
        query, key, value = jnp.split(jax.vmap(self.query_key_value)(x), 3, axis=-1)
        heads = (NODES, HEADS, WIDTH // HEADS)
        message = attention(query.reshape(heads), key.reshape(heads), value.reshape(heads), edges)
        return jax.vmap(self.readout)(jax.nn.relu(x + message.reshape(NODES, WIDTH)))


@eqx.filter_jit
def train_step(model, state, x, y, edges):
    loss, gradients = eqx.filter_value_and_grad(lambda m: jnp.mean((m(x, edges) - y) ** 2))(model)
    updates, state = optimizer.update(gradients, state)
    return eqx.apply_updates(model, updates), state, loss


keys = jax.random.split(jax.random.key(0), 5)
x, y = jax.random.normal(keys[0], (NODES, 8)), jax.random.normal(keys[1], (NODES, 1))
edges = Edges(*(jax.random.randint(k, (EDGES,), 0, NODES) for k in keys[2:4]))
model, optimizer, losses = Model(keys[4]), optax.adam(0.02), []
state = optimizer.init(model)
for _ in range(50):
    model, state, loss = train_step(model, state, x, y, edges)
    losses.append(float(loss))
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}")
assert losses[-1] < 0.5 * losses[0]
