"""gtx: graph transformers in JAX.

Rooms, in the order in which data flows through them: `ops` (pure JAX), `graphs`, `batch`,
`data`, `encodings`, `structures`, `batching`, `nn`, `models`, `interop`, `tasks`, `uncertainty`,
`training`, `recipes`, `predict`, `explain`, `export`. They load on first use, so that
`import gtx.ops` brings in neither flax nor jraph.
"""

import importlib
from typing import TYPE_CHECKING, Any

from gtx._version import __version__

if TYPE_CHECKING:
    # Type checkers and editors read these lines. Python loads a room at its first use instead.
    from gtx import batch as batch
    from gtx import batching as batching
    from gtx import data as data
    from gtx import describe as describe
    from gtx import encodings as encodings
    from gtx import explain as explain
    from gtx import export as export
    from gtx import graphs as graphs
    from gtx import interop as interop
    from gtx import models as models
    from gtx import nn as nn
    from gtx import ops as ops
    from gtx import predict as predict
    from gtx import recipes as recipes
    from gtx import structures as structures
    from gtx import sweeps as sweeps
    from gtx import tasks as tasks
    from gtx import training as training
    from gtx import typing as typing
    from gtx import uncertainty as uncertainty
    from gtx.predict import Predictor as Predictor

_ROOMS = (
    "batch",
    "batching",
    "data",
    "describe",
    "encodings",
    "explain",
    "export",
    "graphs",
    "interop",
    "models",
    "nn",
    "ops",
    "predict",
    "recipes",
    "structures",
    "sweeps",
    "tasks",
    "training",
    "typing",
    "uncertainty",
)

__all__ = ["Predictor", "__version__", *_ROOMS]

if not TYPE_CHECKING:  # with it, type checkers would take every name for one that exists

    def __getattr__(name: str) -> Any:
        if name in _ROOMS:
            return importlib.import_module(f"gtx.{name}")
        if name == "Predictor":
            return importlib.import_module("gtx.predict").Predictor
        raise AttributeError(f"module 'gtx' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
