"""The identity of a run. It prevents that a folder is resumed with the settings of another run.

Everything that determines the result is compared: model, task and optimiser as descriptions, the
data by their content, the seed, the identity of the source of batches, and the choice of the best
parameters. The config itself is not compared: its effects are in these, and paths, caches and
intervals do not change the result.
"""

import dataclasses
import hashlib
import importlib.metadata
import json
import os
import platform
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax

from gtx._version import __version__
from gtx.batching import Budget, Source
from gtx.data import Dataset
from gtx.data.content import add_array, content
from gtx.tasks import Task
from gtx.training.comparison import data_changes, differences, reasons
from gtx.training.description import CLASS, describe
from gtx.training.optimizer import Optimizer
from gtx.typing import LEVELS, PyTree

_STRUCTURE = ("node_ptr", "edge_ptr", "senders", "receivers")
# Fields of a model that choose how it is computed. The result is the same up to rounding.
_HOW = ("implementation", "remat")


class ResumeError(RuntimeError):
    """The workdir holds another run."""


class ResumeWarning(UserWarning):
    """The run is resumed under conditions in which its last digits may differ."""


@dataclasses.dataclass(frozen=True)
class Identity:
    """The identity of a run and the conditions under which it runs, as JSON data.

    Attributes:
      facts: must be equal for a resume.
      conditions: may differ; they influence only the last digits.
      given: model, task and optimizer as in `facts`, without default values. A run of an older
        version that lacked a field is assumed to have its default.
    """

    facts: dict[str, Any]
    conditions: dict[str, Any]
    given: dict[str, Any]


def identity(
    model: nn.Module,
    task: Task,
    optimizer: Optimizer,
    source: Source,
    valid: Dataset | None,
    *,
    seeds: Sequence[int],
    init: Mapping[str, PyTree] | None,
    num_shards: int,
    select: str,
    evaluate_every: int,
    steps_per_call: int,
    recipe: Mapping[str, Any] | None,
) -> Identity:
    """The identity of a run. Arguments are those of `fit`, and the shards of the source's plans."""
    objects = {"model": model, "task": task, "optimizer": optimizer}
    how: dict[str, Any] = {}
    described = {name: describe(value) for name, value in objects.items()}
    described["model"] = _take_out(described["model"], "model", how)
    given_parts = {"train": source.dataset, "valid": valid}
    parts = {name: part for name, part in given_parts.items() if part is not None}
    facts = {
        "seed": seeds[0] if len(seeds) == 1 else list(seeds),
        "init": describe(init),
        "source": {CLASS: type(source).__qualname__, **source.identity()},
        "select": select,
        "evaluate_every": evaluate_every,
        **described,
        "columns": {name: content(part) for name, part in parts.items()},
        "train": None if source.dataset is None else fingerprint(source.dataset),
        "valid": None if valid is None else fingerprint(valid),
        "recipe": recipe,
    }
    conditions = {
        **_machine(),
        "num_shards": num_shards,
        "budget": None if source.budget is None else _shapes(source.budget),
        "steps_per_call": steps_per_call,
        "source": type(source).__qualname__,
        **how,
    }
    given = {name: describe(value, defaults=False) for name, value in objects.items()}
    return Identity(*(json.loads(json.dumps(data)) for data in (facts, conditions, given)))


def fingerprint(dataset: Dataset) -> str:
    """sha256 over everything in a dataset that training reads."""
    digest = hashlib.sha256()
    for level in LEVELS.values():
        for name, array in sorted(getattr(dataset, level).items()):
            digest.update(f"{level}/{name}".encode())
            add_array(digest, array)
    table = dataset.targets
    arrays = {name: getattr(dataset, name) for name in _STRUCTURE}
    arrays |= {"labels": table.labels, "ids": dataset.ids}
    if not dataset.targets_are_all:
        arrays["targets"] = table.index
    for name, array in arrays.items():
        digest.update(name.encode())
        if array is not None:
            add_array(digest, array)
    for name, edges in sorted(dataset.edge_sets.items()):
        digest.update(f"edge_sets/{name}".encode())
        for array in (edges.ptr, edges.senders, edges.receivers):
            add_array(digest, array)
        for column, array in sorted(edges.columns.items()):
            digest.update(column.encode())
            add_array(digest, array)
    return digest.hexdigest()


def check_identity(
    facts: Mapping[str, Any], conditions: Mapping[str, Any], current: Identity, where: Any
) -> None:
    """Raise unless the saved run is this one; warn if it is resumed under other conditions.

    Args:
      facts: facts of the saved run.
      conditions: conditions of the saved run.
      current: the run that is about to continue.
      where: the place of the saved run, for the message.

    Raises:
      ResumeError: lists the differences, old and new, if possible by fields of the config.
    """
    found = reasons(facts, current.facts, current.given)
    if found:
        raise ResumeError(
            f"{where} holds another run. What differs:\n{_listing(found)}\n"
            "Choose another workdir, restore what differs, or delete the folder to start anew."
        )
    other = [
        line
        for name in conditions
        # Older runs stored the budget as a text, which cannot be compared.
        if name in current.conditions
        and not (name == "budget" and isinstance(conditions[name], str))
        for line in differences(conditions[name], current.conditions[name], name)
    ]
    for part, said in data_changes(facts, current.facts, encoded=True).items():
        other.append(f"{part} data: {', '.join(said)} (as encodings are computed here)")
    if isinstance(facts["model"], str):
        other.append("written by an older gtx, which kept no model that can be compared")
    if other:
        warnings.warn(
            f"resuming under other conditions: {'; '.join(other)}. The result may differ in "
            "its last digits from that of an uninterrupted run.",
            ResumeWarning,
            stacklevel=3,
        )


def _shapes(budget: Budget) -> dict[str, Any]:
    """The shapes of a budget, without "dense" (set by the model) and "stratified" (the source)."""
    return {
        name: value
        for name, value in budget.to_json().items()
        if name not in ("dense", "stratified")
    }


def _machine() -> dict[str, Any]:
    packages = ("jax", "jaxlib", "flax", "optax", "numpy", "orbax-checkpoint")
    return {
        "gtx": __version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "device": jax.devices()[0].device_kind,
    }


def _take_out(description: Any, place: str, taken: dict[str, Any]) -> Any:
    """A description without its fields in `_HOW`, which are moved to `taken`."""
    if isinstance(description, list):
        return [
            _take_out(item, f"{place}.{number}", taken) for number, item in enumerate(description)
        ]
    if not isinstance(description, Mapping):
        return description
    kept = {}
    for name, value in description.items():
        if name in _HOW:
            taken[f"{place}.{name}"] = value
        else:
            kept[name] = _take_out(value, f"{place}.{name}", taken)
    return kept


def _listing(found: list[str], limit: int = 12) -> str:
    more = [f"and {len(found) - limit} more"] if len(found) > limit else []
    return "\n".join(f"  {line}" for line in [*found[:limit], *more])
