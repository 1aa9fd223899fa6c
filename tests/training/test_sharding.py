import json
import os
import subprocess
import sys

import flax.linen as nn
import jax
import numpy as np
import pytest

from gtx.batching import Streamed, fit_budget
from gtx.nn import BatchNorm
from gtx.training import Devices, make_train_chunk
from gtx.training.devices import make_mesh
from gtx.training.state import init_state
from gtx.training.step import blank_batch
from tests.training import small

# Compiling takes longer than running what is this small.
QUICK = {**os.environ, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}


@pytest.fixture(scope="module")
def sharded(tmp_path_factory):
    """What a process with eight devices found."""
    command = [sys.executable, "-W", "error", "-m", "tests.training.sharded_run"]
    command.append(str(tmp_path_factory.mktemp("sharded")))
    done = subprocess.run(command, env=QUICK, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_eight_devices_compute_what_one_computes(sharded):
    found = sharded["eight"]
    assert found["steps"] == 8 and found["moved"] > 0.01
    assert found["state"] < 1e-5  # parameters, batch statistics, optimiser and average
    assert found["grad_norm"] < 1e-5 and found["predictions"] < 1e-4


def test_fit_on_two_devices_with_attention_that_goes_block_by_block(sharded):
    found = sharded["attention"]
    assert found["steps"] == 2
    assert found["params"] < 1e-5 and found["score"] < 1e-5
    assert found["replica"] < 1e-5  # of two seeds on these two devices


class Apart(nn.Module):
    """Its norm does not add up over the shards."""

    @nn.compact
    def __call__(self, batch, *, train=False):
        x = BatchNorm(name="norm")(batch.graph.nodes["feat"], batch.node_mask, train=train)
        return nn.Dense(1)(jax.ops.segment_sum(x, batch.node_graph, len(batch.graph_mask)))


def test_statistics_that_differ_between_shards_are_refused_by_name():
    data = small.dataset(8)
    source = Streamed(data, fit_budget(data, 4))
    devices = Devices(make_mesh(jax.devices()[:1]))
    rows = source.plan(0, 0)
    elements = source.chunk(rows)
    batch = blank_batch(source, None, rows)
    state = init_state(Apart(), small.optimizer(), batch, 0)
    chunk = make_train_chunk(Apart(), small.task(), small.optimizer(), source, devices)
    with pytest.raises(TypeError, match="batch_stats/norm/mean differs between shards; add it up"):
        chunk(state, source.constants, elements, rows, np.uint32(0))
