"""E19: pairs of graphs that the 1-WL test cannot tell apart, and what helps."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import gtx.models
import gtx.nn
from experiments.paper import batches, graphs, style
from experiments.paper.claim import Claim, Gate, limit
from experiments.paper.measurement import Measurement, largest_difference
from experiments.paper.modules import apply, random_values
from gtx import encodings
from gtx.batch import Batch, Features
from gtx.ops import Complete, attention, pool
from gtx.typing import ModuleFactory

DIM = 8
# Name -> two graphs of equal size, and whether random walks, the spectrum and shortest paths tell
# them apart. They do not for the last pair: both are strongly regular, with equal parameters.
PAIRS: dict[str, tuple[np.ndarray, np.ndarray, bool]] = {
    "C6 / 2 C3": (graphs.ring(6), graphs.union(graphs.ring(3), graphs.ring(3)), True),
    "decalin / bicyclopentyl": (graphs.decalin(), graphs.bicyclopentyl(), True),
    "CSL(41, 2) / CSL(41, 3)": (
        graphs.circulant(41, (1, 2)),
        graphs.circulant(41, (1, 3)),
        True,
    ),
    "rook 4x4 / Shrikhande": (graphs.rook(), graphs.shrikhande(), False),
}
Encoder = Callable[[np.ndarray], np.ndarray]
PLAIN: dict[str, ModuleFactory] = {
    "GIN": functools.partial(gtx.nn.GIN, DIM, activation=jnp.tanh),
    "GCN": functools.partial(gtx.nn.GCN, DIM),
    "GraphSAGE": functools.partial(gtx.nn.GraphSAGE, DIM, method="sum"),
    "GATv2": functools.partial(gtx.nn.GATv2, DIM, num_heads=2),
    "MPNN": functools.partial(gtx.nn.MPNN, DIM, activation=jnp.tanh),
}
TRANSFORMER: ModuleFactory = functools.partial(
    gtx.nn.TransformerBlock, DIM, functools.partial(gtx.nn.MultiHeadAttention, num_heads=2)
)
BIASED: ModuleFactory = functools.partial(
    gtx.nn.TransformerBlock,
    DIM,
    functools.partial(gtx.nn.MultiHeadAttention, num_heads=2, pair_bias=True),
)


def heat(adjacency: np.ndarray) -> np.ndarray:
    """Sums of f(lambda) v_i^2 for each node i, which no signs or bases of eigenvectors change."""
    return encodings.HeatKernelDiagonal()(adjacency)["node", "heat_diagonal"]


def walks(adjacency: np.ndarray) -> np.ndarray:
    return encodings.RandomWalk(8)(adjacency)["node", "rwse"]


def distance_classes(adjacency: np.ndarray) -> np.ndarray:
    """The distance of each pair as one-hot classes. Far and unreachable are classes, too."""
    encoding = encodings.ShortestPathDistance(8)
    (column,) = encoding.columns().values()
    (classes,) = encoding(adjacency).values()
    return np.eye(column.sizes[0])[classes[..., 0]]


class GatedAttention(nn.Module):
    """A residual and attention whose weights are multiplied by a map of the pairs.

    The factor comes after the softmax. This is Graphormer-GD (Zhang et al., 2023, equation 5)
    without its bias before the softmax.
    """

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        x, pairs = features.nodes, features.pairs
        maps = dict(use_bias=False, param_dtype=x.dtype)
        query, key, value = (
            nn.Dense(DIM, **maps, name=name)(x).reshape(-1, 2, DIM // 2)
            for name in ("query", "key", "value")
        )
        gate = nn.Dense(2, **maps, name="gate")(pairs)
        out = attention(query, key, value, Complete(batch.layout), gate=gate)
        return features.replace(nodes=x + jnp.tanh(out.reshape(x.shape)))


class Network(nn.Module):
    """Three layers, and then the sum over the nodes of each graph."""

    layer: ModuleFactory

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Any:
        nodes = features.nodes
        nodes = nn.Dense(DIM, param_dtype=nodes.dtype, name="embed")(nodes)
        features = features.replace(nodes=nodes)
        for number in range(3):
            layer = self.layer(name=f"layer_{number}")
            features = layer(features, batch, train=train)
        return pool(features.nodes, batch.node_graph, len(batch.graph_mask), where=batch.node_mask)


def gaps(
    layer: ModuleFactory,
    pairs: Sequence[str],
    *,
    nodes: Encoder | None = None,
    bias: Encoder | None = None,
) -> list[float]:
    """The largest difference between the sums of the two graphs of each pair.

    It is relative to the largest entry, if that is more than 1.

    Args:
      layer: makes the layers of the network.
      pairs: names in `PAIRS`.
      nodes: features of nodes as a function of matrices [1, n, n]. Without it all nodes are alike.
      bias: features of pairs of nodes, in the same way.
    """
    found = [graph for name in pairs for graph in PAIRS[name][:2]]
    batch = batches.batch_of(found)
    columns = [
        {("node", "x"): np.ones((len(graph), 1)) if nodes is None else nodes(graph[None])[0]}
        | ({} if bias is None else {("pair", "x"): bias(graph[None])[0]})
        for graph in found
    ]
    filled = batches.with_columns(batch, columns)
    features = Features(nodes=filled.graph.nodes["x"], pairs=filled.pairs.get("x"))
    module = Network(layer)
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), features, batch, train=False))
    variables = random_values(shapes, np.random.default_rng(0), jnp.float64)
    sums = np.asarray(apply(module, variables, features, batch))
    return [
        largest_difference(one, two) / max(1.0, float(np.abs([one, two]).max()))
        for one, two in zip(sums[0:-1:2], sums[1:-1:2], strict=True)
    ]


# Name -> the layer, and the encoding by which it should tell graphs apart.
HELPED: dict[str, tuple[ModuleFactory, dict[str, Encoder]]] = {
    "GIN + RWSE": (PLAIN["GIN"], dict(nodes=walks)),
    "Transformer + RWSE": (TRANSFORMER, dict(nodes=walks)),
    "GIN + HeatKernelDiagonal": (PLAIN["GIN"], dict(nodes=heat)),
    "Transformer + HeatKernelDiagonal": (TRANSFORMER, dict(nodes=heat)),
    "attention gated by shortest paths": (GatedAttention, dict(bias=distance_classes)),
}


def pairs_told_apart(
    pairs: Sequence[str] = tuple(PAIRS),
    layers: Sequence[str] = tuple(PLAIN),
    helped: Sequence[str] = tuple(HELPED),
) -> Measurement:
    """Measure who tells the graphs of each pair apart, with and without encodings.

    Where all nodes are alike, a bias of the logits does not help: a mean of equal rows is that row,
    whatever its weights. The distances must reach the values, and a gate lets them.
    """
    with jax.enable_x64(True):
        plain = {name: gaps(PLAIN[name], pairs) for name in layers}
        plain["Transformer"] = gaps(TRANSFORMER, pairs)
        told = {name: gaps(HELPED[name][0], pairs, **HELPED[name][1]) for name in helped}
        biased = gaps(BIASED, pairs, bias=distance_classes)
    apart = [PAIRS[name][2] for name in pairs]
    split = np.array(list(told.values()))
    values = dict(
        message_passing_gap=max(max(row) for row in plain.values()),
        encoding_gap=float(split[:, apart].min()),
        gap_where_none_is_due=float(split[:, np.logical_not(apart)].max()),
        bias_gap=max(biased),
        message_passing_with_encodings=min(
            gap
            for name, row in told.items()
            if name.startswith("GIN")
            for gap, due in zip(row, apart, strict=True)
            if due
        ),
        attention_alone=max(plain["Transformer"]),
    )
    table = {**plain, **told, "Transformer + bias by shortest paths": biased}
    curves = dict(pairs=list(pairs), gaps=table)
    return Measurement(values, curves=curves)


def draw_figure() -> Figure:
    """Draw a table of who tells which graphs apart, by a gap of at least 1e-3."""
    names = tuple(PAIRS)
    measured = pairs_told_apart(names, ("GIN", "GATv2", "MPNN"))
    table = measured.curves["gaps"]
    columns, values = list(table), np.array(list(table.values()))
    figure, axes = style.new(height=5.0)
    axis = axes[0, 0]
    axis.imshow(values >= 1e-3, aspect="auto", vmin=0, vmax=1)
    for i, j in np.ndindex(*values.shape):
        text = "apart" if values[i, j] >= 1e-3 else "tie"
        ink = "black" if values[i, j] >= 1e-3 else "white"
        axis.text(j, i, text, ha="center", va="center", color=ink, fontsize=13)
    short = {
        "Transformer": "attention",
        "Transformer + RWSE": "attention + RWSE",
        "Transformer + HeatKernelDiagonal": "attention + HeatKernelDiagonal",
        "attention gated by shortest paths": "attention, SPD gate",
        "Transformer + bias by shortest paths": "attention, SPD bias",
    }
    names_shown = [short.get(name, name) for name in columns]
    axis.set_yticks(range(len(columns)), names_shown, fontsize=12)
    ticks = ["C6\n2 C3", "decalin\nbicyclop.", "CSL 2\nCSL 3", "rook\nShrikh."]
    axis.set_xticks(range(len(names)), ticks, fontsize=13)
    return figure


CLAIM = Claim(
    number=19,
    place="3",
    says="Graph Transformers overcome the limits of message passing in what it can express.",
    test="Sums over nodes that start alike, on four pairs of 1-WL-equivalent graphs: five message "
    "passing networks, and RWSE, HeatKernelDiagonal (of the Laplacian) and shortest paths, "
    "float64.",
    measure=pairs_told_apart,
    gates=(
        Gate("message_passing_gap", "<=", 1e-10, "largest gap of a pair without encodings"),
        Gate("encoding_gap", ">=", 1e-3, "smallest gap with an encoding that theory says works"),
        limit("gap_where_none_is_due", "<=", 1e-10, "largest gap of rook and Shrikhande"),
        limit("bias_gap", "<=", 1e-10, "largest gap with a bias by distance"),
        limit("attention_alone", "<=", 1e-10, "largest gap of a Transformer told nothing"),
        limit(
            "message_passing_with_encodings",
            ">=",
            1e-3,
            "smallest gap of GIN that reads such an encoding, where theory says it works",
        ),
    ),
    effect="message passing {message_passing_gap:.1e}; encodings from {encoding_gap:.1e}; "
    "{gap_where_none_is_due:.1e} for rook against Shrikhande",
    argument="An encoding that tells the graphs apart must reach the values, and it is the "
    "encoding that does it: attention alone ties on every pair, message passing with the same "
    "encoding does not, and rook against Shrikhande, beyond these encodings, ties with all.",
    conditional=True,
    draw=draw_figure,
    notebook="02_positions_and_structure",
)
