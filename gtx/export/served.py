"""Predictions by exported programs: molecules and graphs become their inputs here."""

import os
import pathlib
from collections.abc import Iterable
from typing import Any

import jax
import numpy as np
from jax import export as jax_export

from gtx import recipes
from gtx.data import Dataset, DatasetError
from gtx.export.programs import Shape, arrays, batch_of, read_shapes
from gtx.graphs import GraphsTuple
from gtx.predict import Predictor
from gtx.training import NonFiniteError
from gtx.training.members import restore_exported


class Served:
    """The programs of an export as a function from graphs to predictions.

    Programs are compiled when they are first needed, and once for each power of two of the numbers
    of nodes and edges.

    Args:
      folder: of the export.

    Raises:
      FileNotFoundError: there are no programs, or no recipe.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self._folder = pathlib.Path(folder)
        self.shapes = sorted(read_shapes(self._folder), key=lambda shape: shape.size)
        recipe = recipes.read_recipe(restore_exported(self._folder).recipe or {})
        # It prepares graphs, and its own model is never run.
        self._preparation = Predictor(recipe, variables={})
        self.label = self._preparation.task.label
        self._programs: dict[str, Any] = {}

    def __call__(
        self,
        graphs: GraphsTuple | Dataset | Iterable[GraphsTuple] | Iterable[str] | str,
        *,
        targets: Any = None,
    ) -> np.ndarray:
        """Predict, as `gtx.Predictor` does: float32 [targets, dim], in the order given.

        Args:
          graphs, targets: as `gtx.Predictor` takes them.

        Raises:
          NonFiniteError: a prediction is not finite.
          GraphError: names the graph, the field and the remedy.
          DatasetError: a graph has more nodes than any program takes.
        """
        dataset = self._preparation.dataset(graphs, targets=targets)
        found = np.zeros((len(dataset.targets), self._preparation.task.prediction_dim), np.float32)
        for places, rows, inputs, shape in self.inputs(dataset):
            outputs = np.asarray(jax.device_get(self._program(shape)(inputs)))
            found[places] = outputs[rows]
        bad = np.unique(dataset.target_graph[~np.isfinite(found).all(axis=1)])
        if len(bad):
            raise NonFiniteError(
                f"predictions are not finite. Graph ids: {dataset.ids[bad].tolist()[:10]}. Look "
                "for extreme features in these graphs.",
                None,
                dataset.ids[bad],
                ["prediction"],
            )
        return found

    def inputs(
        self, dataset: Dataset
    ) -> Iterable[tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], Shape]]:
        """The inputs of programs for graphs that are prepared: encoded, scaled, with structures.

        Args:
          dataset: as `gtx.Predictor.dataset` makes it.

        Yields:
          The places of targets in the dataset; for each of them its row of the outputs; the arrays;
          and the program that takes them.
        """
        graph_of = dataset.target_graph
        sizes = np.array([shape.size or np.iinfo(np.int64).max for shape in self.shapes])
        if len(dataset) and dataset.num_nodes.max() > sizes[-1]:
            raise DatasetError(
                f"a graph has {dataset.num_nodes.max()} nodes, and the largest program takes "
                f"{sizes[-1]}. Export again with a larger size: gtx export --sizes."
            )
        wanted = np.searchsorted(sizes, dataset.num_nodes)
        for place, shape in enumerate(self.shapes):
            chosen = np.flatnonzero(wanted == place)
            room = shape.num_graphs or 256
            for first in range(0, len(chosen), room):
                graphs = chosen[first : first + room]
                part = dataset.select(graphs)
                batch = batch_of(part, shape, self._preparation.recipe.budget.dense)
                places = np.flatnonzero(np.isin(graph_of, graphs))
                yield places, _rows(part), arrays(batch), shape

    def _program(self, shape: Shape) -> Any:
        if shape.file not in self._programs:
            exported = jax_export.deserialize(bytearray((self._folder / shape.file).read_bytes()))
            self._programs[shape.file] = jax.jit(exported.call)
        return self._programs[shape.file]


def _rows(part: Dataset) -> np.ndarray:
    """The row of the outputs of a batch for each target of its graphs, int64 [targets].

    A model predicts for all graphs or all nodes, whether they are targets or not, and for edges and
    pairs in the order of the table, graph by graph.
    """
    if part.targets.level in ("graph", "node"):
        return part.targets.index
    order, _ = part.targets_by_graph
    return np.argsort(order)
