"""What a recipe's data will look like, known from what its source declares: no file is read."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from ml_collections import ConfigDict

import gtx.encodings
from gtx.data import Categorical, Column, Continuous, Dataset, GraphSpec
from gtx.encodings.base import storage
from gtx.recipes.data import (
    all_encodings,
    encodings,
    hidden_names,
    label,
    source,
    with_masked_label,
    with_structures,
)
from gtx.recipes.models import ENCODER_FIELDS, fields_of_model
from gtx.recipes.rules import ConfigError


def declared_spec(config: ConfigDict) -> GraphSpec | None:
    """The columns and the label of the recipe's graphs before encodings and structures.

    None where only a file knows them.
    """
    spec = source(config).declared_spec()
    if spec is None:
        return None
    descriptors = config.data.get("descriptors", ())
    if descriptors:
        column = Continuous(len(descriptors))
        spec = spec.replace(graphs={**spec.graphs, "descriptors": column})
    return _labelled(narrowed(spec, config), config)


def _labelled(spec: GraphSpec, config: ConfigDict) -> GraphSpec:
    """The spec with the recipe's label, and the columns that are hidden for it."""
    if config.task.get("masked", 0.0):
        wide, wanted = with_masked_label(spec, config)
        return wide.replace(label=wanted)
    return spec.replace(label=label(config))


def example(config: ConfigDict) -> Dataset:
    """Three nodes in a row with the columns of the recipe's graphs, its encodings and structures.

    Where the source does not declare its columns, they are those that the recipe names, and a
    categorical one. All values are 0.

    Raises:
      ConfigError: an encoding or a structure cannot be computed.
    """
    spec = declared_spec(config)
    if spec is None:
        guess = GraphSpec(nodes=_guessed(config, "nodes"), edges=_guessed(config, "edges"))
        spec = _labelled(guess, config)
    wanted = spec.label
    assert wanted is not None
    rows = dict(nodes=3, edges=4, graphs=1)
    columns: dict[str, Any] = {
        level: _zeros(getattr(spec, level), count) for level, count in rows.items()
    }
    graphs = Dataset.from_columns(
        node_ptr=[0, 3],
        edge_ptr=[0, 4],
        senders=[0, 1, 1, 2],
        receivers=[1, 0, 2, 1],
        spec=spec.replace(label=None),
        **columns,
    )
    graphs = graphs.with_targets(wanted.level, [[0, 1]] if wanted.level == "pair" else None)
    try:
        graphs = gtx.encodings.apply(graphs, encodings(config))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"config.encodings: {error}") from error
    try:
        graphs = with_structures(graphs, config)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"config.structures: {error}") from error
    return dataclasses.replace(graphs, spec=graphs.spec.replace(label=wanted))


def narrowed(spec: GraphSpec, config: ConfigDict) -> GraphSpec:
    """Columns with the numbers of categories that the recipe's encoders have, if these are less.

    For example, ZINC declares 28 kinds of atoms, and GRIT's encoder has 21 rows. The check then
    refuses a graph with one of the other 7.
    """
    masked = config.task.get("masked", 0.0)
    for level, field in ENCODER_FIELDS.items():
        columns = dict(getattr(spec, level))
        for name, part in fields_of_model(config).get(field, {}).items():
            sizes = part.get("sizes", ()) if isinstance(part, Mapping) else ()
            if level == "nodes" and masked and name in (hidden_names(config) or columns):
                sizes = tuple(size - 1 for size in sizes)  # the last row is that of hidden nodes
            column = columns.get(name)
            if isinstance(column, Categorical) and len(sizes) == len(column.sizes):
                fewer = tuple(map(min, sizes, column.sizes))
                kept = zip(column.names, fewer, strict=False)  # there may be no names
                names = tuple(of_column[:size] for of_column, size in kept)
                columns[name] = dataclasses.replace(column, sizes=fewer, names=names)
        spec = spec.replace(**{level: columns})
    return spec


def _guessed(config: ConfigDict, level: str) -> dict[str, Column]:
    """Columns like those of the data: the columns that the config names, and one more."""
    given = fields_of_model(config).get(ENCODER_FIELDS[level], {})
    encoded = {one.name for one in all_encodings(config)}
    columns: dict[str, Column] = {"column": Categorical((2,))}
    for name, part in given.items():
        if name in encoded:
            continue
        kind = part if isinstance(part, str) else part["name"]
        sizes = part.get("sizes", (2,)) if isinstance(part, Mapping) else (2,)
        categories = kind in ("categorical", "constant")
        # One category each leaves room in the table for those that structures add.
        columns[name] = Categorical((1,) * len(sizes)) if categories else Continuous(1)
    if level == "nodes":
        for name in hidden_names(config):
            columns.setdefault(name, Categorical((2,)))
    return columns


def _zeros(columns: Mapping[str, Column], rows: int) -> dict[str, np.ndarray]:
    return {
        name: np.zeros((rows, storage(one)[0]), storage(one)[1]) for name, one in columns.items()
    }
