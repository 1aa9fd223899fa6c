"""Every implementation inside `jax.shard_map` with its default checks."""

import json
import os
import subprocess
import sys

import jax
import numpy as np
import pytest

from tests.ops.attention import cases, sharded

PROGRAMS = [
    ("dense", "complete"),
    ("dense", "bipartite"),
    ("chunked", "complete"),
    ("chunked", "bipartite"),
    ("chunked", "edges"),
    ("edges", "sorted edges"),
    ("edges", "complete"),
    ("reference", "bipartite"),
    ("reference", "edges"),
]
ALL = frozenset({*sharded.ODD, *sharded.EVEN})
# What differs between shards: everything, nothing, half of it, one operand.
SHARDED = [
    ALL,
    frozenset(),
    sharded.ODD,
    sharded.EVEN,
    {"structure"},
    {"value"},
    {"query", "decay", "matrix"},
    {"features"},
]


@pytest.fixture
def small_blocks(monkeypatch):
    chunked = cases.sys_module("chunked")
    monkeypatch.setattr(chunked, "ROWS", 2)
    monkeypatch.setattr(chunked, "COLUMNS", 3)
    monkeypatch.setattr(chunked.chunked_edges, "EDGES", 4)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    "sets", [SHARDED[:3], pytest.param(SHARDED[3:], marks=pytest.mark.slow)], ids=["few", "rest"]
)
@pytest.mark.parametrize(("implementation", "structure"), PROGRAMS)
def test_whatever_operands_differ_between_shards(implementation, structure, sets):
    """What jax checks, it checks while it traces; one device is enough for that."""
    mesh = sharded.make_mesh()
    classes = cases.classes(cases.STRUCTURES[structure]())
    for number, names in enumerate(sets):
        bias = ("array", "function")[number % 2]
        score = ("grit", "dynamic", "grit")[number % 3]
        operands = sharded.operands(structure, bias, score, names, 1)
        function = sharded.over_shards(mesh, implementation, score, classes)
        jax.eval_shape(lambda *x, f=function: sharded.gradients(f, *x), *operands)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("implementation", "structure", "score"),
    [
        ("dense", "complete", "grit"),
        ("chunked", "bipartite", "dynamic"),
        ("chunked", "complete", "grit"),
        ("chunked", "edges", "grit"),
        ("edges", "sorted edges", "dynamic"),
    ],
)
def test_under_vmap_and_remat(implementation, structure, score):
    """Inside of the `shard_map`, and around it."""
    mesh = sharded.make_mesh()
    classes = cases.classes(cases.STRUCTURES[structure]())
    same, stacked = sharded.operands(structure, "array", score, sharded.ODD, 1)
    same, where = sharded.split(same)
    stacked, own = sharded.split(stacked)
    remat = jax.checkpoint(sharded.loss, static_argnums=(1, 2))

    def twice(arrays, implementation, score, classes):
        floats, rest = sharded.split(arrays)
        values, out = jax.vmap(lambda x: remat({**x, **rest}, implementation, score, classes))(
            jax.tree.map(lambda x: jax.numpy.stack([x, x]), floats)
        )
        return values.sum(), out

    inside = sharded.over_shards(mesh, implementation, score, classes, twice)
    function = sharded.over_shards(mesh, implementation, score, classes)
    jax.eval_shape(lambda *x: sharded.gradients(inside, *x), {**same, **where}, {**stacked, **own})

    def around(same, stacked):
        return jax.checkpoint(function)({**same, **where}, {**stacked, **own})

    def gradients(same, stacked):
        return jax.vmap(lambda *x: sharded.gradients(around, *x))(same, stacked)

    two = jax.tree.map(lambda x: np.stack([x, x]), (same, stacked))
    jax.eval_shape(gradients, *two)


@pytest.mark.parametrize(
    "number", [1, pytest.param(len(sharded.CASES), marks=pytest.mark.slow)], ids=["few", "all"]
)
def test_two_devices_compute_what_the_shards_are_one_by_one(number):
    """By default one that goes block by block; tests/test_shard_map.py has a dense one."""
    command = [sys.executable, "-W", "error", "-m", "tests.ops.attention.sharded", str(number)]
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
    devices = {"XLA_FLAGS": flags}
    quick = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # it compiles much and computes little
    environment = {**os.environ, **devices, **quick}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    assert done.returncode == 0, done.stderr
    errors = json.loads(done.stdout)
    assert len(errors) == number and max(errors) < 2e-6
