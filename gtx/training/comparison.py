"""Compares two runs, and explains their differences by fields of the config."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from gtx.data.content import changes
from gtx.training.description import CLASS

# Settings of `fit` that change the result, and the config fields of each.
_SETTINGS = {
    "seed": ("seed", "training.seeds"),
    "init": ("init_from", "init_new"),
    "select": ("training.select",),
    "evaluate_every": ("training.evaluate_every",),
}
# The scales of features are those of the run that another one starts from.
_DATA = ("data", "encodings", "encodings_used", "structures", "init_from", "init_new")
# Of the task, but they change the targets or the label.
_TARGETS = ("task.candidates", "task.class_weights", "task.kind", "task.negatives")
# What is drawn in each step; an auxiliary loss of the model tells what it was.
_NOISE = ("task.noise", "task.noise_columns", "task.noise_scale", "task.noise_weight")
_HIDDEN = ("task.masked", "task.masked_columns")
# For each other fact, the fields of the config that may explain a difference.
_FIELDS = {
    "model": ("model", *_DATA, *_NOISE, *_HIDDEN),
    "task": ("task", "data"),
    "optimizer": ("optimizer", "training.num_epochs", "batch.size", "data"),
    "source.batch_size": ("batch.size",),
    "source.stratified": ("batch.stratified",),
    "source.budget": ("batch", *_DATA),
    "data": (*_DATA, *_TARGETS, *_HIDDEN),
    "spec": (*_DATA, *_TARGETS, *_HIDDEN),
    "raw_spec": (*_DATA, *_TARGETS, *_HIDDEN),
    "scaler": _DATA,
}
# These fields determine how new graphs are read. Two runs may differ only in them: on their own
# graphs they give the same results.
_READING = ("data.features", "data.descriptors", "structures")
# These fields do not change the result. They determine where, how fast, how often or how long.
_NOTHING = (
    "baseline",
    "batch.num_shards",
    "batch.resident",
    "encodings_cache",
    "encodings_workers",
    "model.attention_implementation",
    "model.remat",
    "plugins",
    "training.checkpoint_every",
    "training.patience",
    "training.steps_per_call",
    "training.tensorboard",
)
# Older runs stored no descriptions of their objects. Their config is compared instead, without
# these fields.
_BY_CONTENT = (*_NOTHING, "batch.num_tiers", "batch.multiple_of", "data.path", "data.root")
# Former names of classes in the descriptions of older runs, with their names now.
_RENAMED = {"GATLayer": "GAT", "GATv2Layer": "GATv2"}


def reasons(
    saved: Mapping[str, Any], current: Mapping[str, Any], given: Mapping[str, Any]
) -> list[str]:
    """The differences between two runs, one line each; empty if they are the same run.

    Args:
      saved: facts of one `Identity`.
      current: facts of the other.
      given: descriptions of the other's objects without default values.
    """
    described = isinstance(saved["model"], Mapping)
    found: dict[str, list[str]] = {}  # by fact
    for name in _SETTINGS:
        # The interval of evaluations matters only if the best of them is chosen.
        chosen = current["select"] == "best" and current["valid"] is not None
        if name != "evaluate_every" or chosen:
            found[name] = differences(saved.get(name), current[name], name)
    found |= _source_differences(_source(saved), current["source"])
    if described:
        for name in ("model", "task", "optimizer"):
            old = _completed(_renamed(saved[name]), current[name], given[name])
            found[name] = differences(old, current[name], name)
    data = data_changes(saved, current, encoded=False)
    found["data"] = [f"{part} data: {', '.join(said)}" for part, said in data.items()]
    if not (_from_build(saved["recipe"]) and _from_build(current["recipe"])):
        found["recipe"] = differences(saved["recipe"], current["recipe"])
        return [line for lines in found.values() for line in lines]
    return _explained(found, saved["recipe"], current["recipe"], described)


def _without_fill(data: Any) -> Any:
    """A spec without the fills of its columns. Only structures read them; see `_READING`."""
    if not isinstance(data, Mapping):
        return data
    return {name: _without_fill(value) for name, value in data.items() if name != "fill"}


def _explained(
    found: dict[str, list[str]],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    described: bool,
) -> list[str]:
    """The same differences, as fields of the config where these explain them."""
    specs = ("spec", "raw_spec", "scaler")
    found |= {
        name: differences(_without_fill(old.get(name)), _without_fill(new.get(name)), name)
        for name in specs
    }
    config = _config_differences(old["config"], new["config"])
    lines = []
    for field in _READING:
        # A field that the older version did not have counts as not set.
        if (_value(old["config"], field) or None) != (_value(new["config"], field) or None):
            lines += _of_fields(config, (field,))
    if _used_encodings(old["config"]) != _used_encodings(new["config"]):
        lines += _of_fields(config, ("encodings", "encodings_used"))
    if not described:
        lines += [
            line
            for field, line in config.items()
            if not _within(field, _BY_CONTENT) and _value(old["config"], field) is not None
        ]
    for name, differing in found.items():
        if not differing:
            continue
        fields = _FIELDS.get(name, _SETTINGS.get(name, ("batch", *_DATA, *_NOISE, *_HIDDEN)))
        said = _of_fields(config, fields)
        lines += said
        # Changed data also change vocabularies, scales and schedules. These consequences are left
        # out of the message.
        follows = name not in _SETTINGS and bool(found["data"])
        if name == "data" or not (said or follows):
            lines += differing
    return list(dict.fromkeys(lines))


def _source(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The identity of the source of batches."""
    if "source" in facts:
        return facts["source"]
    # Older runs had only sources of whole graphs, with their settings among the other facts.
    settings = ("batch_size", "stratified", "budget")
    return {CLASS: "Graphs", **{name: facts.get(name) for name in settings}}


def _source_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[str]]:
    """The lines for each setting of a source, by the name of the fact."""
    if old[CLASS] != new[CLASS]:
        return {"source": differences(old, new, "source")}
    names = {*old, *new}
    if old.get("budget") is None:  # the shapes did not matter, or were not stored yet
        names.discard("budget")
    return {
        f"source.{name}": differences(old.get(name), new.get(name), f"source.{name}")
        for name in sorted(names)
    }


def differences(old: Any, new: Any, name: str = "") -> list[str]:
    """`name: old -> new` for each leaf that differs between two pieces of JSON data."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if old.get(CLASS) != new.get(CLASS):  # objects of two classes: fields cannot be compared
            return [f"{name}: {_word(old)} -> {_word(new)}"]
        found = []
        for key in sorted({*old, *new}):
            inner = f"{name}.{key}" if name else str(key)
            found += differences(old.get(key), new.get(key), inner)
        return found
    if old == new:
        return []
    old, new = _word(old), _word(new)
    first = len(os.path.commonprefix([old, new]))
    return [f"{name}: {_excerpt(old, first)} -> {_excerpt(new, first)}"]


def data_changes(
    old: Mapping[str, Any], new: Mapping[str, Any], *, encoded: bool
) -> dict[str, list[str]]:
    """The changes in each part of the data of two runs.

    Args:
      old: facts of one run.
      new: facts of the other.
      encoded: whether to compare the columns of the recipe's encodings, or all other columns.
        Another machine computes eigenvectors with other digits, which does not make other data.
    """
    if "columns" not in old:
        parts = [name for name in ("train", "valid") if old[name] != new[name]]
        return {} if encoded else {name: ["content differs"] for name in parts}
    left_out = _left_out(old, encoded) | _left_out(new, encoded)
    found = changes(old["columns"], new["columns"], left_out)
    recipes = [facts["recipe"] for facts in (old, new)]
    if not encoded and all(_from_build(recipe) and recipe.get("content") for recipe in recipes):
        whole = changes(*(recipe["content"] for recipe in recipes))  # only here is the test part
        found |= {name: said for name, said in whole.items() if name not in found}
    return found


def _left_out(facts: Mapping[str, Any], encoded: bool) -> set[str]:
    """The columns that `data_changes` does not compare."""
    recipe = facts["recipe"]
    kept = (recipe.get("content") or {}) if _from_build(recipe) else {}
    left_out: set[str] = set()
    for part, columns in facts["columns"].items():
        read = {"ids", *kept.get(part, columns)}
        left_out |= read if encoded else set(columns) - read
    return left_out


def _from_build(recipe: Any) -> bool:
    """Whether a recipe has the form that `gtx.recipes.recipe` writes.

    Other recipes are compared as a whole.
    """
    return isinstance(recipe, Mapping) and {"config", "spec", "budget"} <= set(recipe)


def _used_encodings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by name of the encodings that a config uses."""
    given, used = config.get("encodings", {}), config.get("encodings_used", "all")
    if used in ("all", "none"):
        return dict(given) if used == "all" else {}
    return {name: given.get(name) for name in sorted(map(str.strip, used.split(",")))}


def _config_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """A line for each field that may change the result, by the field's name.

    A field that the older version did not have is left out: the objects themselves are compared.
    """
    found = {}
    for line in differences(old, new, "config"):
        field = line.split(": ")[0].removeprefix("config.")
        if field == "training.num_epochs":
            line += " (this schedule ends with the last epoch; only others can be trained on)"
        group, *inner = field.split(".")
        known = ".".join([group, *inner[:1]])  # a field of the model may hold a dict
        added = _value(old, known) is None and group not in ("data", "encodings", "structures")
        if not added and not _within(field, _NOTHING):
            found[field] = line
    return found


def _value(config: Any, field: str) -> Any:
    for name in field.split("."):
        config = config.get(name) if isinstance(config, Mapping) else None
    return config


def _of_fields(config: Mapping[str, str], fields: Sequence[str]) -> list[str]:
    return [line for field, line in config.items() if _within(field, fields)]


def _within(field: str, fields: Sequence[str]) -> bool:
    return any(field == outer or field.startswith(f"{outer}.") for outer in fields)


def _renamed(description: Any) -> Any:
    """An older description with the present names of its classes."""
    if isinstance(description, list):
        return [_renamed(item) for item in description]
    if not isinstance(description, Mapping):
        return description
    renamed = {name: _renamed(value) for name, value in description.items()}
    if renamed.get(CLASS) in _RENAMED:
        renamed[CLASS] = _RENAMED[renamed[CLASS]]
    return renamed


def _completed(old: Any, whole: Any, given: Any) -> Any:
    """An older description with its missing fields added, if these have their default now."""
    if not all(isinstance(tree, Mapping) for tree in (old, whole, given)):
        return old
    completed = {name: _completed(old[name], whole.get(name), given.get(name)) for name in old}
    assumed = {name: whole[name] for name in whole if name not in old and name not in given}
    return completed | assumed


def _word(value: Any) -> str:
    if isinstance(value, Mapping) and CLASS in value:
        return str(value[CLASS])
    return json.dumps(value)


def _excerpt(text: str, place: int, width: int = 60) -> str:
    """The part of a long text around the place where it differs."""
    if len(text) <= 2 * width:
        return text
    start, stop = max(0, place - width), place + width
    return f"{'...' if start else ''}{text[start:stop]}{'...' if stop < len(text) else ''}"
