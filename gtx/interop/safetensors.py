"""Writes safetensors files: names with arrays, which cannot run anything when they are read.

The format (huggingface/safetensors): eight bytes with the length of a JSON header, the header, and
the arrays one after the other. `gtx.interop.torch.reading.read` reads them.
"""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

_NAMES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint8": "U8",
    "bool": "BOOL",
}


def write(
    path: pathlib.Path, arrays: Mapping[str, np.ndarray], notes: Mapping[str, str] | None = None
) -> None:
    """Write arrays by name.

    Args:
      path: the file.
      arrays: of numbers or truth values.
      notes: texts that the header keeps as its metadata.

    Raises:
      ValueError: the format has no such dtype.
    """
    header: dict[str, object] = {"__metadata__": dict(notes)} if notes else {}
    start = 0
    for name, array in arrays.items():
        if array.dtype.name not in _NAMES:
            raise ValueError(
                f"{name} is {array.dtype.name}, which safetensors has not. Give one of "
                f"{', '.join(_NAMES)}."
            )
        header[name] = dict(
            dtype=_NAMES[array.dtype.name],
            shape=list(array.shape),
            data_offsets=[start, start + array.nbytes],
        )
        start += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that arrays begin at a multiple of eight bytes
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array).tobytes())


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
