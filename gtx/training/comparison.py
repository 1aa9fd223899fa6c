"""Compares two runs, and says in fields of the config why the second is not the first."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from gtx.data.content import changes
from gtx.training.description import CLASS

# Settings of `fit` that decide the result, and the config fields of each.
_SETTINGS = {
    "seed": ("seed", "training.seeds"),
    "init": ("init",),
    "select": ("training.select",),
    "evaluate_every": ("training.evaluate_every",),
}
_DATA = ("data", "encodings", "encodings_used", "structures")
# Fields of the config that may say why another fact differs.
_FIELDS = {
    "model": ("model", *_DATA),
    "task": ("task", "data"),
    "optimizer": ("optimizer", "training.num_epochs", "batch.size", "data"),
    "source.batch_size": ("batch.size",),
    "source.stratified": ("batch.stratified",),
    "source.budget": ("batch", *_DATA),
    "data": _DATA,
    "spec": _DATA,
    "raw_spec": _DATA,
    "scaler": _DATA,
}
# These fields decide how new graphs are read. Two runs may differ in them alone: on their own
# graphs they agree.
_READING = ("data.features", "data.descriptors", "structures")
# These fields decide no result. They say where, how fast, how often or how long.
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
# Older runs kept no descriptions of their objects. Their config is compared, without these fields.
_BY_CONTENT = (*_NOTHING, "batch.num_tiers", "batch.multiple_of", "data.path", "data.root")
# Classes by the name that older runs describe them with.
_RENAMED = {"GATLayer": "GAT", "GATv2Layer": "GATv2"}


def reasons(
    saved: Mapping[str, Any], current: Mapping[str, Any], given: Mapping[str, Any]
) -> list[str]:
    """Why the facts are those of another run, a line each; none if they are of the same.

    Args:
      saved: facts of one `Identity`.
      current: facts of the other.
      given: its objects without what holds its default value.
    """
    described = isinstance(saved["model"], Mapping)
    found: dict[str, list[str]] = {}  # by fact
    for name in _SETTINGS:
        # Which epochs are evaluated matters only where the best of them is chosen.
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
    """A spec without the fills of its columns, which only structures read; see `_READING`."""
    if not isinstance(data, Mapping):
        return data
    return {name: _without_fill(value) for name, value in data.items() if name != "fill"}


def _explained(
    found: dict[str, list[str]],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    described: bool,
) -> list[str]:
    """The same differences as fields of the config, where these say what changed."""
    specs = ("spec", "raw_spec", "scaler")
    found |= {
        name: differences(_without_fill(old.get(name)), _without_fill(new.get(name)), name)
        for name in specs
    }
    config = _config_differences(old["config"], new["config"])
    lines = []
    for field in _READING:
        # A field that the older version did not have yet counts as one that is not set.
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
        fields = _FIELDS.get(name, _SETTINGS.get(name, ("batch", *_DATA)))
        said = _of_fields(config, fields)
        lines += said
        # Other data change vocabularies, scales and schedules too. That follows, and is not said.
        follows = name not in _SETTINGS and bool(found["data"])
        if name == "data" or not (said or follows):
            lines += differing
    return list(dict.fromkeys(lines))


def _source(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the source of batches said of itself."""
    if "source" in facts:
        return facts["source"]
    # Older runs knew only sources of whole graphs, and kept their settings among the other facts.
    settings = ("batch_size", "stratified", "budget")
    return {CLASS: "Graphs", **{name: facts.get(name) for name in settings}}


def _source_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[str]]:
    """The lines for each setting of a source, by the fact's name."""
    if old[CLASS] != new[CLASS]:
        return {"source": differences(old, new, "source")}
    names = {*old, *new}
    if old.get("budget") is None:  # the shapes did not matter, or were not kept yet
        names.discard("budget")
    return {
        f"source.{name}": differences(old.get(name), new.get(name), f"source.{name}")
        for name in sorted(names)
    }


def differences(old: Any, new: Any, name: str = "") -> list[str]:
    """`name: old -> new` for each leaf that differs between two pieces of JSON data."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if old.get(CLASS) != new.get(CLASS):  # the fields of two different things
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
    """What changed in each part of the data of two runs.

    Args:
      old: facts of one run.
      new: facts of the other.
      encoded: ask for the columns that the recipe's encodings computed, or for all others.
        Another machine computes eigenvectors with other digits; that is not other data.
    """
    if "columns" not in old:
        parts = [name for name in ("train", "valid") if old[name] != new[name]]
        return {} if encoded else {name: ["content differs"] for name in parts}
    left_out = _left_out(old, encoded) | _left_out(new, encoded)
    found = changes(old["columns"], new["columns"], left_out)
    recipes = [facts["recipe"] for facts in (old, new)]
    if not encoded and all(_from_build(recipe) and recipe.get("content") for recipe in recipes):
        whole = changes(*(recipe["content"] for recipe in recipes))  # the test part is here alone
        found |= {name: said for name, said in whole.items() if name not in found}
    return found


def _left_out(facts: Mapping[str, Any], encoded: bool) -> set[str]:
    """The columns that `data_changes` does not ask for."""
    recipe = facts["recipe"]
    kept = (recipe.get("content") or {}) if _from_build(recipe) else {}
    left_out: set[str] = set()
    for part, columns in facts["columns"].items():
        read = {"ids", *kept.get(part, columns)}
        left_out |= read if encoded else set(columns) - read
    return left_out


def _from_build(recipe: Any) -> bool:
    """Whether a recipe has the form that `gtx.recipes.recipe` writes; others are compared whole."""
    return isinstance(recipe, Mapping) and {"config", "spec", "budget"} <= set(recipe)


def _used_encodings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by name of the encodings that a config uses."""
    given, used = config.get("encodings", {}), config.get("encodings_used", "all")
    if used in ("all", "none"):
        return dict(given) if used == "all" else {}
    return {name: given.get(name) for name in sorted(map(str.strip, used.split(",")))}


def _config_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """A line for each field that may decide something, by the field's name.

    A field that the older of two versions did not have says nothing: the objects do.
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
    """An older description with the names that its classes have now."""
    if isinstance(description, list):
        return [_renamed(item) for item in description]
    if not isinstance(description, Mapping):
        return description
    renamed = {name: _renamed(value) for name, value in description.items()}
    if renamed.get(CLASS) in _RENAMED:
        renamed[CLASS] = _RENAMED[renamed[CLASS]]
    return renamed


def _completed(old: Any, whole: Any, given: Any) -> Any:
    """An older description with the fields that it lacks, where they hold their default now."""
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
    """A long text around the place where it differs."""
    if len(text) <= 2 * width:
        return text
    start, stop = max(0, place - width), place + width
    return f"{'...' if start else ''}{text[start:stop]}{'...' if stop < len(text) else ''}"
