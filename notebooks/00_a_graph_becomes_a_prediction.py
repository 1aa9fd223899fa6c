# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # How a graph becomes a prediction
#
# A tour of the packages of gtx, each in a few lines, on four small graphs.

# %%
import functools

import jax
import jax.numpy as jnp
import numpy as np

from gtx import batching, data, encodings, graphs, nn, ops
from gtx.models import GPS

# %% [markdown]
# ## Graphs
# A graph is made of arrays: senders, receivers, and columns of features. Messages run from a sender to
# a receiver, so that an undirected edge is two edges.


# %%
def ring(size):
    here, there = np.arange(size), (np.arange(size) + 1) % size
    return graphs.from_arrays(
        np.concatenate([here, there]),
        np.concatenate([there, here]),
        n_node=[size],
        nodes={"kind": np.arange(size) % 3},
    )


rings = [ring(size) for size in (3, 4, 5, 6)]

# %% [markdown]
# ## Data and encodings
# A dataset is made of columns. An encoding adds a column: here the probability that a random walk is
# back after 1, 2, 3, 4 steps, by which a triangle and a square differ.

# %%
dataset = data.Dataset.from_graphs(rings, labels=np.array([[3.0], [4.0], [5.0], [6.0]]))
dataset = encodings.apply(dataset, [encodings.RandomWalk(walk_length=4)])
triangle, square = dataset[0].nodes["rwse"][0], dataset[1].nodes["rwse"][0]
np.testing.assert_allclose(triangle, [0, 1 / 2, 1 / 4, 3 / 8], atol=1e-6)
np.testing.assert_allclose(square, [0, 1 / 2, 0, 1 / 2], atol=1e-6)

# %% [markdown]
# ## A batch
# The nodes of all graphs are on one axis, which is padded to a static size. Masks mark the real ones.

# %%
batch = batching.batch_graphs(dataset)
print("nodes", batch.node_mask.sum(), "of", batch.node_mask.size)

# %% [markdown]
# ## One attention, two structures
# A Transformer attends over all pairs of a graph, and a graph attention layer over its edges. Both are
# the same function. The two agree on the complete graph written as a list of edges.

# %%
key = jax.random.key(0)
query, keys, values = jax.random.normal(key, (3, batch.node_mask.size, 2, 8))
everyone = ops.attention(query, keys, values, ops.Complete(batch.layout))
pairs = [(s, r) for s in range(18) for r in range(18) if batch.node_graph[s] == batch.node_graph[r]]
senders, receivers = jnp.asarray(pairs, jnp.int32).T
as_edges = ops.Edges(senders, receivers, num_receivers=batch.node_mask.size)
np.testing.assert_allclose(
    everyone, ops.attention(query, keys, values, as_edges), rtol=1e-5, atol=1e-6
)

# %% [markdown]
# ## A model
# Each layer of GPS has message passing on the edges and attention over all pairs, in parallel. At the
# end the nodes of each graph are added up.

# %%
model = GPS(dim=16, num_layers=2, num_heads=2, encoding_dim=4).build(
    dataset.spec, encodings=[encodings.RandomWalk(walk_length=4)]
)
variables = jax.jit(functools.partial(model.init, train=False))(key, batch)
predictions = jax.jit(model.apply)(variables, batch)
print(predictions[batch.graph_mask])
