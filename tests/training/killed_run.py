"""Run by test_kill in a process of its own: a run that saves all the time."""

import logging
import pathlib
import sys

import jax

from gtx.training import JsonLines, fit
from tests.training import small


def run(workdir: pathlib.Path):
    train, valid, budget = small.parts()
    return fit(
        small.Small(),
        small.task(),
        train,
        valid,
        optimizer=small.optimizer(),
        num_epochs=12,
        workdir=workdir,
        budget=budget,
        steps_per_call=1,  # 72 chunks
        checkpoint_minutes=0.0,  # after every chunk
        hooks=[JsonLines()],
    )


def main(workdir: str, cache: str) -> None:
    logging.basicConfig()
    logging.getLogger("gtx").setLevel(logging.INFO)
    jax.config.update("jax_compilation_cache_dir", cache)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    run(pathlib.Path(workdir))


if __name__ == "__main__":
    main(*sys.argv[1:])
