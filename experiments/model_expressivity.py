"""Which graphs models tell apart: `python -m experiments.model_expressivity`.

The untrained protocol: a model with random weights in float64 reads two graphs that are not
isomorphic, and they are told apart if one number of what it predicts differs, for at least one of
a few draws of weights. So this is what the model can tell, and not what training finds. A copy of
each graph with other numbers of its nodes must give the same, up to rounding. The graphs are the
pairs of BREC (Wang and Zhang, 2024), and all pairs of the ten classes of CSL (Murphy et al., 2019).

With `--protocol=trained` it is the protocol of BREC, which trains a model on each pair, and counts
what a statistical test then sees: `experiments.paired_comparisons`.

Counts go to docs/model_expressivity.json, from which `python -m experiments.models` writes
docs/models.md. A family of pairs that stands there for a model is not counted again.
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
from experiments import paired_comparisons
from experiments.benchmarks import expressivity, measure
from experiments.benchmarks.expressivity import Family
from gtx import models
from gtx.batching import Budget, evaluation_plan, stack_batches
from gtx.cli import outcome
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

    def encoded(self, adjacencies: tuple[np.ndarray, ...]) -> Dataset:
        """`graphs` with encodings as any run has them, in float32 and not on a grid."""
        graphs = gtx.encodings.apply(as_dataset(adjacencies), self.encodings)
        return gtx.structures.apply(graphs, self.structures)

    def build(self, spec: GraphSpec, dtype: str = "float64") -> Any:
        """The module. For float64 jax must compute in it."""
        model = self.kind(**{**SMALL, **self.fields}, dtype=dtype, param_dtype=dtype)
        names = {kind: name for name, kind in gtx.structures.STRUCTURES.items()}
        added = [names[type(one)] for one in self.structures]
        return model.build(spec, encodings=self.encodings, structures=added)

    def without_dropout(self) -> "Contender":
        """The model with every rate of dropout and of stochastic depth 0, as BREC trains it."""
        rates = [each.name for each in dataclasses.fields(self.kind)]
        rates = [name for name in rates if "drop" in name and name.endswith("_rate")]
        rates = [name for name in rates if name not in self.kind.unread]
        return dataclasses.replace(self, fields={**dict.fromkeys(rates, 0.0), **self.fields})


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


def families(root: str, names: Sequence[str] = ()) -> list[Family]:
    """BREC by category, and CSL: its ten classes in pairs.

    Args:
      root: the folder that holds expressivity/.
      names: of the families that are wanted; all of them if there are none.

    Raises:
      ValueError: there is no such family.
    """
    brec = [family for family in expressivity.load(root) if not family.name.startswith("SR(")]
    graphs = []
    for skip in SKIPS:
        adjacency = np.zeros((NUM_NODES, NUM_NODES))
        senders, receivers = circulant(NUM_NODES, skip)
        adjacency[senders, receivers] = 1
        graphs.append(adjacency)
    csl = Family("CSL", tuple(graphs), tuple(itertools.combinations(range(10), 2)))
    found = {family.name: family for family in (csl, *brec)}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise ValueError(f"there are no families {unknown}. Name some of {', '.join(found)}.")
    return [family for name, family in found.items() if not names or name in names]


def define(values: FlagValues) -> None:
    flags.DEFINE_string(
        "root", None, "Folder that holds expressivity/*.g6; $GTX_DATA by default.",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_enum(
        "protocol", "untrained", ["untrained", "trained"], "How models are tested.",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_list("only", list(CONTENDERS), "Models.", flag_values=values)
    flags.DEFINE_list("families", [], "Families of pairs; all by default.", flag_values=values)
    flags.DEFINE_integer(
        "seeds", 2, "Draws of weights, or of the ten seeds of BREC the first ones.",
        lower_bound=1, upper_bound=10, flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string("to", str(COUNTS), "File of the counts.", flag_values=values)


def main(values: FlagValues) -> int:
    trained = values.protocol == "trained"
    jax.config.update("jax_enable_x64", not trained)
    root = os.environ.get("GTX_DATA", "data") if values.root is None else values.root
    given = families(root, values.families)
    console, path = Console(), pathlib.Path(values.to)
    for name in values.only:
        # A trained family is written as soon as it is counted; the others share their programs.
        for part in [[family] for family in given] if trained else [given]:
            known = json.loads(path.read_text()) if path.exists() else {}
            entry = known.setdefault(values.protocol, {}).setdefault(name, dict(families={}))
            missing = [family for family in part if family.name not in entry["families"]]
            if missing:
                measure_families(CONTENDERS[name], missing, values.seeds, entry, trained=trained)
                entry["command"] = (
                    f"python -m experiments.model_expressivity --protocol={values.protocol} "
                    f"--only={name} --seeds={values.seeds}"
                )
                outcome.write_json(path, known)
            for family in part:
                told = entry["families"][family.name]
                console.print(f"{name}, {family.name}: {said(told)}", highlight=False)
    return 0


def measure_families(
    contender: Contender,
    given: list[Family],
    num_seeds: int,
    entry: dict[str, Any],
    *,
    trained: bool,
) -> None:
    """Add the counts of these families to the entry of a model."""
    start = time.process_time()
    if trained:
        seeds = paired_comparisons.SEEDS[:num_seeds]
        for family in given:
            entry["families"][family.name] = paired_comparisons.count(contender, family, seeds)
    else:
        found = count(contender, given, num_seeds)
        entry["families"].update(found["families"])
        entry["rounding"] = max(found["rounding"], entry.get("rounding", 0.0))
        entry["tolerance"] = TOLERANCE
    entry["cpu_seconds"] = round(entry.get("cpu_seconds", 0) + time.process_time() - start)
    entry.update(seeds=num_seeds, **SMALL, **measure.machine())


def said(told: Mapping[str, Any]) -> str:
    """The count of a family in words."""
    if isinstance(told["told"], int):
        return f"{told['told']} of {told['pairs']}"
    return ", ".join(
        f"{number} of {told['pairs']} with seed {seed}"
        + (f" and {told['unreliable'][seed]} not reliable" if told["unreliable"][seed] else "")
        for seed, number in told["told"].items()
    )


COMMAND = Command("python -m experiments.model_expressivity", __doc__ or "", define, main)

if __name__ == "__main__":
    leave(execute(COMMAND, sys.argv[1:]))
