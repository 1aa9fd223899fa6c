import logging
import pathlib

import pytest

from gtx.cli.estimate import Estimate
from gtx.data import Categorical, GraphSpec, Label
from gtx.training.hooks import EpochTiming, RunInfo
from tests.drawn import drawn

RUN = RunInfo(pathlib.Path(), 100, 1234, 0, (), "mae", "min", 56789)


@pytest.fixture
def hook(caplog):
    caplog.set_level(logging.INFO, "gtx")
    spec = GraphSpec(nodes={"a": Categorical((2,))}, label=Label("graph", "regression", 1))
    split = ["train"] * 5 + ["valid"] * 2 + ["none"]
    return Estimate(drawn(spec, num_graphs=8).with_split(split))


def test_sizes_are_told_before_training(hook, caplog):
    hook.start(RUN)
    (line,) = caplog.messages
    assert line == ("56,789 parameters; graphs: 5 in train, 2 in valid; 100 epochs of 1,234 steps.")


def test_the_time_that_is_left_is_told_once_if_it_is_long(hook, caplog):
    hook.start(RUN)
    caplog.clear()
    for epoch in (1, 2):
        hook.epoch({"epoch": epoch}, EpochTiming(20.0, 3.0, 600))
    assert caplog.messages == [
        "an epoch takes 20 s without evaluation, the other 99 about 33 minutes."
    ]


def test_a_short_training_has_no_second_line(hook, caplog):
    hook.start(RUN)
    caplog.clear()
    hook.epoch({"epoch": 1}, EpochTiming(0.5, 3.0, 600))
    assert not caplog.messages
