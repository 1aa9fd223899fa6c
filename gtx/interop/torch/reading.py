"""State dicts as numpy arrays: from mappings and from files, without running anything in them."""

import os
import pathlib
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from gtx.interop import safetensors

_TORCH_FILES = (".pt", ".pth", ".bin", ".ckpt")

Source = Mapping[str, Any] | str | os.PathLike[str]


def read(source: Source, *, key: str | None = None) -> dict[str, np.ndarray]:
    """A state dict as numpy arrays.

    Args:
      source: a mapping from names to arrays or tensors, such as `module.state_dict()`; the path of
        a safetensors file; or of a file of `torch.save` (.pt, .pth, .bin, .ckpt), which needs
        PyTorch and is read with `weights_only=True`, so that nothing in it runs.
      key: under which the state dict stands in the file or mapping: "state_dict" in checkpoints of
        PyTorch Lightning, "model_state" in those of GraphGym.

    Raises:
      ImportError: the file needs PyTorch, which is not installed.
      ValueError: it holds something else than arrays by name.
    """
    where = "the state dict" if isinstance(source, Mapping) else f"the file {source}"
    found: Any = source if isinstance(source, Mapping) else _read_file(pathlib.Path(source))
    if key is not None:
        if not isinstance(found, Mapping) or key not in found:
            there = sorted(map(str, found)) if isinstance(found, Mapping) else type(found).__name__
            raise ValueError(f"key: there is no {key!r} in {where}, which holds {there}.")
        found = found[key]
    if not isinstance(found, Mapping):
        raise ValueError(f"{where} holds {type(found).__name__}. Give names with arrays.")
    inner = [name for name, value in found.items() if isinstance(value, Mapping)]
    if inner:
        raise ValueError(
            f"{where} holds no arrays at {inner}. If one of them is the state dict, give its name "
            f"as key: key={inner[0]!r}."
        )
    return {str(name): _array(name, value, where) for name, value in found.items()}


def _array(name: str, value: Any, where: str) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":  # which numpy has not; float32 holds it exactly
            value = value.float()
        return np.array(value.numpy())
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" and array.dtype != jnp.bfloat16:
        raise ValueError(f"{where} holds {type(value).__name__} at {name!r} and not an array.")
    return array


def _read_file(path: pathlib.Path) -> Any:
    if path.suffix == ".safetensors":
        return safetensors.read(path)
    if path.suffix not in _TORCH_FILES:
        raise ValueError(
            f"the file {path} has none of the endings .safetensors, {', '.join(_TORCH_FILES)}. "
            "Rename it, or read it yourself and give the arrays by name."
        )
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f'the file {path} needs PyTorch: pip install "gtx-jax[torch]". A safetensors file does '
            "not."
        ) from error
    return torch.load(path, map_location="cpu", weights_only=True)
