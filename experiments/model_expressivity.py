"""Which graphs models tell apart without training: `python -m experiments.model_expressivity`.

The untrained protocol: a model with random weights in float64 reads two graphs that are not
isomorphic, and they are told apart if one number of what it predicts differs, for at least one of
a few draws of weights. So this is what the model can tell, and not what training finds. A copy of
each graph with other numbers of its nodes must give the same, up to rounding. The graphs are the
pairs of BREC (Wang and Zhang, 2023), and all pairs of the ten classes of CSL (Murphy et al., 2019).

BREC's own protocol trains a model on each pair, and counts what a statistical test then sees. The
published counts are of this kind; none was measured here.

Counts go to docs/model_expressivity.json, from which `python -m experiments.models` writes
docs/models.md. A model that stands there is not counted again.
"""

import dataclasses
import functools
import itertools
import json
import math
import os
import pathlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from absl import flags
from absl.flags import FlagValues
from rich.console import Console

import gtx.encodings
import gtx.structures
from experiments.benchmarks import expressivity, measure
from experiments.benchmarks.expressivity import Family
from gtx import models
from gtx.batching import Budget, evaluation_plan, stack_batches
from gtx.cli import report
from gtx.cli.command import Command, execute
from gtx.cli.exit_codes import leave
from gtx.data import Categorical, Dataset, GraphSpec, Label
from gtx.data.sources.csl import NUM_NODES, SKIPS, circulant
from gtx.ops.layout import Tier

ROOT = pathlib.Path(__file__).parents[1]
COUNTS = ROOT / "docs" / "model_expressivity.json"
SMALL = dict(dim=16, num_layers=5, num_heads=2)
# Relative. Rounding is about 1e-15, as the renumbered copies show.
TOLERANCE = 1e-13
GRID = 1e-6
# Graphs are padded to these numbers of nodes, for each of which there is one program.
SIZES = (11, 42, 66, 90, 130, 200)
NODES_IN_BATCH = 200
OUTPUTS = 16


@dataclasses.dataclass(frozen=True)
class Contender:
    """A model with the encodings and structures that its recipe has.

    Attributes:
      kind: the model.
      fields: of the model, beside SMALL.
      encodings: of its graphs.
      structures: added to them.
    """

    kind: type[models.Model]
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    encodings: tuple[gtx.encodings.Encoding, ...] = ()
    structures: tuple[gtx.structures.Structure, ...] = ()

    def graphs(self, adjacencies: tuple[np.ndarray, ...]) -> Dataset:
        """The graphs, encoded, with a label of as many numbers as are compared."""
        graphs = gtx.encodings.apply(as_dataset(adjacencies), self.encodings)
        graphs = on_grid(graphs, adjacencies, self.encodings)
        return gtx.structures.apply(graphs, self.structures)

    def build(self, spec: GraphSpec) -> Any:
        """The module in float64, in which jax must compute."""
        model = self.kind(**{**SMALL, **self.fields}, dtype="float64", param_dtype="float64")
        names = {kind: name for name, kind in gtx.structures.STRUCTURES.items()}
        added = [names[type(one)] for one in self.structures]
        return model.build(spec, encodings=self.encodings, structures=added)


TOKEN = gtx.structures.VirtualNodes(num_nodes=1)
CONTENDERS = {
    "graphormer": Contender(
        models.Graphormer,
        encodings=(
            gtx.encodings.DegreeClass(max_degree=61),
            gtx.encodings.ShortestPathDistance(max_distance=37),
            gtx.encodings.ShortestPaths(),
        ),
        structures=(TOKEN,),
    ),
    "grit": Contender(models.GRIT, encodings=(gtx.encodings.RRWP(walk_length=21),)),
    "gdt": Contender(
        models.GDT,
        encodings=(gtx.encodings.RRWP(walk_length=17, diagonal=False),),
        structures=(TOKEN,),
    ),
    "edge_transformer": Contender(models.EdgeTransformer),
    "floydnet": Contender(models.FloydNet),
}


def as_dataset(adjacencies: tuple[np.ndarray, ...]) -> Dataset:
    """Graphs of one class of nodes and one of edges."""
    edges = [np.stack(np.nonzero(adjacency)) for adjacency in adjacencies]
    spec = GraphSpec(nodes=dict(type=Categorical((1,))), edges=dict(type=Categorical((1,))))
    senders, receivers = np.concatenate(edges, axis=1)
    nodes = np.cumsum([0, *map(len, adjacencies)])
    counts = np.cumsum([0, *(pair.shape[1] for pair in edges)])
    graphs = Dataset.from_columns(
        node_ptr=nodes, edge_ptr=counts, senders=senders, receivers=receivers, spec=spec,
        nodes=dict(type=np.zeros(nodes[-1], np.int32)),
        edges=dict(type=np.zeros(counts[-1], np.int32)),
    )  # fmt: skip
    label = Label("graph", "regression", OUTPUTS)
    return dataclasses.replace(graphs.with_targets("graph"), spec=graphs.spec.replace(label=label))


def on_grid(
    graphs: Dataset,
    adjacencies: tuple[np.ndarray, ...],
    encodings: tuple[gtx.encodings.Encoding, ...],
) -> Dataset:
    """The encoded graphs with the numbers of encodings on a grid, computed in float64.

    Columns are float32, and their last digit may depend on how nodes are numbered. The grid is
    shifted, so that common fractions do not lie half way between two of its points.
    """
    columns = {"node": dict(graphs.nodes), "pair": dict(graphs.pairs)}
    for encoding in encodings:
        for level, name in encoding.columns():
            known = columns[level][name]
            if known.dtype.kind != "f":
                continue
            found = [encoding(adjacency[None])[level, name][0] for adjacency in adjacencies]
            exact = np.concatenate([each.reshape(-1, *known.shape[1:]) for each in found])
            np.testing.assert_allclose(exact, known, atol=1e-6)
            columns[level][name] = (np.floor(exact / GRID + 0.381966) * GRID).astype(known.dtype)
    return dataclasses.replace(graphs, nodes=columns["node"], pairs=columns["pair"])


def predictions(contender: Contender, graphs: Dataset, num_seeds: int) -> np.ndarray:
    """What the model says of each graph, with each draw of weights: [seeds, graphs, OUTPUTS]."""
    model = contender.build(graphs.spec)
    apply = jax.jit(functools.partial(model.apply, train=False))
    found = np.zeros((num_seeds, len(graphs), OUTPUTS))
    variables: list[Any] = []
    for places, batch in batches(graphs):
        if not variables:
            init = functools.partial(model.init, train=False)
            shapes = jax.eval_shape(init, jax.random.key(0), batch)
            variables = [drawn(shapes, np.random.default_rng(seed)) for seed in range(num_seeds)]
        for seed, weights in enumerate(variables):
            outputs = np.asarray(apply(weights, batch))[: len(places)]  # without the padding graph
            found[seed, places[places >= 0]] = outputs[places >= 0]
    return found


def drawn(shapes: Any, rng: np.random.Generator) -> Any:
    """Variables of these shapes: normal numbers of variance 1 / fan-in; scales around 1.

    Initial values of models are often small or zero, in which case much of a model says nothing.
    """

    def draw(path: tuple, leaf: jax.ShapeDtypeStruct) -> np.ndarray:
        name = str(path[-1].key)
        noise = rng.normal(size=leaf.shape)
        if name in ("scale", "var"):
            return 1 + 0.1 * np.abs(noise)
        fan_in = math.prod(leaf.shape[:-1]) if leaf.ndim > 1 and name != "embedding" else 1
        return noise / math.sqrt(fan_in)

    return jax.tree_util.tree_map_with_path(draw, shapes)


def batches(graphs: Dataset) -> Iterator[tuple[np.ndarray, Any]]:
    """Batches of graphs of like size, and the place of each graph in the dataset, -1 for none."""
    for low, high in itertools.pairwise((0, *SIZES)):
        sizes = graphs.num_nodes
        chosen = np.flatnonzero((sizes > low) & (sizes <= high))
        if not len(chosen):
            continue
        part = graphs.select(chosen)
        size, count = int(part.num_nodes.max()), max(1, NODES_IN_BATCH // high)
        budget = Budget(
            num_nodes=count * size + 1,
            num_edges=count * int(part.num_edges.max()),
            tiers=(Tier(count, size),),
            edge_sets=tuple(
                (name, count * int(edges.num_edges.max())) for name, edges in part.edge_sets.items()
            ),
        )
        for rows in evaluation_plan(part, budget):
            batch = stack_batches(part, budget, rows[None])
            yield (
                np.where(rows[0] < 0, -1, chosen[rows[0]]),
                jax.tree.map(lambda array: np.asarray(array[0, 0]), batch),
            )


def difference(one: np.ndarray, two: np.ndarray) -> float:
    """The largest relative difference of two predictions for any draw of weights."""
    scale = np.maximum(np.abs(one), np.abs(two)).max(axis=-1)
    return float((np.abs(one - two).max(axis=-1) / np.where(scale > 0, scale, 1)).max())


def count(contender: Contender, given: Sequence[Family], num_seeds: int) -> dict[str, Any]:
    """How many pairs of each family the model tells apart.

    Raises:
      expressivity.Renumbered: it tells a graph from a renumbered copy of itself.
    """
    rng = np.random.default_rng(0)
    originals = tuple(graph for family in given for graph in family.graphs)
    copies = tuple(expressivity.renumbered(graph, rng) for graph in originals)
    found = predictions(contender, contender.graphs((*originals, *copies)), num_seeds)
    here, again = np.split(found, 2, axis=1)
    noise = [difference(here[:, place], again[:, place]) for place in range(len(copies))]
    if max(noise) > TOLERANCE:
        place = int(np.argmax(noise))
        raise expressivity.Renumbered(
            f"graph {place} of {len(copies)} and its renumbered copy differ by {max(noise):.1e}"
        )
    told, start = {}, 0
    for family in given:
        values = [difference(here[:, start + i], here[:, start + j]) for i, j in family.pairs]
        apart = [value for value in values if value > TOLERANCE]
        told[family.name] = dict(
            pairs=len(values),
            told=len(apart),
            smallest=min(apart, default=None),
            largest_of_others=max(set(values) - set(apart), default=None),
        )
        start += len(family.graphs)
    return dict(rounding=max(noise), families=told)


def families(root: str) -> list[Family]:
    """BREC by category, and CSL: its ten classes in pairs."""
    brec = [family for family in expressivity.load(root) if not family.name.startswith("SR(")]
    graphs = []
    for skip in SKIPS:
        adjacency = np.zeros((NUM_NODES, NUM_NODES))
        senders, receivers = circulant(NUM_NODES, skip)
        adjacency[senders, receivers] = 1
        graphs.append(adjacency)
    return [Family("CSL", tuple(graphs), tuple(itertools.combinations(range(10), 2))), *brec]


def define(values: FlagValues) -> None:
    flags.DEFINE_string(
        "root", None, "Folder that holds expressivity/*.g6; $GTX_DATA by default.",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_list("only", list(CONTENDERS), "Models.", flag_values=values)
    flags.DEFINE_integer("seeds", 2, "Draws of weights.", lower_bound=1, flag_values=values)
    flags.DEFINE_string("to", str(COUNTS), "File of the counts.", flag_values=values)


def main(values: FlagValues) -> int:
    jax.config.update("jax_enable_x64", True)
    root = os.environ.get("GTX_DATA", "data") if values.root is None else values.root
    console, path = Console(), pathlib.Path(values.to)
    for name in values.only:
        known = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            start = time.monotonic()
            known[name] = dict(
                count(CONTENDERS[name], families(root), values.seeds),
                seconds=round(time.monotonic() - start),
                command=f"python -m experiments.model_expressivity --only={name} "
                f"--seeds={values.seeds}",
                tolerance=TOLERANCE,
                **SMALL,
                **measure.machine(),
            )
            report.write_json(path, known)
        told = known[name]["families"]
        counts = [f"{family} {one['told']} of {one['pairs']}" for family, one in told.items()]
        console.print(f"{name}: {', '.join(counts)}", highlight=False)
    return 0


COMMAND = Command("python -m experiments.model_expressivity", __doc__ or "", define, main)

if __name__ == "__main__":
    leave(execute(COMMAND, sys.argv[1:]))
