"""E7: every layer, model and pool of gtx on graphs whose nodes were renumbered.

The list of modules and the batches are those of the conformance tests. Those fail when a public
module is missing from the list.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import gtx.models
import gtx.nn
from experiments.paper import style
from experiments.paper.claim import Claim, Gate, equal, limit
from experiments.paper.measurement import Measurement, largest_difference
from experiments.paper.modules import jit_once, random_values
from gtx.batch import Batch
from tests.batches import Graph, build_batch, permuted, random_graph, renamed
from tests.descriptors import DESCRIPTORS, Descriptor, inputs

LARGEST = 8
SHOWN = {
    "gcn": "GCN",
    "gin": "GIN",
    "gat": "GAT",
    "transformer_conv": "TransformerConv",
    "transformer_block": "Transformer block",
}


def public_modules() -> set[type]:
    """Every module class that gtx.nn and gtx.models export."""
    public = [getattr(room, name) for room in (gtx.nn, gtx.models) for name in room.__all__]
    return {x for x in public if isinstance(x, type) and issubclass(x, nn.Module)}


def random_batches(num_graphs: int, permutations: int) -> tuple[Batch, list[tuple[Batch, dict]]]:
    """A batch of random graphs, and copies of it in which the nodes are renumbered.

    The graphs have up to 8 nodes, directed edges, self-loops, duplicate edges and isolated nodes.

    Returns:
      The batch; for each copy, the batch and where each of its rows was before (`_origins`).
    """
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, LARGEST + 1, num_graphs)
    found = [random_graph(rng, int(n), int(rng.integers(0, 2 * n + 1))) for n in sizes]
    tiers = [(num_graphs, LARGEST)]
    copies = []
    for _ in range(permutations):
        pairs = [_renumbered(graph, rng) for graph in found]
        batch = build_batch([copy for copy, _ in pairs], tiers=tiers)
        copies.append((batch, _origins(found, [order for _, order in pairs])))
    return build_batch(found, tiers=tiers), copies


def _renumbered(graph: Graph, rng: np.random.Generator) -> tuple[Graph, dict]:
    """Renumber the nodes, and shuffle the edges, so that sums over them run in another order."""
    shuffle = rng.permutation(len(graph.senders))
    shuffled = dataclasses.replace(
        graph,
        senders=graph.senders[shuffle],
        receivers=graph.receivers[shuffle],
        edges={name: values[shuffle] for name, values in graph.edges.items()},
        edge_sets={
            name: renamed(edges, np.arange(graph.size), shuffle)
            for name, edges in graph.edge_sets.items()
        },
    )
    copy, order = permuted(shuffled, rng)
    return copy, {**order, "edges": shuffle[order["edges"]]}


def _origins(found: list[Graph], orders: list[dict]) -> dict[str, np.ndarray]:
    """The row of the first batch that every row of a renumbered batch was, by level."""
    node = edge = 0
    rows: dict[str, list[np.ndarray]] = dict(nodes=[], edges=[], pairs=[])
    places: list[np.ndarray] = []
    for number, (graph, order) in enumerate(zip(found, orders, strict=True)):
        start = number * LARGEST**2
        square = np.arange(LARGEST**2).reshape(LARGEST, LARGEST)
        old = order["nodes"]
        rows["nodes"].append(node + old)
        rows["edges"].append(edge + order["edges"])
        rows["pairs"].append(start + square[old[:, None], old[None]].reshape(-1))
        places.append(start + square[: graph.size, : graph.size].reshape(-1))
        node, edge = node + graph.size, edge + len(graph.senders)
    joined = {level: np.concatenate(parts) for level, parts in rows.items()}
    graphs = np.arange(len(found))
    return {**joined, "graphs": graphs, "pair places": np.concatenate(places)}


def evaluate(descriptor: Descriptor, batch: Batch, dtype: Any) -> Callable[[Batch], Any]:
    """The module with random parameters, as a compiled function of a batch of this shape."""
    module = descriptor.factory()
    if "param_dtype" in module.__dataclass_fields__:
        module = module.clone(param_dtype=dtype)

    def call(variables: Any, batch: Batch, **options: Any) -> Any:
        given = jax.tree.map(lambda x: x.astype(dtype), inputs(batch))
        return descriptor.outputs(module, variables, given, batch, **options)

    def init(batch: Batch) -> Any:
        key = jax.random.key(0)
        rngs = dict(params=key, dropout=key)
        return call({}, batch, train=True, mutable=True, rngs=rngs)[1]

    shapes = jax.eval_shape(init, batch)
    shapes = {name: shapes[name] for name in ("params", "batch_stats") if name in shapes}
    variables = random_values(shapes, np.random.default_rng(0), dtype)
    run = jit_once(lambda variables, batch: call(variables, batch, train=False))
    return lambda batch: jax.tree.map(np.asarray, run(variables, batch))


def errors(
    descriptor: Descriptor, batch: Batch, copies: list[tuple[Batch, dict]], dtype: Any
) -> Iterator[tuple[float, float]]:
    """For each renumbering P, how far f(P x) is from P f(x), and how far it is from f(x).

    Both are relative to max(1, max |f(x)|). The second one counts rows of nodes only.
    """
    run = evaluate(descriptor, batch, dtype)
    before = run(batch)
    for renumbered, origin in copies:
        error, change = 0.0, np.inf
        for level, rows in run(renumbered).items():
            expected = before[level][origin[level]]
            found = rows[origin["pair places"]] if level == "pairs" else rows[: len(expected)]
            scale = max(1.0, float(np.abs(expected).max(initial=0)))
            error = max(error, largest_difference(found, expected) / scale)
            if level == "nodes":
                change = largest_difference(found, before[level][: len(found)]) / scale
        yield error, change


def equivariance(
    num_graphs: int = 100,
    permutations: int = 5,
    precisions: Sequence[str] = ("x64", "f32"),
    names: Sequence[str] = tuple(descriptor.name for descriptor in DESCRIPTORS),
) -> Measurement:
    """Measure the largest error of the modules that are named; count all public modules."""
    values: dict[str, float] = {}
    by_module: dict[str, dict[str, float]] = {}
    for precision in precisions:
        with jax.enable_x64(precision == "x64"):
            dtype = jnp.float64 if precision == "x64" else jnp.float32
            batch, copies = random_batches(num_graphs, permutations)
            found = {
                descriptor.name: list(errors(descriptor, batch, copies, dtype))
                for descriptor in DESCRIPTORS
                if descriptor.name in names
            }
        by_module[precision] = {name: max(e for e, _ in pairs) for name, pairs in found.items()}
        values[f"error_{precision}"] = max(by_module[precision].values())
        changes = {name: min(c for _, c in pairs) for name, pairs in found.items()}
        # It gives every node the same vector, which stays the same under every numbering.
        changes.pop("constant_encoder", None)
        values["not_renumbered"] = min(values.get("not_renumbered", np.inf), *changes.values())
    described = {type(descriptor.factory()) for descriptor in DESCRIPTORS}
    values["modules"] = len(described)
    values["modules_missing"] = len(public_modules() - described)
    return Measurement(values, curves=dict(error_by_module=by_module))


def draw_figure() -> Figure:
    """Draw f(P x) against P f(x), and the largest error of some modules."""
    figure, axes = style.new(1, 2, height=3.6)
    with jax.enable_x64(True):
        batch, ((copy, origin),) = random_batches(12, 1)
        worst = {}
        for descriptor in DESCRIPTORS:
            if descriptor.name not in SHOWN:
                continue
            run = evaluate(descriptor, batch, jnp.float64)
            expected = run(batch)["nodes"][origin["nodes"]]
            found = run(copy)["nodes"][: len(expected)]
            name = SHOWN[descriptor.name]
            scale = np.abs(expected).max()
            worst[name] = np.abs(found - expected).max() / scale
            if descriptor.name != "transformer_block":
                continue
            alone = run(batch)["nodes"][: len(expected)]
            for other, label, colour in (
                (alone, "with f(x)", style.GREY),
                (expected, "with P f(x)", style.BLUE),
            ):
                rows = ((values / scale).reshape(-1)[::5] for values in (other, found))
                axes[0, 0].plot(*rows, ".", markersize=4, label=label, color=colour)
    axes[0, 0].set_title("Transformer block")
    axes[0, 0].set_xlabel("f(x) or P f(x)")
    axes[0, 0].set_ylabel("f(P x)")
    axes[0, 0].set_ylim(top=1.75)
    axes[0, 0].set_yticks([-1, 0, 1])
    axes[0, 0].legend(loc="upper left", handletextpad=0.1, markerscale=2.5, labelspacing=0.2)
    axis = axes[0, 1]
    axis.barh(list(worst), list(worst.values()), color=style.COLOURS[: len(worst)])
    for place, error in enumerate(worst.values()):
        axis.text(max(error, 1e-17) * 1.6, place, f"{error:.0e}" if error else "0", va="center")
    axis.axvline(1e-12, color=style.BLACK, linestyle="--")
    axis.text(0.6e-12, -0.75, "gate", ha="right", va="center")
    axis.set_xscale("log")
    axis.set_xlim(1e-17, 1e-11)
    axis.set_xticks([1e-17, 1e-14, 1e-11])
    axis.set_title("largest error")
    axis.set_ylim(len(worst) - 0.4, -1.1)
    return figure


CLAIM = Claim(
    number=7,
    place="2 and 2.1, equations 10 and 12",
    says="The order of nodes means nothing, and aggregation keeps it so.",
    test="Every public module of gtx.nn and gtx.models on 100 random graphs, each renumbered 5 "
    "times, edges shuffled.",
    measure=equivariance,
    gates=(
        *equal("error", "largest error of equivariance of a module"),
        Gate("modules_missing", "==", 0, "public modules that are not tested"),
        limit("not_renumbered", ">=", 1e-3, "smallest change of rows that are not renumbered back"),
    ),
    effect="error {error_x64:.1e} (float64), {error_f32:.1e} (float32) over {modules:.0f} modules",
    argument="Whatever the layer, renumbering what goes in renumbers what comes out, to rounding; "
    "encodings that read the order or a basis of eigenvectors are no layers, and have rows of "
    "their own (E8, E9).",
    draw=draw_figure,
    notebook="02_positions_and_structure",
)
