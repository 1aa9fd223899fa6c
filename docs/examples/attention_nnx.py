"""The same small graph network in flax.nnx: a module holds its parameters."""

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from gtx.ops import Edges, attention

NODES, EDGES, WIDTH, HEADS = 20, 60, 16, 4


class Model(nnx.Module):
    """One prediction per node: embed, attend over the edges, add, read out."""

    def __init__(self, rngs):
        self.embed = nnx.Linear(8, WIDTH, rngs=rngs)
        self.query_key_value = nnx.Linear(WIDTH, 3 * WIDTH, rngs=rngs)
        self.readout = nnx.Linear(WIDTH, 1, rngs=rngs)

    def __call__(self, x, edges):
        x = self.embed(x)
        query, key, value = jnp.split(self.query_key_value(x), 3, axis=-1)
        heads = (NODES, HEADS, WIDTH // HEADS)
        message = attention(query.reshape(heads), key.reshape(heads), value.reshape(heads), edges)
        return self.readout(jax.nn.relu(x + message.reshape(NODES, WIDTH)))


@nnx.jit
def train_step(model, optimizer, x, y, edges):
    loss, gradients = nnx.value_and_grad(lambda m: jnp.mean((m(x, edges) - y) ** 2))(model)
    optimizer.update(model, gradients)
    return loss


keys = jax.random.split(jax.random.key(0), 4)
x, y = jax.random.normal(keys[0], (NODES, 8)), jax.random.normal(keys[1], (NODES, 1))
edges = Edges(*(jax.random.randint(k, (EDGES,), 0, NODES) for k in keys[2:]))
model = Model(nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.adam(0.02), wrt=nnx.Param)
losses = [float(train_step(model, optimizer, x, y, edges)) for _ in range(50)]
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}")
assert losses[-1] < 0.5 * losses[0]
