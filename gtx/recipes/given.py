"""Which columns of graphs are read as a user gives them, and which are computed."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from gtx.data import Column, DatasetError, GraphSpec
from gtx.data.column_scales import without_scales
from gtx.recipes.data import reads_smiles
from gtx.recipes.saved import Recipe
from gtx.typing import LEVELS

_DESCRIPTORS = ("graphs", "descriptors")


def given_spec(
    recipe: Recipe,
    encoded: AbstractSet[tuple[str, str]],
    columns: Mapping[str, Mapping[str, Any]],
    edge_sets: Mapping[str, Any],
) -> GraphSpec:
    """The spec of the columns that are used as given; the others are computed.

    Args:
      recipe: of the training run.
      encoded: levels and names of the columns that its encodings compute.
      columns: by level and name, those that are given.
      edge_sets: those that are given.

    Raises:
      DatasetError: a column or an edge set is missing, or did not exist in training.
    """
    spec = recipe.spec
    if set(edge_sets) not in (set(), set(spec.edge_sets)):
        raise DatasetError(
            f"graphs: there are the edge sets {sorted(edge_sets)}, the model was trained on "
            f"{sorted(spec.edge_sets)}. Give graphs without any; they are added."
        )
    if recipe.raw_spec is not None and not edge_sets:
        spec = recipe.raw_spec
    known = {(field, name) for field in LEVELS.values() for name in getattr(spec, field)}
    present = {(field, name) for field, names in columns.items() for name in names}
    computed = set(encoded)
    # Encodings are used as given only if all of their columns are there.
    if encoded <= present:
        computed = set()
    if recipe.scaler is not None and _DESCRIPTORS not in present:
        computed.add(_DESCRIPTORS)
    for field in LEVELS.values():
        wanted = {name for level, name in known - computed if level == field}
        given = {name for level, name in present - computed if level == field}
        if wanted != given:
            raise DatasetError(
                f"graphs: {field} have the columns {sorted(given)}, the model was trained on "
                f"{sorted(wanted)}. Build them as the training data were built."
            )
    levels: dict[str, Any] = {
        field: {
            name: column
            for name, column in getattr(spec, field).items()
            if (field, name) not in computed
        }
        for field in LEVELS.values()
    }
    return GraphSpec(**levels, edge_sets=spec.edge_sets)


def columns_beside_smiles(
    recipe: Recipe, encoded: AbstractSet[tuple[str, str]]
) -> dict[str, Column]:
    """The columns of a CSV file that the model reads beside its SMILES, as the file has them.

    Args:
      recipe: of the training run.
      encoded: as for `given_spec`.
    """
    if not recipe.config.data.get("columns", "") or not reads_smiles(recipe.config):
        return {}
    spec = without_scales(recipe.raw_spec or recipe.spec)
    computed = {*encoded, _DESCRIPTORS}
    return {name: each for name, each in spec.graphs.items() if ("graphs", name) not in computed}
