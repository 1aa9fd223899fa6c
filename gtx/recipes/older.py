"""Recipes of older versions: fields that their configs do not have, or have by other names."""

import copy
from collections.abc import Mapping
from typing import Any

from gtx.recipes.rules import ConfigError

# Each field that a config got after the first recipes were written, with the value that gives
# what those did. A new field of configs/base.py that gtx reads has its line here. Fields of the
# model have none: a recipe that does not have one is older than it, and gets its default, which
# must do what was done before.
LATER_FIELDS: Mapping[str, Any] = {
    "plugins": (),
    "encodings_used": "all",
    "encodings_workers": 0,
    "structures": {},
    "task.kind": "auto",
}
# What `config.model.laplacian_encoder` was, and the encoder's name now.
_EIGENVECTORS = {
    "deep_set": "laplacian",
    "linear": "laplacian_linear",
    "signnet": "sign_net",
    "spe": "spe",
    "transformer": "laplacian_transformer",
}


def up_to_date(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config of a recipe as this version writes it.

    Raises:
      ConfigError: it did something that this version does not.
    """
    result = copy.deepcopy(dict(config))
    if result["data"].pop("topology", {}):
        raise ConfigError(
            "config.data.topology: this recipe added nodes and edges before its encodings. "
            "Now structures come after them (config.structures), so the "
            "model cannot be used on the same data. Train it again."
        )
    for path, value in LATER_FIELDS.items():
        *parents, name = path.split(".")
        inner = result
        for parent in parents:
            inner = inner[parent]
        inner.setdefault(name, copy.deepcopy(value))
    _name_encoders(result)
    return result


def _name_encoders(config: dict[str, Any]) -> None:
    """Encoders of eigenvectors and paths had fields of their own; they are named by column now."""
    model = config["model"]
    name = _EIGENVECTORS[model.pop("laplacian_encoder", "deep_set")]
    signs, bases = model.pop("random_signs", True), model.pop("random_bases", False)
    hops = model.pop("path_hops", 5)
    drawn = {} if name in ("sign_net", "spe") else dict(random_signs=signs, random_bases=bases)
    standard = (name, signs, bases) == ("laplacian", True, False)
    if "laplacian" in config["encodings"] and not standard:
        column = config["encodings"]["laplacian"].get("name", "laplacian")
        model.setdefault("node_encoders", {})[column] = dict(name=name, **drawn)
    if "shortest_paths" in config["encodings"] and hops != 5:
        column = config["encodings"]["shortest_paths"].get("name", "shortest_paths")
        model.setdefault("pair_encoders", {})[column] = dict(name="edge_path", max_hops=hops)


def with_its_plan(budget: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The budget of a recipe, with the kind of plan that older budgets left to the config."""
    return {"stratified": config["batch"].get("stratified", True), **budget}
