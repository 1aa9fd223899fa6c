"""Safetensors files: names with arrays, which cannot run anything when they are read.

The package safetensors writes and reads them. Here its errors name the file, the array and what to
do, and nested variables become names and back.
"""

import os
import pathlib
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

_FLOATS = ("float64", "float32", "float16", np.dtype(jnp.bfloat16).name)
_INTEGERS = tuple(f"{sign}int{bits}" for bits in (64, 32, 16, 8) for sign in ("", "u"))
_KINDS = (*_FLOATS, *_INTEGERS, "bool")


def write(
    path: str | os.PathLike[str],
    arrays: Mapping[str, np.ndarray],
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write arrays by name.

    Args:
      path: the file.
      arrays: of numbers or truth values.
      notes: texts that the header keeps as its metadata.

    Raises:
      ValueError: an array has a dtype that is not written, or a name that the format keeps for
        itself.
      OSError: the file cannot be written.
    """
    for name, array in arrays.items():
        if array.dtype.name not in _KINDS:
            raise ValueError(
                f"{name} is {array.dtype.name}, which safetensors files do not hold here. Give one "
                f"of {', '.join(_KINDS)}."
            )
        if name == "__metadata__":
            raise ValueError("the name __metadata__ is that of the notes. Give another.")
    # Version 0.8.0 of the package writes the memory of an array as it lies, also where its rows do
    # not follow one another: a transposed matrix would be another matrix in the file.
    ordered = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    content = save(ordered, metadata=dict(notes) if notes else None)
    pathlib.Path(path).write_bytes(content)  # save_file makes a file that its owner alone may read


def read(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of a file by name. Each is a copy; the file is mapped while they are made.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is no safetensors file, is a part of one, or holds a dtype that numpy has not.
    """
    with _opened(path) as file:
        return {name: _array(path, file, name) for name in file.keys()}


def _opened(path: str | os.PathLike[str]) -> Any:
    try:
        return safe_open(path, framework="numpy")
    except SafetensorError as error:
        raise ValueError(
            f"the file {os.fspath(path)} is no safetensors file, or is damaged: {error}. Fetch or "
            "write it again."
        ) from error


def _array(path: str | os.PathLike[str], file: Any, name: str) -> np.ndarray:
    try:
        return file.get_tensor(name)
    except (AttributeError, TypeError, SafetensorError) as error:
        raise ValueError(
            f"the file {os.fspath(path)} holds {name!r} as {file.get_slice(name).get_dtype()}, "
            f"which numpy has not. Convert it to one of {', '.join(_KINDS)}."
        ) from error


def flat(variables: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Nested dicts of arrays by path, as `params/head/linear_0/kernel`."""
    found: dict[str, np.ndarray] = {}
    for name, value in variables.items():
        if isinstance(value, Mapping):
            found |= {f"{name}/{inner}": leaf for inner, leaf in flat(value).items()}
        else:
            found[name] = np.asarray(value)
    return found


def nested(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What `flat` made flat, with `params` and `batch_stats` even if they are empty."""
    found: dict[str, Any] = {"params": {}, "batch_stats": {}}
    for path, leaf in arrays.items():
        *parents, name = path.split("/")
        inner = found
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[name] = leaf
    return found
