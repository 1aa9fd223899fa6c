"""gtx: graph transformers in JAX.

Rooms, in the order in which data flows through them: `ops` (pure JAX), `graphs`, `batch`,
`data`, `encodings`, `batching`, `nn`, `models`, `tasks`, `training`, `recipes`, `predict`.
They load on first use, so that `import gtx.ops` brings in neither flax nor jraph.
"""

import importlib
from typing import Any

from gtx._version import __version__

_ROOMS = (
    "batch",
    "batching",
    "recipes",
    "data",
    "describe",
    "encodings",
    "graphs",
    "models",
    "nn",
    "ops",
    "predict",
    "sweeps",
    "tasks",
    "training",
    "typing",
)

__all__ = ["Predictor", "__version__", *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"gtx.{name}")
    if name == "Predictor":
        return importlib.import_module("gtx.predict").Predictor
    raise AttributeError(f"module 'gtx' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
