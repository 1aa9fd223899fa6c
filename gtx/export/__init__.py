"""Trained models for other programs: StableHLO and safetensors.

`write` makes the folder of an export from a run. What is in it:

* `program_*.stablehlo`: the model with its parameters as a program that jax runs without gtx
  (`jax.export.deserialize`), on CPUs, CUDA GPUs and TPUs. `export.json` describes its inputs.
* `model.safetensors` and `model.json`: the parameters, and from what `load` builds the module again
  without any code of training.
* `recipe.json`: from which `Served` knows how molecules and graphs become the inputs. With it
  `gtx.Predictor.load` and `config.init_from` take the folder in place of that of a run.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gtx.export.folder import write as write
    from gtx.export.served import Served as Served
    from gtx.export.weights import load as load

# Loaded at first use: `load` needs none of what the others do.
_PLACES = {"Served": "served", "load": "weights", "write": "folder"}

__all__ = ["Served", "load", "write"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _PLACES:
            return getattr(importlib.import_module(f"gtx.export.{_PLACES[name]}"), name)
        raise AttributeError(f"module 'gtx.export' has no attribute {name!r}")
