"""Tensors of torch as numpy arrays, without importing torch."""

from typing import Any

import numpy as np

from gtx.data.exact import DatasetError


def as_numpy(value: Any, field: str) -> np.ndarray:
    """A tensor (or array) on the host.

    Raises:
      DatasetError: it is sparse, or no array.
    """
    if getattr(value, "is_sparse", False) or "sparse" in str(getattr(value, "layout", "")):
        raise DatasetError(f"{field}: is a sparse tensor. Give a dense one, with .to_dense().")
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if str(getattr(value, "dtype", "")) == "torch.bfloat16":  # numpy has no such type
            value = value.float()
        return np.asarray(value.numpy())
    if isinstance(value, np.ndarray | np.generic):
        return np.asarray(value)
    raise DatasetError(f"{field}: is a {type(value).__name__}. Give a tensor.")
