"""Run by test_sharding in a process of its own: runs on one device, on two and on eight."""

import json
import os
import pathlib
import sys

os.environ["XLA_FLAGS"] = " ".join(
    [os.environ.get("XLA_FLAGS", ""), "--xla_force_host_platform_device_count=8"]
)

import jax
import numpy as np

from gtx.batching import Resident, fit_budget, plan
from gtx.training import Devices, Evaluator, make_train_chunk
from gtx.training.state import evaluation_variables, init_state
from gtx.training.step import blank_batch, empty_rows
from tests.training import sharded_attention, small


def one_and_eight():
    train, task, optimizer, model = (
        small.dataset(60),
        small.task(),
        small.optimizer(),
        small.Small(sown=0.1),
    )
    results = {}
    for shards in (1, 8):
        budget = fit_budget(train, 16, num_shards=shards, num_tiers=2)
        devices = Devices.first(shards)
        rows = plan(train, budget, seed=3)
        rows = np.concatenate([rows, empty_rows(2, like=rows)])
        source = Resident(train, budget)
        constants = devices.copy(source.constants)
        batch = blank_batch(source, constants, rows)
        state = devices.copy(init_state(model, optimizer, batch, 0))
        chunk = make_train_chunk(model, task, optimizer, source, devices)
        for _ in range(2):
            elements = devices.shard(source.chunk(rows))
            state, report = chunk(state, constants, elements, rows, np.uint32(0))
        assert chunk.num_compilations == 1
        evaluator = Evaluator(model, task, budget, steps_per_call=3)
        evaluation = evaluator(evaluation_variables(state), train)
        assert evaluator.program.num_compilations == 1
        results[shards] = jax.device_get((state, report, evaluation.predictions))
    one, eight = results.values()
    return {
        "steps": int(one[0].step),
        "state": small.max_difference(one[0], eight[0]),
        "grad_norm": small.max_difference(one[1].grad_norm, eight[1].grad_norm),
        "predictions": small.max_difference(one[2], eight[2]),
        "moved": small.max_difference(one[0].params, init_state(model, optimizer, batch, 0).params),
    }


def main():
    found = {
        "eight": one_and_eight(),
        "attention": sharded_attention.run(pathlib.Path(sys.argv[1])),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    sys.exit(main())
