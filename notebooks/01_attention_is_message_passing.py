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
# # Attention is message passing
#
# *Transformers are Graph Neural Networks* ([Joshi, 2025](https://arxiv.org/abs/2506.22084)) says
# that the attention of a Transformer and the message passing of a graph neural network are one
# computation. This notebook shows it, equation by equation. The paper has no experiments and no
# code: every number below is ours, and every claim is an assertion in the code. E1 to E21 are the
# rows of the table in `docs/paper.md`, where each claim is measured at length.
#
# It is enough to know one of the two sides:
#
# | Transformer | graph neural network | here |
# |---|---|---|
# | token | node | row $h_i$ of an array |
# | sequence, set $\mathcal S$ | complete graph with self-loops | `ops.Complete` |
# | attention mask | edges $\mathcal N_i$ | `ops.Edges` |
# | query, key, value | what a receiver asks, a sender answers to, a sender says | three arrays |
# | weight $w_{ij}$ | weight of the message from $j$ to $i$ | row: receiver, column: sender |

# %%
import functools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from experiments.paper import batches, graphs, style
from experiments.paper.claims import e04_block
from experiments.paper.modules import apply, pad_nodes, parameters
from gtx import ops
from gtx.batch import Features

plt.rcParams.update(style.SETTINGS)
equal = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-5)

# %% [markdown]
# Five nodes, with 8 numbers each, and the edges of a small graph. `senders[e]` sends along edge
# `e` to `receivers[e]`; the matrix `A` says the same, row by receiver.

# %%
n, d = 5, 8
rng = np.random.default_rng(0)
H = jnp.asarray(rng.normal(size=(n, d)), jnp.float32)
A = graphs.looped(graphs.with_edges(n, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 2)]))
senders, receivers = (jnp.asarray(side) for side in batches.edge_list(A))
W_Q, W_K, W_V, O = jnp.asarray(rng.normal(size=(4, d, d)) / np.sqrt(d), jnp.float32)

# %% [markdown]
# ## From a sum over neighbours to multi-head attention, in eight steps
#
# ### 1. Sum over neighbours
# Each neighbour sends its features, and each node adds up what arrives. Equations 11 and 12:
# $m_{ij} = \psi(h_i, h_j) = h_j$, $\;m_i = \bigoplus_{j \in \mathcal N_i} m_{ij}$.

# %%
messages = H[senders]
total = ops.aggregate(messages, receivers, n, method="sum")
equal(total, A @ H)

# %% [markdown]
# ### 2. Mean: every neighbour counts equally
# Now $\bigoplus$ is a mean. That is a weighted sum with the weight $1 / |\mathcal N_i|$.

# %%
mean = ops.aggregate(messages, receivers, n, method="mean")
alike = A / A.sum(1, keepdims=True)
equal(mean, alike @ H)

# %% [markdown]
# ### 3. Let each pair say how much it counts
# The two ends of an edge give a score. It is made positive and divided by the sum over the
# neighbours. This is equation 4, with $\mathcal N_i$ for $\mathcal S$:
# $w_{ij} = \exp(q_i \cdot k_j) / \sum_{j' \in \mathcal N_i} \exp(q_i \cdot k_{j'})$.

# %%
q, k, v = H @ W_Q, H @ W_K, H @ W_V
scores = (q[receivers] * k[senders]).sum(-1)
w = ops.segment_softmax(scores, receivers, n)
equal(ops.segment_sum(w, receivers, n), np.ones(n))

# %% [markdown]
# ### 4. Weigh the messages
# Equation 15 is the message of graph attention, $\psi(h_i, h_j) = w_{ij} \, W_V h_j$, and the sum
# over $j$ of equation 16 collects it. `method="softmax"` does both.

# %%
by_hand = ops.segment_sum(w[:, None] * v[senders], receivers, n)
collected = ops.aggregate((scores, v[senders]), receivers, n, method="softmax")
equal(by_hand, collected)

# %% [markdown]
# ### 5. That is attention under a mask (E5)
# A Transformer writes the same thing with matrices. A pair that is not an edge gets the score
# $-\infty$, and so the weight 0. Most code divides scores by $\sqrt{d}$; the paper does not, and
# neither do we here: `scale=1`. `ops.attention` takes arrays `[nodes, heads, head_dim]`, and
# `q[:, None]` is one head.

# %%
masked_scores = jnp.where(A > 0, q @ k.T, -jnp.inf)
equal(jax.nn.softmax(masked_scores) @ v, collected)
edges = ops.Edges(senders, receivers)
equal(ops.attention(q[:, None], k[:, None], v[:, None], edges, scale=1.0)[:, 0], collected)

# %% [markdown]
# ### 6. Drop the mask (E1)
# On the complete graph, self-loops included, $\mathcal N_i$ becomes $\mathcal S$ (equations 17
# and 18), and the matrices become equation 20:
# $\tilde H = \mathrm{softmax}(H W_Q (H W_K)^\top) \, H W_V$. This is the central claim of the paper.

# %%
every = ops.Edges(*(jnp.asarray(side) for side in batches.edge_list(np.ones((n, n)))))
equation_20 = jax.nn.softmax(H @ W_Q @ (H @ W_K).T) @ (H @ W_V)
equal(ops.attention(q[:, None], k[:, None], v[:, None], every, scale=1.0)[:, 0], equation_20)

# %% [markdown]
# ### 7. Several heads (E14)
# Equations 5 to 7 are $K$ attentions at once, each with $d/K$ columns of the maps. In code this is one
# product and a reshape to $n \times K \times d/K$.

# %%
K = 2
q, k, v = (m.reshape(n, K, d // K) for m in (q, k, v))
heads = ops.attention(q, k, v, every, scale=1.0)
equal(heads[:, 1], jax.nn.softmax(q[:, 1] @ k[:, 1].T) @ v[:, 1])

# %% [markdown]
# ### 8. Side by side, and mixed
# Equation 8: $\tilde h_i = \mathrm{Concat}(\mathrm{head}_i^1, \dots, \mathrm{head}_i^K) \, O$.
# This is multi-head attention, the same as in any library, and it was message passing all along.

# %%
H_tilde = heads.reshape(n, d) @ O
library = jax.nn.dot_product_attention(q[None], k[None], v[None], scale=1.0)[0]
equal(H_tilde, library.reshape(n, d) @ O)

# %% [markdown]
# The paper passes over one thing (E3). The weight $w_{ij}$ is not a function of $h_i$ and $h_j$ alone,
# because its denominator needs all neighbours. There is a form in which a message depends on its two
# ends only: send $e^{s}$ and $e^{s} v$, add both up, and let the update divide. It is right until
# $e^{s}$ overflows. Therefore it is a reference, and gtx does not run it.

# %%
weight = jnp.exp((q[every.receivers] * k[every.senders]).sum(-1))[..., None]
above, below = ops.aggregate((weight * v[every.senders], weight), every.receivers, n)
equal(above / below, heads)
assert not np.isfinite(jnp.exp(jnp.float32(100.0)))

# %% [markdown]
# ## Figure 2 of the paper, with its numbers
# The picture shows one head for node 0: scores, softmax, and the weighted sum of the values.

# %%
one = [ops.attention_weights(q, k, every, scale=1.0)[every.receivers == 0, 0]]
stages = {
    "scores $q_0 \\cdot k_j$": (q[0, 0] @ k[:, 0].T)[:, None],
    "weights $w_{0j}$": one[0][:, None],
    "values $v_j$": v[:, 0],
    "result": (one[0] @ v[:, 0])[None],
}
equal(stages["result"][0], heads[0, 0])
figure, axes = plt.subplots(
    1, 4, figsize=(9, 3.4), layout="constrained", width_ratios=(1.1, 1.1, 2.2, 2.2)
)
for axis, (title, values) in zip(axes, stages.items(), strict=True):
    values = np.asarray(values)
    axis.imshow(values, vmin=-2, vmax=2, cmap="PuOr", aspect="auto" if len(values) > 1 else 0.6)
    for (i, j), value in np.ndenumerate(values):
        ink = "white" if abs(value) > 1.3 else "black"
        axis.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=12, color=ink)
    axis.set(title=title, xticks=[], yticks=range(n) if len(values) > 1 else [])

# %% [markdown]
# ## Figure 3: the layer around it (E4)
# Equations 9 and 19: $h_i' = \mathrm{MLP}(\mathrm{LayerNorm}(h_i + \tilde h_i))$. In words:
#
# * *residual*: the input is added to what a part of the block returns, $h_i + \tilde h_i$;
# * *LayerNorm*: from each token its mean over features is subtracted, and the rest is divided by its
#   standard deviation;
# * *MLP*: a linear map, a nonlinearity and a linear map, for each token alone.
#
# The block of the paper has one norm and no residual around the MLP. Nobody trains such a block.
# `form` chooses the block. "post_ln" is that of Vaswani et al. (2017), which normalises the sum after
# each part. "pre_ln" is the one in use today, which normalises what each part reads. The picture
# follows the length of every token through the stages, computed in NumPy. The last stage is what gtx
# returns.

# %%
batch = batches.batch_of([graphs.complete(n)])
x = np.asarray(H[:, : e04_block.DIM], np.float32)
figure, axes = plt.subplots(1, 3, figsize=(9, 3.9), layout="constrained", sharey=True)
for axis, form in zip(axes, e04_block.FORMS, strict=True):
    block = e04_block.block(form, gated=False)
    features = Features(nodes=pad_nodes(x, batch))
    variables = parameters(block, features, batch, seed=1)
    trace = e04_block.stages(form, False, x, jax.tree.map(np.asarray, variables["params"]))
    equal(apply(block, variables, features, batch).nodes[:n], trace["result"], rtol=1e-4)
    axis.plot([np.linalg.norm(rows, axis=1) for rows in trace.values()], "o-")
    axis.set_xticks(range(len(trace)), list(trace), rotation=90)
    axis.set_title(form)
axes[0].set_ylabel("length of a token")
# %% [markdown]
# ## Figure 4: L layers reach L hops (E10)
# On a graph each layer reaches the nodes that are one edge further away. A derivative shows it: the
# output at a node has a derivative of *exactly* 0 with respect to every node more than L edges away.
# On a complete graph one layer reaches everything.

# %%
tree = graphs.binary_tree(3)
size = len(tree)
tree_edges = ops.Edges(
    *(jnp.asarray(side) for side in batches.edge_list(graphs.looped(tree))), num_receivers=size
)


def layers(x, structure, count):
    """`count` layers of one head, with a residual; the maps are W_Q, W_K, W_V."""
    for _ in range(count):
        q, k, v = ((x @ W)[:, None] for W in (W_Q, W_K, W_V))
        x = x + ops.attention(q, k, v, structure, implementation="edges")[:, 0]
    return x


def dependence(function, x):
    """Largest |d output_i / d input_j| over features: [nodes, nodes]."""
    return np.abs(jax.jit(jax.jacrev(function))(x)).max(axis=(1, 3))


root_x = jnp.asarray(rng.normal(size=(size, d)), jnp.float32)
distance = graphs.distances(tree)
level = np.log2(np.arange(size) + 1).astype(int)
places = np.stack([4 * (np.arange(size) + 1.5) / 2.0**level, -level / 1.5], axis=1)
figure, axes = plt.subplots(1, 3, figsize=(9, 2.8), layout="constrained")
for count, axis in enumerate(axes, start=1):
    reach = dependence(functools.partial(layers, structure=tree_edges, count=count), root_x)
    assert ((reach > 0) == (distance <= count)).all()
    leaf = size - 1
    colours = np.where(reach[leaf] > 0, style.ORANGE, "white")
    colours[leaf] = style.RED
    style.drawing(axis, tree, places, colours, size=130)
    axis.set_title(f"{count} layer{'s' if count > 1 else ''}")

# %% [markdown]
# ## GAT, GATv2 and the Transformer: other edges, other scores (E6)
# `ops.attention` takes *who attends to whom* and *how a pair is scored*. The attention of published
# layers is a point in this table. Around it they have maps of their own: GAT has one for query,
# key and value, TransformerConv adds a map of the node itself.
#
# | | `Edges` | `Complete` |
# |---|---|---|
# | `Dot` | TransformerConv, the "GAT" of the paper's equations 14 to 16 | Transformer |
# | `Additive` | GAT, Velickovic et al. (2018) | GAT over a set: one ranking for all receivers |
# | `Dynamic` | GATv2, Brody et al. (2022) | GATv2 over a set |
#
# The equivalence with a Transformer covers the first row. GAT's score is the LeakyReLU of a term of
# the receiver plus a term of the sender. LeakyReLU rises, so for every receiver the sender with the
# largest term has the largest score: all receivers rank the senders alike. GATv2 and the dot
# product do not have this limit. Below, attention runs over all pairs. `make_layout` gives the places
# of the nodes of each graph when graphs are padded to a common size, which is a `Tier`. Here there is
# one graph of 32 nodes.

# %%
m = 32
query, key, value = jax.random.normal(jax.random.key(1), (3, m, 1, 4))
tier = (ops.Tier(1, m),)
complete = ops.Complete(jax.tree.map(jnp.asarray, ops.make_layout(np.array([m]), m, tier)))
scores = {
    "GAT": ops.Additive(),
    "GATv2": ops.Dynamic(jax.random.normal(jax.random.key(2), (1, 4))),
    "dot": ops.Dot(),
}
favourites = {}
for name, score in scores.items():
    weights = ops.attention_weights(query, key, complete, score=score).reshape(m, m)
    favourites[name] = len(np.unique(weights.argmax(1)))
    equal(weights @ value[:, 0], ops.attention(query, key, value, complete, score=score)[:, 0])
print("senders that are someone's first choice:", favourites)
assert favourites["GAT"] == 1 < favourites["GATv2"] and favourites["dot"] > 1

# %% [markdown]
# ## Figure 1: one after another, or all at once
# A recurrent network reads token by token and hands on one vector. Attention looks at all tokens
# in one step. Derivatives show both: after how many steps does an output know an input?

# %%
length = 8
U = W_K  # any map


def recurrent(x):
    """h_t = tanh(W h_(t-1) + U x_t): every state needs the one before it."""

    def step(h, x_t):
        h = jnp.tanh(h @ W_Q + x_t @ U)
        return h, h

    return jax.lax.scan(step, jnp.zeros(d), x)[1]


def attend_to_all(x):
    """One layer over every pair of tokens."""
    q, k, v = x @ W_Q, x @ W_K, x @ W_V
    return jax.nn.softmax(q @ k.T) @ v


tokens = jnp.asarray(rng.normal(size=(length, d)), jnp.float32)
by_steps, at_once = dependence(recurrent, tokens), dependence(attend_to_all, tokens)
assert (by_steps[np.triu_indices(length, 1)] == 0).all()  # step t knows t tokens, no more
assert (at_once > 0).all()  # one step, every token
assert "scan" in str(jax.make_jaxpr(recurrent)(tokens))
assert "scan" not in str(jax.make_jaxpr(attend_to_all)(tokens))
figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
style.matrix(axes[0], by_steps, "recurrent: 8 steps", log=(1e-3, 1))
style.matrix(axes[1], at_once, "attention: 1 step", log=(1e-3, 1))
axes[0].set(xlabel="input token", ylabel="state after step")
axes[1].set(xlabel="input token", ylabel="output token")

# %% [markdown]
# The information of the last state of the recurrent network on the first token has passed through six
# other states. In this network, whose maps are random, little of it is left.

# %%
print(
    "the last state depends on the last token",
    by_steps[-1, -1],
    "and on the first",
    by_steps[-1, 0],
)
assert by_steps[-1, 0] < by_steps[-1, -1]

# %% [markdown]
# ## A causal language model is a graph network on a DAG (E21)
# Edges run from each token to itself and to later ones. The causal mask of a language model is the
# adjacency matrix of that graph. With any number of layers, later tokens have no influence: the upper
# triangle of the Jacobian is not small but exactly 0.

# %%
earlier = np.tril(np.ones((length, length)))
dag = ops.Edges(*(jnp.asarray(side) for side in batches.edge_list(earlier)))
query, key, value = jax.random.normal(jax.random.key(3), (3, length, 2, 4))
equal(
    ops.attention(query, key, value, dag),
    jax.nn.dot_product_attention(query[None], key[None], value[None], is_causal=True)[0],
)
seen = dependence(functools.partial(layers, structure=dag, count=3), tokens)
assert (seen[np.triu_indices(length, 1)] == 0).all()
assert (seen[np.tril_indices(length)] > 0).all()
figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
style.matrix(axes[0], earlier, "mask = adjacency", bar=False, cmap="Greys", vmax=1.4)
style.matrix(axes[1], seen, "Jacobian of 3 layers", log=(1e-3, seen.max()))
for axis in axes:
    axis.set(xlabel="sender", ylabel="receiver")

# %% [markdown]
# ## What was shown, and what was not
# Two things were shown, up to rounding. Attention over all pairs *is* message passing on the complete
# graph **with self-loops**. Dot-product graph attention is attention under a mask. Additive GAT is
# not covered, because its score is no dot product. Equal results say nothing about equal speed: that
# is the subject of notebook 03.
