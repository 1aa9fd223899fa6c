"""What tests of several folders share: quick compilation, and one small trained run."""

import contextlib
import gc

import jax
import jaxtyping
import pytest

from experiments.paper import claims
from tests import trained


def pytest_configure(config):
    for name, file in claims.CLAIMS.items():
        words = file.partition("_")[2].replace("_", " ")
        config.addinivalue_line("markers", f"claim_{claims.padded(name)}: {words} (docs/paper.md)")


def pytest_collection_finish():
    # What was imported and what jax compiles stays to the end: to look through it often for
    # garbage takes a tenth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@contextlib.contextmanager
def _quickly():
    before = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", before)


@pytest.fixture(scope="module")
def quick_compilation():
    """For tests that compile much and compute little."""
    with _quickly():
        yield


@pytest.fixture
def unchecked_types():
    """Without the type checks that tests alone have: what a user's mistake meets."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory):
    """A small model, trained for two epochs on the molecules of a CSV file."""
    pytest.importorskip("rdkit")
    with _quickly():
        return trained.train(tmp_path_factory.mktemp("trained"))
