"""The model with its parameters as StableHLO programs, and the shapes of their inputs."""

import dataclasses
import json
import pathlib
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax import export as jax_export

from gtx.batch import Batch
from gtx.batching import Budget, stack_batches
from gtx.data import Dataset
from gtx.data.blank import one_node
from gtx.ops.layout import Tier
from gtx.predict import Predictor
from gtx.training.patterns import leaf_name

PLATFORMS = ("cpu", "cuda", "tpu")
# Two sizes of each axis that differ from each other and from all others: where the shapes of two
# batches differ, the axis has a symbolic size.
_FIRST = dict(nodes=1009, edges=2003, graphs=53, targets=3001)
_SECOND = dict(nodes=1013, edges=2011, graphs=59, targets=3011)


@dataclasses.dataclass(frozen=True)
class Shape:
    """The batches that a program takes.

    Attributes:
      file: of the program.
      num_graphs: places for graphs; 0 for any number.
      size: nodes that each may have; 0 for any number. Edges are of any number.
    """

    file: str
    num_graphs: int
    size: int


def write(
    predictor: Predictor, folder: pathlib.Path, *, sizes: Sequence[int], num_graphs: int
) -> dict[str, Any]:
    """Write the programs of a model.

    A model that runs over edges alone is one program for graphs of any size and number. One that
    reads all pairs of nodes is a program for each size of graphs, because its matrices have that
    size; its number of edges is symbolic too.

    Args:
      predictor: the model.
      folder: exists.
      sizes: nodes of the largest graph of each program; of models that read all pairs.
      num_graphs: graphs in a batch, likewise.

    Returns:
      What `export.json` says of the programs and their inputs.
    """
    found: list[dict[str, Any]] = []
    inputs: list[dict[str, Any]] = []
    dense = predictor.recipe.budget.dense
    for size in sizes if dense else (0,):
        name = f"program_{size}.stablehlo" if size else "program.stablehlo"
        shape = Shape(name, num_graphs if size else 0, size)
        exported, inputs = _exported(predictor, shape)
        (folder / name).write_bytes(exported.serialize())
        found.append(dataclasses.asdict(shape))
    return dict(programs=found, platforms=PLATFORMS, inputs=inputs)


def arrays(batch: Batch) -> dict[str, np.ndarray]:
    """The inputs of a program: the arrays of a batch, by their place in it."""
    leaves = jax.tree_util.tree_leaves_with_path(batch)
    return {leaf_name(path): np.asarray(leaf) for path, leaf in leaves}


def batch_of(dataset: Dataset, shape: Shape, dense: bool) -> Batch:
    """The graphs as one batch that a program takes, with padding to powers of two.

    Args:
      dataset: as the model reads it, with targets.
      shape: of the program. The graphs must fit into it.
      dense: whether the model reads all pairs.
    """
    sets = tuple(
        (name, power(max(1, len(edges.senders)))) for name, edges in dataset.edge_sets.items()
    )
    budget = _budget(
        shape,
        dict(
            nodes=power(int(dataset.num_nodes.sum()) + 1),
            edges=power(max(1, int(dataset.num_edges.sum()))),
            graphs=power(len(dataset)),
            targets=power(max(1, len(dataset.targets))),
        ),
        level=dataset.targets.level,
        largest=int(dataset.num_nodes.max(initial=1)),
        sets=sets,
        dense=dense,
    )
    row = np.full(budget.graphs_per_shard, -1, np.int32)
    row[: len(dataset)] = np.arange(len(dataset))
    return _alone(stack_batches(dataset, budget, row[None, None]))


def _alone(stacked: Batch) -> Batch:
    """The only batch of a stack."""
    return jax.tree.map(lambda leaf: leaf[0, 0], stacked)


def power(count: int) -> int:
    """The next power of two, so that few shapes are compiled."""
    return 1 << max(count - 1, 0).bit_length()


def _exported(predictor: Predictor, shape: Shape) -> tuple[Any, list[dict[str, Any]]]:
    dense, level = predictor.recipe.budget.dense, predictor.task.label.level
    example = one_node(predictor.recipe.spec)
    example = example.with_targets(level, [[0, 0]] if level == "pair" else None)

    def blank(numbers: dict[str, int]) -> Batch:
        sets = tuple(
            (name, numbers["edges"] * 3 + 2 * place)
            for place, name in enumerate(sorted(example.edge_sets))
        )
        budget = _budget(shape, numbers, level=level, largest=1, sets=sets, dense=dense)
        row = np.full(budget.graphs_per_shard, -1, np.int32)
        row[0] = 0
        return _alone(stack_batches(example, budget, row[None, None]))

    one, two = blank(_FIRST), blank(_SECOND)
    structure, first, second = jax.tree.structure(one), arrays(one), arrays(two)
    pairs = {
        pair: name
        for name in first
        for pair in zip(first[name].shape, second[name].shape, strict=True)
        if pair[0] != pair[1]
    }
    symbols = _symbols(pairs)
    shapes = {
        name: jax.ShapeDtypeStruct(
            tuple(
                a if a == b else symbols[a, b]
                for a, b in zip(first[name].shape, second[name].shape, strict=True)
            ),
            first[name].dtype,
        )
        for name in first
    }
    variables = jax.tree.map(np.asarray, predictor.variables)

    def program(inputs: dict[str, Any]) -> Any:
        batch = jax.tree.unflatten(structure, [inputs[name] for name in first])
        outputs: Any = predictor.model.apply(variables, batch, train=False)
        return predictor.task.predictions(outputs)

    exported = jax_export.export(jax.jit(program), platforms=PLATFORMS)(shapes)
    described = [
        dict(name=name, dtype=leaf.dtype.name, shape=[_dim(size) for size in leaf.shape])
        for name, leaf in shapes.items()
    ]
    return exported, described


def _symbols(pairs: dict[tuple[int, int], str]) -> dict[tuple[int, int], Any]:
    """A symbolic size for each axis, named by what is counted."""
    known = {(_FIRST[name], _SECOND[name]): name for name in _FIRST}
    known[_FIRST["graphs"] + 1, _SECOND["graphs"] + 1] = "graphs"
    names = [known.get(pair, pairs[pair].replace("/", "_")) for pair in pairs]
    if not names:
        return {}
    return dict(zip(pairs, jax_export.symbolic_shape(",".join(names)), strict=True))


def _dim(size: Any) -> int | str:
    return size if isinstance(size, int) else str(size)


def _budget(
    shape: Shape,
    numbers: dict[str, int],
    *,
    level: str,
    largest: int,
    sets: tuple[tuple[str, int], ...],
    dense: bool,
) -> Budget:
    """The budget of a batch with these numbers of nodes, edges, graphs and targets."""
    if shape.size:
        tier = Tier(shape.num_graphs, shape.size)
        num_nodes = shape.num_graphs * shape.size + 1
    else:
        tier, num_nodes = Tier(numbers["graphs"], max(largest, 1)), numbers["nodes"]
    return Budget(
        num_nodes,
        numbers["edges"],
        (tier,),
        dense=dense,
        num_targets=numbers["targets"] if level in ("edge", "pair") else None,
        edge_sets=sets,
    )


def read_shapes(folder: pathlib.Path) -> list[Shape]:
    """The programs that `export.json` lists."""
    said = json.loads((folder / "export.json").read_text())
    return [Shape(**entry) for entry in said["programs"]]
