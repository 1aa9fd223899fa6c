"""Converts recipes of older versions, whose fields are missing or have other names."""

import copy
from collections.abc import Mapping
from typing import Any

from gtx.recipes.rules import ConfigError

# Each field that was added to configs after the first recipes were written, with the value that
# keeps the behaviour of older recipes. Add a line here for each new field of configs/base.py that
# gtx reads. Fields of models need no line: a recipe without one gets its default, which must keep
# the older behaviour.
LATER_FIELDS: Mapping[str, Any] = {
    "plugins": (),
    "encodings_used": "all",
    "encodings_workers": 0,
    "structures": {},
    "init_from": "",
    "init_new": (),
    "data.num_train": 0,
    "optimizer.decoupled": True,
    "optimizer.frozen": (),
    "optimizer.rates": (),
    "optimizer.layer_decay": 1.0,
    "task.kind": "auto",
    "task.class_weights": "none",
    "task.head_weights": (),
    "task.negatives": 0,
    "task.corrupt": "receiver",
    "task.candidates": 0,
    "training.seeds": (),
}
# From the value of the former field `config.model.laplacian_encoder` to the encoder's name now.
_EIGENVECTORS = {
    "deep_set": "laplacian",
    "linear": "laplacian_linear",
    "signnet": "sign_net",
    "spe": "spe",
    "transformer": "laplacian_transformer",
}


def up_to_date(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config of a recipe in the form of this version.

    Raises:
      ConfigError: the recipe uses something that this version no longer supports.
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
    """Convert fields for encoders of eigenvectors and paths to entries by column name."""
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
    """The budget of a recipe, with the kind of plan. Older recipes stored it only in the config."""
    return {"stratified": config["batch"].get("stratified", True), **budget}
