"""What tests of several folders share: quick compilation, and one small trained run.

The default tests compile much and compute little. So jax leaves most optimisations out, in the
tests and in the processes that they start. Where slow tests run too (`make test-all`), it compiles
as it does for users, but for tests with the fixture `quick_compilation`.
"""

import contextlib
import gc
import itertools
import os
import pathlib
import types

import jax
import jaxlib
import jaxtyping
import pytest
from _pytest.runner import runtestprotocol

import tests
from experiments.paper import claims
from tests import trained

# What jax compiles is kept on disk: for other tests, for the processes that tests start, and for
# the next run. An entry is found by its program, its options and the version of jax.
COMPILED = pathlib.Path(__file__).parents[1] / ".jax_cache"
# Of XLA, to compile in less time. A flag that a version does not know ends the process.
QUICK_FLAGS = (
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_cpu_enable_concurrency_optimized_scheduler=false",
    "--xla_cpu_parallel_codegen_split_count=1",
)


def pytest_configure(config):
    for name, file in claims.CLAIMS.items():
        words = file.partition("_")[2].replace("_", " ")
        config.addinivalue_line("markers", f"claim_{claims.padded(name)}: {words} (docs/paper.md)")
    settings = dict(
        jax_compilation_cache_dir=str(COMPILED),
        jax_persistent_cache_min_compile_time_secs=0.0,
        jax_persistent_cache_min_entry_size_bytes=-1,
    )
    if "not slow" in config.option.markexpr:
        settings.update(jax_disable_most_optimizations=True)
        if jaxlib.__version__.startswith("0.10."):
            # A worker of xdist has them from the process that started it.
            flags = os.environ.get("XLA_FLAGS", "").split()
            flags += [flag for flag in QUICK_FLAGS if flag not in flags]
            os.environ["XLA_FLAGS"] = " ".join(flags)
    for name, value in settings.items():
        jax.config.update(name, value)
        os.environ[name.upper()] = str(value)  # for the processes that tests start


def pytest_ignore_collect(collection_path, config):
    # Where these tests are left out anyway, importing torch would take half of the collection.
    if collection_path.name == "torch" and "not torch" in config.option.markexpr:
        return True
    return None


def _called(function, *args, **kwargs):
    return function(*args, **kwargs)


# Python keeps its frames in pieces of 16 KiB. Where a loop's calls go over the end of a piece, each
# call asks the system for a new one and the return gives it back, which takes up to half of the
# time of tracing. A frame that says it needs 8 MiB gets a piece that has room for all calls below.
_called_with_room = types.FunctionType(_called.__code__.replace(co_stacksize=2**20), globals())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    _called_with_room(runtestprotocol, item, nextitem=nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_runtest_setup():
    tests.begin_test()


def pytest_collection_finish():
    # What was imported and what jax compiles stays to the end: to look through it often for
    # garbage takes a tenth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000_000, 20, 100)


_TESTS_DONE = itertools.count(1)


def pytest_runtest_teardown():
    # Every compiled program maps memory, and Linux ends a process of 65,530 maps. A worker that
    # compiles the single operations of many layers comes there.
    maps = pathlib.Path("/proc/self/maps")
    if next(_TESTS_DONE) % 20 == 0 and maps.exists():
        with maps.open("rb") as lines:
            if sum(1 for _ in lines) > 40_000:
                jax.clear_caches()


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
