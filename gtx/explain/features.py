"""The encoded features of a batch as a dict of arrays: what a baseline and a path are made of."""

import dataclasses
from typing import Any

import jax.numpy as jnp

from gtx.batch import Batch, Features

# Keys of the dict: the fields of Features that are one array each, and those that hold several.
_ARRAYS = ("nodes", "edges", "pairs", "graphs")
_SET, _STREAM = "edge_sets/", "extra/"


class ExplainError(ValueError):
    """A model, a target or a graph cannot be explained in the way that was asked for."""


def arrays_of(features: Features) -> dict[str, Any]:
    """Every array of the features, by name: `nodes`, `edge_sets/expander`, `extra/p`, ...

    Streams of a model in `extra` that have a row for each node are among them. Of others it is not
    known whose features they hold: they are left out.
    """
    found = {name: getattr(features, name) for name in _ARRAYS}
    found |= {f"{_SET}{name}": values for name, values in features.edge_sets.items()}
    found |= {f"{_STREAM}{name}": features.extra[name] for name in _of_nodes(features)}
    return {name: values for name, values in found.items() if values is not None}


def with_arrays(features: Features, arrays: dict[str, Any]) -> Features:
    """The features with these arrays, which `arrays_of` named, in place of their own."""
    streams = {name: arrays[f"{_STREAM}{name}"] for name in _of_nodes(features)}
    return dataclasses.replace(
        features,
        **{name: arrays[name] for name in _ARRAYS if name in arrays},
        edge_sets={name: arrays[f"{_SET}{name}"] for name in features.edge_sets},
        extra={**features.extra, **streams},
    )


def _of_nodes(features: Features) -> list[str]:
    """Names of the streams that are arrays of floats with a row for each node."""
    rows = None if features.nodes is None else features.nodes.shape[:1]
    return [
        name
        for name, values in features.extra.items()
        if hasattr(values, "dtype")
        and jnp.issubdtype(values.dtype, jnp.floating)
        and values.shape[:1] == rows
    ]


def mask_of(name: str, batch: Batch) -> Any:
    """Which rows of an array of `arrays_of` are real, bool [rows]."""
    if name.startswith(_SET):
        return batch.edge_sets[name.removeprefix(_SET)].mask
    if name.startswith(_STREAM):
        return batch.node_mask
    return getattr(batch, f"{name.removesuffix('s')}_mask")
