"""Parity with PyTorch and PyTorch Geometric, in float64."""

import importlib.util
import warnings

import jax
import pytest

# Their import warns of things that are theirs to mend; warnings are errors in tests.
if importlib.util.find_spec("torch_geometric"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch_geometric.nn  # noqa: F401


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield
