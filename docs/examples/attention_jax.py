"""A small graph network in plain JAX: functions, a tree of parameters, gradient descent."""

import jax
import jax.numpy as jnp

from gtx.ops import Edges, attention

NODES, EDGES, WIDTH, HEADS = 20, 60, 16, 4


def init(key):
    shapes = dict(embed=(8, WIDTH), query_key_value=(WIDTH, 3 * WIDTH), readout=(WIDTH, 1))
    keys = jax.random.split(key, len(shapes))
    normal = jax.nn.initializers.lecun_normal()
    return {name: normal(k, shapes[name]) for name, k in zip(shapes, keys, strict=True)}


def model(params, x, edges):
    """One prediction per node: embed, attend over the edges, add, read out."""
    x = x @ params["embed"]
    query, key, value = jnp.split(x @ params["query_key_value"], 3, axis=-1)
    heads = (NODES, HEADS, WIDTH // HEADS)
    message = attention(query.reshape(heads), key.reshape(heads), value.reshape(heads), edges)
    return jax.nn.relu(x + message.reshape(NODES, WIDTH)) @ params["readout"]


@jax.jit
def train_step(params, x, y, edges):
    loss, gradients = jax.value_and_grad(
        lambda params: jnp.mean((model(params, x, edges) - y) ** 2)
    )(params)
    return jax.tree.map(lambda p, g: p - 0.1 * g, params, gradients), loss


keys = jax.random.split(jax.random.key(0), 5)
x, y = jax.random.normal(keys[0], (NODES, 8)), jax.random.normal(keys[1], (NODES, 1))
edges = Edges(*(jax.random.randint(k, (EDGES,), 0, NODES) for k in keys[2:4]))
params, losses = init(keys[4]), []
for _ in range(50):
    params, loss = train_step(params, x, y, edges)
    losses.append(float(loss))
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}")
assert losses[-1] < 0.5 * losses[0]
