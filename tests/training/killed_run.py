"""Run by test_kill in a process of its own: a run that saves all the time."""

import logging
import pathlib
import sys

from gtx.batching import Resident
from gtx.training import JsonLines, fit
from tests.training import small


def run(workdir: pathlib.Path):
    train, valid, budget = small.parts()
    return fit(
        small.Small(),
        small.task(),
        Resident(train, budget),
        valid,
        optimizer=small.optimizer(),
        num_epochs=5,
        workdir=workdir,
        steps_per_call=1,  # 30 chunks
        checkpoint_minutes=0.0,  # after every chunk
        hooks=[JsonLines()],
    )


def main(workdir: str) -> None:
    logging.basicConfig()
    logging.getLogger("gtx").setLevel(logging.INFO)
    run(pathlib.Path(workdir))


if __name__ == "__main__":
    main(*sys.argv[1:])
