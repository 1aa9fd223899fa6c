"""Recipes of older versions: fields that their configs were written too early to have."""

import copy
from collections.abc import Mapping
from typing import Any

# Each field that a config got after the first recipes were written, with the value that gives
# what those did. A new field of configs/base.py that gtx reads has its line here.
LATER_FIELDS: Mapping[str, Any] = {
    "encodings_used": "all",
    "encodings_workers": 0,
    "data.topology": {},
    "model.readout_dropout_rate": 0.0,
    "model.pair_bias": True,
    "model.pair_dim": 16,
    "model.path_hops": 5,
    "model.laplacian_encoder": "deep_set",
    "model.random_signs": True,
    "model.random_bases": False,
    "model.ends": "auto",
    "task.kind": "auto",
}


def with_later_fields(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config of a recipe, with the fields that it is too old to have."""
    result = copy.deepcopy(dict(config))
    for path, value in LATER_FIELDS.items():
        *parents, name = path.split(".")
        inner = result
        for parent in parents:
            inner = inner[parent]
        inner.setdefault(name, copy.deepcopy(value))
    return result
