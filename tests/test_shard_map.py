"""Every layer inside `jax.shard_map` with its default checks: the list of conformance."""

import functools
import json
import os
import subprocess
import sys

import jax
import pytest

from tests import sharded_layers
from tests.descriptors import DESCRIPTORS
from tests.layer_programs import every_layer, slow_unless, start

FEW = ["isab:dense"]
ALL = [
    f"{layer.name}:{name}"
    for layer in DESCRIPTORS
    for name in (["chunked"] if None not in sharded_layers.implementations(layer) else ["-"])
]


def traced(layer, implementations, same_variables):
    """What jax checks, it checks while it traces; one device is enough for that."""
    variables, batches = start(layer), sharded_layers.batches(1)
    if not same_variables:
        variables = jax.tree.map(lambda x: x[None], variables)
    mesh, ran = sharded_layers.make_mesh(), []
    for name in implementations:
        function = functools.partial(sharded_layers.loss, layer, name)
        function = sharded_layers.over_shards(function, mesh, same_variables)
        try:
            jax.eval_shape(
                functools.partial(sharded_layers.gradients, function), variables, batches
            )
            ran.append(name)
        except ValueError as error:
            if "does not apply" not in str(error):
                raise
    return ran


@slow_unless(lambda layer: layer.kind != "model" or layer.name == "graph_transformer")
def test_weights_that_all_shards_share_and_batches_of_their_own(layer):
    has_attention = None not in sharded_layers.implementations(layer)
    names = ["chunked"] if has_attention else [None]
    assert traced(layer, names, same_variables=True) == names


@pytest.mark.slow
@every_layer
def test_weights_that_differ_between_shards_and_every_implementation(layer):
    names = sharded_layers.implementations(layer)
    ran = traced(layer, names, same_variables=False)
    assert ran == [None] or {"chunked", "edges", "reference"} <= set(ran)
    assert ran == traced(layer, names, same_variables=True)


@pytest.mark.parametrize(
    "names", [FEW, pytest.param([*FEW, *ALL], marks=pytest.mark.slow)], ids=["few", "all"]
)
def test_two_devices_compute_what_the_shards_are_one_by_one(names):
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
    devices = {"XLA_FLAGS": flags}
    quick = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # it compiles much and computes little
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.sharded_layers", *names],
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, **devices, **quick},
    )
    assert done.returncode == 0, done.stderr
    errors = json.loads(done.stdout)
    assert set(errors) == set(names) and max(errors.values()) < 1e-5, errors
