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
# # The hardware lottery
#
# Attention over all pairs and attention along edges compute the same thing (notebook 01). They do
# not cost the same. *Transformers are Graph Neural Networks*
# ([Joshi, 2025](https://arxiv.org/abs/2506.22084)) says that dense matrix products suit hardware,
# that sparse message passing is slower by orders of magnitude except on very sparse or very large
# graphs, and that Transformers therefore win the hardware lottery (Hooker, 2021). It gives no
# numbers. This notebook measures some on the machine that it runs on, and says how to read them. The
# measurement at length, with more sizes and rounds, is claim E17 of the table in `docs/paper.md`.

# %%
import functools
import re
import time

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from experiments.benchmarks.measure import machine
from experiments.paper import record, style
from experiments.paper.batches import complete_structure, edge_structure
from experiments.paper.claims import e17_hardware_lottery as hardware
from gtx import ops

plt.rcParams.update(style.SETTINGS)
HEADS, HEAD_DIM = 4, 16
rng = np.random.default_rng(0)
print(machine()["machine"], "|", jax.devices()[0].platform)

# %% [markdown]
# ## Programs that compute the same
# We take a random graph with self-loops and three programs. The first has a matrix over all pairs
# under a mask. The second goes edge by edge: gather, softmax over segments, scatter. The third has all
# pairs without a mask. A *segment* is the edges of one receiver. Gather copies the row of a node to
# each of its edges, and scatter adds up the rows of a segment.


# %%
def problem(n, density):
    """Nodes, and a random graph as a mask over pairs and as a list of edges."""
    mask = (rng.random((n, n)) < density) | np.eye(n, dtype=bool)
    nodes = jnp.asarray(rng.normal(size=(3, n, HEADS, HEAD_DIM)), jnp.float32)
    return nodes, mask, complete_structure(n, mask), edge_structure(mask)


def forward(nodes, structure):
    name = "edges" if isinstance(structure, ops.Edges) else "dense"
    return ops.attention(*nodes, structure, implementation=name)


def backward(nodes, structure):
    """Forward and backward: the gradient of a sum of squares."""
    return jax.grad(lambda nodes: (forward(nodes, structure) ** 2).sum())(nodes)


def compiled(function, *arguments):
    return jax.jit(function).lower(*arguments).compile()


def seconds(program, *arguments, rounds=7):
    """Median time of a call, after one that does not count."""
    jax.block_until_ready(program(*arguments))
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        jax.block_until_ready(program(*arguments))
        times.append(time.perf_counter() - start)
    return float(np.median(times))


# %% [markdown]
# Results are compared at every point before anything is timed. Memory is what XLA sets aside for
# intermediate values, from the compiled program and not from a measurement.

# %%
SIZES, DENSITIES = (64, 256, 512), (1.0, 0.1, 0.02)
rows = []
for n in SIZES:
    dense = {}
    for density in DENSITIES:
        nodes, mask, pairs, edges = problem(n, density)
        row = dict(n=n, density=density, edges=int(mask.sum()))
        for label, function in (("fwd", forward), ("fwd+bwd", backward)):
            if label not in dense:  # the shapes of the matrices do not depend on the density
                dense[label] = compiled(function, nodes, pairs)
            sparse = compiled(function, nodes, edges)
            one, two = dense[label](nodes, pairs), sparse(nodes, edges)
            np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)
            row[label] = seconds(dense[label], nodes, pairs), seconds(sparse, nodes, edges)
            row[f"{label} bytes"] = tuple(
                p.memory_analysis().temp_size_in_bytes for p in (dense[label], sparse)
            )
        rows.append(row)

print("                      |  forward, ms  | and backward, ms |       MB       ")
print("   n  density   edges |  dense  edges |   dense    edges |  dense   edges ")
for row in rows:
    (f, F), (b, B), (m, M) = row["fwd"], row["fwd+bwd"], row["fwd+bwd bytes"]
    print(
        f"{row['n']:4} {row['density']:8.2f} {row['edges']:7} |"
        f" {1e3 * f:6.2f} {1e3 * F:6.2f} | {1e3 * b:7.2f} {1e3 * B:8.2f} |"
        f" {m / 1e6:6.1f} {M / 1e6:7.1f}"
    )

# %% [markdown]
# The time of the matrix does not depend on the density. The time of the edges grows with their number.
# It is close to proportional once there are tens of thousands; with fewer, the fixed cost of a call
# counts for more. Memory behaves in the same way: pairs x heads against edges x heads x head_dim.

# %%
figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
largest = [row for row in rows if row["n"] == SIZES[-1]]
for axis, (what, unit) in zip(axes, {"fwd+bwd": 1e3, "fwd+bwd bytes": 1e-6}.items(), strict=True):
    for place, (name, colour) in enumerate({"dense": style.BLUE, "edges": style.ORANGE}.items()):
        values = [row[what][place] * unit for row in largest]
        axis.loglog([row["edges"] for row in largest], values, "o-", color=colour, label=name)
    axis.set_xlabel(f"edges among {SIZES[-1]} nodes")
axes[0].set_title("ms, forward and backward")
axes[1].set_title("MB of intermediate values")
axes[0].legend()
edges_memory = [row["fwd+bwd bytes"][1] for row in largest]
assert edges_memory == sorted(edges_memory, reverse=True)
assert len({row["fwd+bwd bytes"][0] for row in largest}) == 1

# %% [markdown]
# ## Where the lines cross
# If a pair costs $t_p$ and an edge costs $t_e$, the edge list wins below the density $t_p / t_e$. The
# reciprocal is how many times slower one edge is than one pair: this is the paper's claim as a number.
# The picture shows the line below which edges win, from the few points above, and the line of E17, if
# it has been measured; there both programs may also run in blocks.

# %%
recorded = record.read(record.CLAIMS_JSON).get("E17")
curves = record.read(record.CURVES_JSON).get("E17")
points = [
    dict(n=row["n"], edges=row["edges"])
    | {
        label: {"masked dense": dict(median=row[label][0]), "edges": dict(median=row[label][1])}
        for label in ("fwd", "fwd+bwd")
    }
    for row in rows
]
figure, axis = plt.subplots(figsize=(8, 4.2), layout="constrained")
names = dict(zip(("fwd", "fwd+bwd"), hardware.PASSES, strict=True))
for (label, name), colour in zip(names.items(), (style.BLUE, style.ORANGE), strict=True):
    here = [hardware.crossover([p for p in points if p["n"] == n], label) for n in SIZES]
    shares = ", ".join(f"{share:.2g} at n = {n}" for n, share in zip(SIZES, here, strict=True))
    print(f"{name}: edges win below a density of {shares}")
    shown = [share or np.nan for share in here]  # 0: at no density that was tried
    axis.loglog(SIZES, shown, "o-", color=colour, label=f"{name}, here")
    if curves is not None:
        line = {int(n): share or np.nan for n, share in curves["crossover_density"][name].items()}
        axis.loglog(list(line), list(line.values()), "s--", color=colour, label=f"{name}, E17")
for row in rows:
    faster = "edges" if row["fwd+bwd"][1] < row["fwd+bwd"][0] else "dense"
    mark = dict(dense="_", edges="+")[faster]
    axis.plot(row["n"], row["edges"] / row["n"] ** 2, mark, color=style.GREY, markersize=12)
axis.set(xlabel="nodes", ylabel="density", title="below the line edges win; + they did, − not")
axis.set_xticks([64, 256, 1024, 4096], ["64", "256", "1024", "4096"])
axis.minorticks_off()
axis.legend(fontsize=11)

# %% [markdown]
# This took a few seconds on a machine that may be busy. E17 has more sizes, 20 rounds and their spread:

# %%
if recorded is None:
    print("not measured yet: make claims")
else:
    print(recorded["runs"]["lottery"]["machine"])
    print(recorded["effect"])

# %% [markdown]
# ## Why: arithmetic and memory
# Let us count for $n$ nodes, $m$ edges and $d$ columns in all heads together. The matrix program
# multiplies two pairs of matrices, which takes $4 n^2 d$ operations. The edge program needs $4 m d$
# operations, but first it copies rows: it reads and writes the $d$ columns of query, key and value of
# every edge.
# Operations per byte moved, the *arithmetic intensity*, is what hardware cares about.


# %%
def hand_count(n, m, *, dense):
    """FLOPs and least bytes to and from memory, forward, float32."""
    d = HEADS * HEAD_DIM
    ends = 4 * (4 * n * d)  # query, key, value in, result out
    if dense:
        return 4 * n * n * d, ends + 4 * (4 * n * n * HEADS)  # weights twice out and in
    return 4 * m * d, ends + 4 * (6 * m * d + 4 * m * HEADS)  # three gathers, each out and in


n = SIZES[-1]
nodes, mask, pairs, edges = problem(n, 0.1)
m = int(mask.sum())
programs = {"dense": compiled(forward, nodes, pairs), "edges": compiled(forward, nodes, edges)}
intensity = {}
for name, program in programs.items():
    flops, moved = hand_count(n, m, dense=name == "dense")
    by_xla = program.cost_analysis()["flops"]
    intensity[name] = flops / moved
    print(f"{name}: {flops / 1e6:.0f} MFLOP by hand, {by_xla / 1e6:.0f} by XLA's count; ", end="")
    print(f"{moved / 1e6:.1f} MB, {flops / moved:.2f} FLOP per byte")
    # XLA also counts the softmax and what goes with masks; it is the same order.
    assert flops / 2 < by_xla < 4 * flops
assert intensity["dense"] > 5 * intensity["edges"]

# %% [markdown]
# The intensity of the edge program is constant, about 1/6 FLOP per byte, whatever the graph. That of the
# matrix program is $d$ per head, divided by four, because what it moves are the weights. Fused kernels,
# which never write the weights, raise it to about $n/4$.
#
# A *roofline* is a bound: no program is faster than its intensity times the bandwidth of the memory,
# and none is faster than the arithmetic units. Both lines are measured here, by a copy and by a
# product of matrices.

# %%
block, line = jnp.ones((512, 512)), jnp.ones(1 << 22)
product = jax.jit(lambda a: a @ a)
copy = jax.jit(lambda a: a + 1)
peak = 2 * 512**3 / seconds(product, block)
bandwidth = 2 * 4 * line.size / seconds(copy, line)
print(f"products: {peak / 1e9:.0f} GFLOP/s, memory: {bandwidth / 1e9:.1f} GB/s,", end=" ")
print(f"which is {peak / bandwidth:.0f} FLOP per byte")
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
x = np.logspace(-1.5, 2.5, 50)
axis.loglog(x, np.minimum(peak, x * bandwidth) / 1e9, color=style.BLACK)
for (name, program), colour in zip(programs.items(), (style.BLUE, style.ORANGE), strict=True):
    flops, _ = hand_count(n, m, dense=name == "dense")
    achieved = flops / seconds(program, nodes, pairs if name == "dense" else edges)
    axis.loglog(intensity[name], achieved / 1e9, "o", markersize=12, color=colour, label=name)
axis.set(xlabel="FLOP per byte", ylabel="GFLOP/s")
axis.legend()

# %% [markdown]
# Small arrays stand in the cache, which is faster than the line of the memory. Softmax and exponentials
# take time that is not in the FLOP above. A roofline is a bound and not a prediction.
#
# ## What would change on a GPU
# `make gpu` checks that all implementations agree on a GPU and times them beside cuDNN's fused
# kernel. **It has not run on a GPU yet, so there is no table here.** What can be said without one:
# an accelerator has some 150 to 230 FLOP, in bfloat16, for each byte that its memory moves (A100
# with 80 GB: 312 TFLOP/s and 2.0 TB/s, NVIDIA's data sheet; TPU v4: 275 TFLOP/s and 1.2 TB/s,
# Jouppi et al., 2023); this machine has what the cell above prints. A program with 1/6 FLOP per
# byte leaves either idle, but leaves the accelerator far more idle. The crossover should move to
# lower densities. That is an expectation and not a measurement.
#
# ## What would change on a TPU
# A program can be lowered for a TPU without one. It shows which operations the chip would get: the
# matrix unit runs `dot_general`; `gather` and `scatter` move rows one by one.


# %%
def lowered_for_tpu(structure):
    exported = jax.export.export(jax.jit(functools.partial(backward, structure=structure)),
                                 platforms=["tpu"])(nodes)  # fmt: skip
    return exported.mlir_module()


text = {name: lowered_for_tpu(s) for name, s in dict(dense=pairs, edges=edges).items()}
OPERATIONS = ("dot_general", "gather", "scatter", "exponential")
counts = {
    name: {op: len(re.findall(rf"stablehlo\.{op}\b", module)) for op in OPERATIONS}
    for name, module in text.items()
}
for name, found in counts.items():
    print(f"{name}: {found}")
assert counts["dense"]["dot_general"] >= 6  # two products forward, four backward
assert counts["dense"]["scatter"] == 0 < counts["edges"]["scatter"]
assert counts["edges"]["dot_general"] == 0
rows_gathered = {
    name: sorted({int(r) for r in re.findall(r"stablehlo\.gather.*-> tensor<(\d+)x", module)})
    for name, module in text.items()
}
print("rows in one gather:", rows_gathered, "of", n, "nodes and", m, "edges")
assert max(rows_gathered["dense"]) == n and max(rows_gathered["edges"]) == m

# %% [markdown]
# The matrix program gathers, too, but it gathers nodes, to lay graphs out side by side. The edge program
# gathers and scatters every edge. Neither has run on a TPU.
#
# ## Orders of magnitude?
# The next cell prints how many times longer the edge program takes than the matrix program, and the
# other way round:

# %%
for row in rows:
    factors = {label: row[label][1] / row[label][0] for label in ("fwd", "fwd+bwd")}
    text = ", ".join(
        f"{label}: {'edges' if f > 1 else 'dense'} slower {max(f, 1 / f):6.1f} times"
        for label, f in factors.items()
    )
    print(f"n = {row['n']:4}, density {row['density']:4.2f}   {text}")

# %% [markdown]
# These are the numbers of E17, if it has been measured:

# %%
if recorded is not None and curves is not None:
    plain = hardware.plain_over_dense(curves["points"])
    complete = [
        hardware.sparse_over_dense(point, name)
        for point in curves["points"]
        for name in hardware.PASSES
        if point["density"] == 1
    ]
    print(f"on complete graphs the faster edge program took {min(complete):.1f} to", end=" ")
    print(f"{max(complete):.0f} times as long as the faster matrix program;")
    print(f"gather and scatter took at most {max(plain):.0f} times as long as a plain product,")
    print(f"and as little as 1/{1 / min(plain):.0f} where graphs were sparse.")
    print(f"The verdict is: {recorded['verdict']}. {recorded['argument']}")

# %% [markdown]
# On complete graphs the paper is right, most of all for gather and scatter, which hold every
# message. But nobody has to write a complete graph as a list of edges. The comparison that matters
# is at the density of the graph at hand, and there it depends:
#
# * Above the line the matrix is faster. Molecules are there: 20 nodes with 40 directed edges fill a
#   tenth of 400 pairs.
# * Below it the edge list is, and the graphs need not be large for that. Road maps and social
#   networks have a handful of edges per node, so that their density falls as $1/n$.
# * Memory is the other limit: the matrices grow with $n^2$, and the blocked program (`chunked`),
#   which does not hold them, still does $n^2$ arithmetic.
#
# So the edge program is an order of magnitude slower where all pairs are edges. It is not orders of
# magnitude slower, which would be a hundred times and more. Edges win long before graphs are very
# sparse. The paper speaks of GPUs. Neither GPUs nor billion-scale graphs were tested: we cannot say how
# large the factor is there.
