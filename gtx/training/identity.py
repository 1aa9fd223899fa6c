"""What a run is, so that a resume under another config is refused and not blended in."""

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import warnings
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import numpy as np

from gtx.batching import Budget
from gtx.data import Dataset
from gtx.tasks import Task
from gtx.training.optimizer import Optimizer


class ResumeError(RuntimeError):
    """The workdir holds a run that is not this one."""


class ResumeWarning(UserWarning):
    """The run goes on under conditions in which its bits may differ."""


def identity(
    model: nn.Module,
    task: Task,
    optimizer: Optimizer,
    budget: Budget,
    train: Dataset,
    valid: Dataset | None,
    recipe: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """What must be equal for a resume, as JSON data. Modules and rules stand as their repr."""
    facts = {
        "batch_size": budget.batch_size,
        "model": _spelling(model),
        "task": _spelling(task),
        "optimizer": _spelling(optimizer),
        "train": fingerprint(train),
        "valid": None if valid is None else fingerprint(valid),
        "recipe": recipe,
        **settings,
    }
    return json.loads(json.dumps(facts))


def environment(budget: Budget, steps_per_call: int, resident: bool) -> dict[str, Any]:
    """What decides the last bits of a run without changing what it is."""
    packages = ("jax", "jaxlib", "flax", "optax", "numpy", "orbax-checkpoint")
    facts = {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "device": jax.devices()[0].device_kind,
        "num_shards": budget.num_shards,
        "budget": _spelling(budget),
        "steps_per_call": steps_per_call,
        "resident": resident,
    }
    return json.loads(json.dumps(facts))


def fingerprint(dataset: Dataset) -> str:
    """sha256 over everything in a dataset that training reads."""
    digest = hashlib.sha256()
    for level in ("nodes", "edges", "pairs", "graphs"):
        for name, array in sorted(getattr(dataset, level).items()):
            digest.update(f"{level}/{name}".encode())
            _add(digest, array)
    for name in ("node_ptr", "edge_ptr", "senders", "receivers", "labels", "ids"):
        digest.update(name.encode())
        array = getattr(dataset, name)
        if array is not None:
            _add(digest, array)
    return digest.hexdigest()


def check_identity(saved: Mapping[str, Any], current: Mapping[str, Any], where: Any) -> None:
    """Raise unless the saved run is this one.

    Raises:
      ResumeError: names the first differences, old and new.
    """
    changes = differences(saved, current)
    if changes:
        raise ResumeError(
            f"{where} holds another run. It differs in {'; '.join(changes[:5])}. "
            "Choose another workdir, restore the setting, or delete the folder to start anew."
        )


def check_environment(saved: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """Warn where the run goes on under other conditions."""
    changes = differences(saved, current)
    if changes:
        warnings.warn(
            f"resuming under other conditions: {'; '.join(changes)}. The result may differ in "
            "its last digits from that of an uninterrupted run.",
            ResumeWarning,
            stacklevel=3,
        )


def differences(old: Any, new: Any, name: str = "") -> list[str]:
    """`name: old -> new` for each leaf that differs between two pieces of JSON data."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found = []
        for key in sorted({*old, *new}):
            inner = f"{name}.{key}" if name else str(key)
            found += differences(old.get(key), new.get(key), inner)
        return found
    if old == new:
        return []
    old, new = json.dumps(old), json.dumps(new)
    first = len(os.path.commonprefix([old, new]))
    return [f"{name}: {_excerpt(old, first)} -> {_excerpt(new, first)}"]


def _spelling(value: Any) -> str:
    """The repr without addresses, which differ from process to process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _excerpt(text: str, place: int, width: int = 60) -> str:
    """A long text around the place where it differs."""
    if len(text) <= 2 * width:
        return text
    start, stop = max(0, place - width), place + width
    return f"{'...' if start else ''}{text[start:stop]}{'...' if stop < len(text) else ''}"


def _add(digest: Any, array: np.ndarray) -> None:
    array = np.ascontiguousarray(array)
    digest.update(f"{array.dtype.str}{array.shape}".encode())
    digest.update(array.tobytes())
