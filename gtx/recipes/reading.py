"""Graphs of a user as a model reads them: checked, scaled, encoded, with structures."""

import dataclasses
import functools
from typing import Any

import gtx.encodings
from gtx.data import Column, Dataset, DatasetError, with_descriptors
from gtx.data.category_names import named_like
from gtx.data.column_scales import scaled_like, without_scales
from gtx.data.columns import named_columns
from gtx.data.targets import all_rows
from gtx.graphs import GraphsTuple
from gtx.recipes.data import encodings, with_structures
from gtx.recipes.given import columns_beside_smiles, given_spec
from gtx.recipes.saved import Recipe
from gtx.typing import LEVELS, Level


class Reader:
    """Reads graphs by the recipe of a checkpoint.

    Args:
      recipe: of the training run.
      level: of what the model predicts for.
      structured: whether the structures of the recipe are added.
    """

    def __init__(self, recipe: Recipe, level: Level, *, structured: bool = True):
        self._recipe, self._level, self._structured = recipe, level, structured
        self._encodings = encodings(recipe.config)
        self._encoded = {
            (LEVELS[level], name)
            for encoding in self._encodings
            for level, name in encoding.columns()
        }

    @functools.cached_property
    def columns(self) -> dict[str, Column]:
        """The columns of a CSV file that the model reads beside the SMILES, and what they hold."""
        return columns_beside_smiles(self._recipe, self._encoded)

    def of_graphs(self, graph: GraphsTuple, targets: Any) -> Dataset:
        """The graphs of a GraphsTuple without padding; `targets` as for a `Predictor`."""
        fields = dict(nodes=graph.nodes, edges=graph.edges, graphs=graph.globals)
        columns = {field: named_columns(value, field) for field, value in fields.items()}
        spec = given_spec(self._recipe, self._encoded, columns, {})
        kept = {
            field: {name: columns[field][name] for name in getattr(spec, field)} for field in fields
        }
        graph = graph._replace(nodes=kept["nodes"], edges=kept["edges"], globals=kept["graphs"])
        scales, spec = spec, without_scales(spec)
        # `from_graphs` sorts edges. Targets that are edges keep the order in which they are given.
        level = self._level
        given = Dataset.from_graphs(
            graph, level=level if level == "edge" else None, spec=spec, padded=False
        )
        given = scaled_like(given, scales)
        if targets is not None and level == "edge":
            chosen = given.with_targets(level, targets).targets  # also checks the numbers
            targets = given.targets.index[chosen.index]
        return self._completed(given, targets)

    def of_dataset(self, dataset: Dataset, targets: Any) -> Dataset:
        """The graphs of a Dataset; `targets` as for a `Predictor`."""
        columns = {field: getattr(dataset, field) for field in LEVELS.values()}
        spec = given_spec(self._recipe, self._encoded, columns, dataset.edge_sets)
        dataset = scaled_like(named_like(dataset, spec), spec)
        columns = {field: getattr(dataset, field) for field in LEVELS.values()}
        kept: dict[str, Any] = {
            field: {name: columns[field][name] for name in getattr(spec, field)}
            for field in LEVELS.values()
        }
        dataset = dataclasses.replace(dataset, spec=spec, **kept)
        dataset.check()
        return self._completed(dataset, targets)

    def _completed(self, dataset: Dataset, targets: Any) -> Dataset:
        """Add the targets, the columns that `given_spec` left out, and the structures."""
        level = self._level
        if level == "pair" and targets is None and dataset.targets.level != "pair":
            raise DatasetError(
                "graphs: this model predicts for pairs of nodes. Say which: call it with "
                "targets=[[sender, receiver], ...], numbers among the nodes of all graphs."
            )
        if targets is not None or dataset.targets.level != level:
            dataset = dataclasses.replace(dataset, targets=all_rows("graph", len(dataset)))
            dataset = dataset.with_targets(level, targets)
        if self._recipe.scaler is not None and "descriptors" not in dataset.graphs:
            dataset, _ = with_descriptors(dataset, self._recipe.scaler)
        if any(name not in getattr(dataset, field) for field, name in self._encoded):
            dataset = gtx.encodings.apply(dataset, self._encodings)
        if self._structured and not dataset.edge_sets:
            dataset = with_structures(dataset, self._recipe.config)
        return dataset
