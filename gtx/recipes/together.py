"""Several recipes that differ in scales alone, such as those of folds, as one that reads graphs.

Graphs are read once: encodings and descriptors, which take the time, do not depend on scales. Then
each recipe gets its own view of them.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from gtx.data import Continuous, Dataset, DatasetError, GraphSpec, Scaler
from gtx.data.column_scales import scaled_like, without_scales
from gtx.data.scaling import label_without_scale
from gtx.recipes.data import with_structures
from gtx.recipes.folds import of_all
from gtx.recipes.saved import Recipe
from gtx.training.comparison import differences

_DESCRIPTORS = "descriptors"


@dataclasses.dataclass(frozen=True)
class Together:
    """Recipes that differ in scales alone.

    Attributes:
      each: the recipes.
      reading: the recipe by which graphs are read for all of them. Its columns and labels have no
        scale, and the descriptors of all recipes are side by side.
    """

    each: tuple[Recipe, ...]
    reading: Recipe

    def views(self, dataset: Dataset) -> Iterator[Dataset]:
        """The graphs as the model of each recipe reads them.

        Args:
          dataset: graphs as `reading` has them, without structures.
        """
        first = None
        for number in range(len(self.each)):
            found = self._view(dataset, number, first)
            first = found if first is None else first
            yield found

    def _view(self, dataset: Dataset, number: int, like: Dataset | None) -> Dataset:
        """One of `views`; `like` is another of them, if one is there."""
        recipe = self.each[number]
        if _DESCRIPTORS in dataset.graphs and recipe.scaler is not None:
            width = recipe.scaler.width
            own = dataset.graphs[_DESCRIPTORS][:, number * width : (number + 1) * width]
            columns = {**dataset.spec.graphs, _DESCRIPTORS: Continuous(width)}
            dataset = dataclasses.replace(
                dataset,
                graphs={**dataset.graphs, _DESCRIPTORS: own},
                spec=dataset.spec.replace(graphs=columns),
            )
        # Structures add rows to columns that are scaled already, as in training.
        scaled = scaled_like(dataset, recipe.raw_spec or recipe.spec)
        return with_structures(scaled, recipe.config, like)


def together(recipes: Sequence[Recipe]) -> Together:
    """One recipe for reading, out of several that differ in scales alone.

    Raises:
      DatasetError: they differ in more; the message says in what.
    """
    first = recipes[0]
    wanted = _compared(first)
    for place, other in enumerate(recipes[1:], 1):
        found = differences(wanted, _compared(other))
        if found:
            raise DatasetError(
                f"the recipes of members 0 and {place} differ in more than scales: "
                f"{'; '.join(found[:3])}. Train all folds with one recipe."
            )
    scaler = first.scaler
    if scaler is not None:
        scaler = Scaler.side_by_side([each.scaler for each in recipes if each.scaler is not None])

    def widened(spec: GraphSpec) -> GraphSpec:
        spec = _plain(spec)
        if scaler is None or _DESCRIPTORS not in spec.graphs:
            return spec
        return spec.replace(graphs={**spec.graphs, _DESCRIPTORS: Continuous(scaler.width)})

    reading = dataclasses.replace(
        first,
        config=of_all(first.config),
        spec=widened(first.spec),
        raw_spec=None if first.raw_spec is None else widened(first.raw_spec),
        scaler=scaler,
        content=None,
    )
    return Together(tuple(recipes), reading)


def _plain(spec: GraphSpec) -> GraphSpec:
    """A spec without scales, and without weights of classes, which no prediction reads."""
    spec = without_scales(spec)
    return spec if spec.label is None else spec.replace(label=label_without_scale(spec.label))


def _compared(recipe: Recipe) -> dict[str, Any]:
    """What the recipes of the members of an ensemble have in common."""
    scaler = recipe.scaler
    return dict(
        config=of_all(recipe.config).to_dict(),
        spec=_plain(recipe.spec).to_json(),
        raw_spec=None if recipe.raw_spec is None else _plain(recipe.raw_spec).to_json(),
        descriptors=None if scaler is None else [list(scaler.names), scaler.clip],
        budget=recipe.budget.to_json(),
        version=recipe.version,
    )
