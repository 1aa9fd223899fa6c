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
# # Positions and structure
#
# Attention over all pairs of nodes does not see a graph: it sees a set. A positional or structural
# encoding tells each node, or each pair, where it stands. *Transformers are Graph Neural Networks*
# ([Joshi, 2025](https://arxiv.org/abs/2506.22084)) calls this a hint and not a constraint, and gives
# no formula. This notebook shows the values of some encodings, what they can and cannot tell apart,
# and a model that learns locality from them. All numbers are ours; the paper has none.

# %%
import functools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from experiments.figures.encodings import CAFFEINE, GRAPHS
from experiments.paper import batches, graphs, style
from experiments.paper.batches import complete_structure
from experiments.paper.claims import (
    e09_signs_and_bases,
    e18_control,
    e19_expressivity,
    e20_local_to_global as knob,
)
from gtx import encodings, ops

plt.rcParams.update(style.SETTINGS)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The order of nodes means nothing (E7)
# A graph comes as arrays, and arrays have an order that the graph does not have. Equation 10:
# renumbering by a permutation $P$ gives $(P A P^\top, P H)$. A layer must follow: $f(Px) = P f(x)$.
# Attention does, and so does any sum over neighbours.

# %%
n, d = 10, 8
H = jnp.asarray(rng.normal(size=(n, d)), jnp.float32)
maps = jnp.asarray(rng.normal(size=(3, d, d)) / np.sqrt(d), jnp.float32)


def attend(x):
    """One head over all pairs, equations 17 and 18."""
    q, k, v = (x @ W for W in maps)
    return ops.attention(q[:, None], k[:, None], v[:, None], complete_structure(n))[:, 0]


P = rng.permutation(n)
np.testing.assert_allclose(attend(H[P]), attend(H)[P], atol=1e-5)

# %% [markdown]
# In a language model the order matters, and an encoding of it is added (E8). That breaks the symmetry,
# which is the purpose there. For a graph it would be a mistake: the numbering is an accident.

# %%
order = encodings.Sinusoidal(d)(np.zeros((1, n, n)))["node", "sinusoidal"][0]
error = np.abs(attend(H[P] + order) - attend(H + order)[P]).max()
print("with the order added, f(Px) and P f(x) differ by", error)
assert error > 1e-2

# %% [markdown]
# ## What encodings say
# The pictures show caffeine above and a grid below. From left to right they show the number of
# neighbours; the probability that a random walk is back after six steps; the second eigenvector of
# the Laplacian $L = D - A$ (gtx scales it to $D^{-1/2} L D^{-1/2}$ unless told otherwise); and the
# distance from the marked node.

# %%
SHOWN = {
    "degree": (encodings.Degree(), ("node", "degree"), 0, "cividis"),
    "back after 6 steps": (encodings.RandomWalk(6), ("node", "rwse"), 5, "cividis"),
    "second eigenvector": (
        encodings.LaplacianEigenvectors(2),
        ("node", "laplacian_vectors"),
        1,
        "PuOr",
    ),
    "distance": (encodings.ShortestPathDistance(), ("pair", "spd"), 0, "cividis"),
}
figure, axes = plt.subplots(2, 4, figsize=(11, 5), layout="constrained")
for row, graph in zip(axes, GRAPHS, strict=True):
    for axis, (title, (encoding, column, place, colours)) in zip(row, SHOWN.items(), strict=True):
        values = encoding(graph.adjacency[None])[column][0]
        values = (values[graph.ring] if column[0] == "pair" else values)[:, place]
        points = style.drawing(axis, graph.adjacency, graph.places, values, size=90, cmap=colours)
        figure.colorbar(points, ax=axis, shrink=0.7)
        axis.set_title(title if graph is CAFFEINE else "")
    axis.plot(*graph.places[graph.ring], "o", markersize=17, mfc="none", color=style.RED)

# %% [markdown]
# The pictures of all encodings are in [docs/encodings.md](../docs/encodings.md). What they say can
# be checked. On a grid no walk is back after an odd number of steps. In caffeine one is after five,
# but only from atoms on the ring of five. Distances on a grid count rows and columns.

# %%
molecule, grid = (graph.adjacency for graph in GRAPHS)
back = {name: encodings.RandomWalk(5)(a[None])["node", "rwse"][0] for name, a in
        {"molecule": molecule, "grid": grid}.items()}  # fmt: skip
assert (back["grid"][:, [0, 2, 4]] == 0).all()
five_ring = [1, 2, 3, 4, 5]
assert set(np.nonzero(back["molecule"][:, 4])[0]) == set(five_ring)
(distance,) = encodings.ShortestPathDistance(20)(grid[None]).values()
places = GRAPHS[1].places
steps = np.abs(places[:, None] - places[None]).sum(-1)
np.testing.assert_array_equal(distance[0, :, :, 0], steps)

# %% [markdown]
# An encoding declares how it follows a renumbering: exactly, up to signs, up to a basis, or not at
# all. `check_symmetry` renumbers and compares, and fails where the declaration is too strong.

# %%
for encoding in (encodings.RandomWalk(8), encodings.HeatKernel(), encodings.ShortestPathDistance(),
                 encodings.ResistanceDistance(), encodings.LaplacianEigenvectors(4)):  # fmt: skip
    encodings.check_symmetry(encoding, molecule[None])
    print(f"{encoding.name:12} {encoding.symmetry}")
try:
    encodings.check_symmetry(encodings.Sinusoidal(8), molecule[None], symmetry="exact")
except encodings.EncodingError:
    print("sinusoidal   none: it follows the numbering, not the graph")
else:
    raise AssertionError

# %% [markdown]
# ## Sign and basis (E9)
# If $v$ is an eigenvector, so is $-v$. If an eigenvalue repeats, any rotation of its vectors is just as
# good. On a ring most eigenvalues repeat: rotating two eigenvectors gives two others.

# %%
ring = graphs.ring(12)
vectors = encodings.LaplacianEigenvectors(3)(ring[None])["node", "laplacian_vectors"][0, :, 1:]
turn = np.array([[np.cos(0.8), -np.sin(0.8)], [np.sin(0.8), np.cos(0.8)]])
laplacian, value = np.diag(ring.sum(0)) - ring, 2 - 2 * np.cos(2 * np.pi / 12)
for basis in (vectors, -vectors, vectors @ turn):
    np.testing.assert_allclose(laplacian @ basis, value * basis, atol=1e-6)
# What does not depend on the choice: the projector.
np.testing.assert_allclose(vectors @ vectors.T, (vectors @ turn) @ (vectors @ turn).T, atol=1e-6)

# %% [markdown]
# There are three ways to read eigenvectors. LapPE (Dwivedi and Bresson, 2020) reads them as they are.
# SignNet (Lim et al., 2023) reads $\phi(v) + \phi(-v)$, which does not depend on the sign. SPE (Huang
# et al., 2024) reads $V \,\mathrm{diag}(\phi(\lambda)) V^\top$, which does not depend on the basis
# either. If vectors are read as they are, another choice of signs and bases gives another result. All
# three have the same block with random parameters, in float64.

# %%
found = e09_signs_and_bases.sign_and_basis(draws=2, symmetric=("C6",)).values
print("change of the result under      signs      basis")
for name in ("raw", "signnet", "spe"):
    print(f"{name:28} {found[name + '_signs']:8.0e}   {found[name + '_bases']:8.0e}")
assert min(found["raw_signs"], found["raw_bases"], found["signnet_bases"]) > 1e-2
assert max(found["signnet_signs"], found["spe_signs"], found["spe_bases"]) < 1e-6

# %% [markdown]
# ## Pairs of graphs that message passing cannot tell apart (E19)
# Give all nodes one colour. Then, again and again, give each node a new colour that stands for its old
# colour and those of its neighbours. This is the Weisfeiler-Leman test. Message passing cannot tell
# two graphs apart if this test cannot.


# %%
def colours(adjacencies):
    """The sorted colours of each graph when the test comes to rest."""
    size = len(adjacencies[0])
    now = [[0] * size for _ in adjacencies]
    for _ in range(size):
        signatures = [
            [(own[i], tuple(sorted(own[j] for j in np.nonzero(a[i])[0]))) for i in range(size)]
            for own, a in zip(now, adjacencies, strict=True)
        ]
        names = {s: k for k, s in enumerate(sorted({s for rows in signatures for s in rows}))}
        now = [[names[s] for s in rows] for rows in signatures]
    return [sorted(own) for own in now]


def fingerprint(adjacency):
    """The sorted return probabilities of random walks of 1 to 8 steps."""
    walks = encodings.RandomWalk(8)(adjacency[None])["node", "rwse"][0]
    return np.sort(walks.round(6), axis=0)


for name, (one, two, apart) in e19_expressivity.PAIRS.items():
    first, second = colours([one, two])
    assert first == second
    walks_differ = not np.allclose(fingerprint(one), fingerprint(two), atol=1e-5)
    assert walks_differ == apart
    print(f"{name:26} 1-WL: tie    random walks: {'apart' if walks_differ else 'tie'}")

# %% [markdown]
# The last pair is strongly regular with equal parameters: walks and distances count the same in
# both. Cliques do not count the same. In the rook's graph four nodes can all be neighbours of each
# other; in Shrikhande's graph they cannot.


# %%
def cliques_of_four(adjacency):
    """Triangles among the neighbours of each node; every clique has four such triangles."""
    links = (adjacency[np.ix_(row > 0, row > 0)] for row in adjacency)
    return sum(np.trace(np.linalg.matrix_power(link, 3)) / 6 for link in links) / 4


rook, shrikhande, _ = e19_expressivity.PAIRS["rook 4x4 / Shrikhande"]
print("cliques of four nodes:", cliques_of_four(rook), cliques_of_four(shrikhande))
assert (cliques_of_four(rook), cliques_of_four(shrikhande)) == (8, 0)

# %% [markdown]
# The same holds for a network with random parameters. In three rounds each node adds up its
# neighbours, and then all nodes are added up. If it is told nothing, it cannot tell the graphs apart;
# if it is told random walks, it can.


# %%
def network(adjacency, start):
    senders, receivers = (jnp.asarray(side) for side in batches.edge_list(adjacency))
    x = jnp.asarray(start, jnp.float32)
    for W in maps:
        x = ops.message_passing(
            x, senders, receivers,
            message=lambda i, j, e: j, update=lambda i, m, W=W: jnp.tanh((i + m) @ W / 2),
        )  # fmt: skip
    return x.sum(0)


def walks(adjacency):
    return encodings.RandomWalk(d)(adjacency[None])["node", "rwse"][0]


one, two, _ = e19_expressivity.PAIRS["decalin / bicyclopentyl"]
told_nothing = np.abs(network(one, np.ones((10, d))) - network(two, np.ones((10, d)))).max()
told_walks = np.abs(network(one, walks(one)) - network(two, walks(two))).max()
print("decalin and bicyclopentyl: told nothing", told_nothing, "told random walks", told_walks)
assert told_nothing < 1e-5 and told_walks > 1e-3

# %% [markdown]
# ## From local to global by one number (E20)
# Here attention over all pairs has the bias $-\beta \max(\mathrm{distance} - 1, 0)$. At $\beta = 0$ it is
# a Transformer. As $\beta$ grows it becomes graph attention over the neighbours and the node itself.
# (With the plain distance it would collapse to the node itself.)

# %%
size = len(molecule)
query, key, value = jnp.asarray(rng.normal(size=(3, size, knob.HEADS, knob.DIM)), jnp.float32)
whole, masked = complete_structure(size), complete_structure(size, graphs.looped(molecule) > 0)
attend_pairs = functools.partial(ops.attention, query, key, value)
figure, axes = plt.subplots(1, 4, figsize=(11, 3), layout="constrained")
for beta, axis in zip((0.0, 0.5, 2.0, 1e4), axes, strict=True):
    bias = knob.locality_bias(molecule, beta)
    weights = ops.attention_weights(query, key, whole, bias=bias).mean(1).reshape(size, size)
    style.matrix(axis, weights, f"β = {beta:g}", log=(1e-3, 1), bar=False)
at_zero, at_infinity = (
    attend_pairs(whole, bias=knob.locality_bias(molecule, beta)) for beta in (0.0, 1e4)
)
np.testing.assert_allclose(at_zero, attend_pairs(whole), atol=1e-6)
np.testing.assert_allclose(at_infinity, attend_pairs(masked), atol=1e-6)

# %% [markdown]
# ## Locality, where the label asks for it (E18)
# This model has no mask and no bias: one attention over all pairs of the 16 nodes of a ring, and each
# ring has another numbering. Every node holds a random number, and the task is the mean of the numbers
# of its neighbours. If the model is told eigenvectors, with random signs and bases, it finds the
# neighbours. If it is told nothing, it cannot.
#
# The label here depends on the neighbours. This therefore shows that positions are needed, and what
# locality looks like. It does not show that Transformers become local by themselves. E18 in
# [docs/paper.md](../docs/paper.md) tests this with labels that do not depend on neighbours: some heads
# become local if this helps.

# %%
runs = {
    name: e18_control.learned("ring", name, heads=1, steps=300, seeds=(0,))
    for name in ("LapPE", "none")
}
figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
hops = np.arange(9)
axes[0].plot(hops, runs["LapPE"]["uniform"], "k--", label="all alike")
for (name, run), colour in zip(runs.items(), (style.BLUE, style.ORANGE), strict=True):
    axes[0].plot(hops, run["after"][0], "o-", color=colour, label=f"told {name}")
axes[0].set(xlabel="distance", title="share of attention")
axes[0].legend()
style.matrix(axes[1], runs["LapPE"]["weights"], "learned weights", bar=False)
style.matrix(axes[2], runs["LapPE"]["adjacency"], "a ring never seen", bar=False)
near = {name: run["after"][0][:2].sum() for name, run in runs.items()}
print("attention within one hop:", near, "if all counted alike:", 3 / 16)
assert near["LapPE"] > 2 * 3 / 16 and near["none"] < 1.5 * 3 / 16
