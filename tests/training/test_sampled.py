"""Training on parts of one large graph: interrupted, gone on with, and scored."""

import dataclasses

import numpy as np
import pytest

from gtx.batching import Clusters, Neighbors, fit_budget
from gtx.tasks import Multiclass
from gtx.training import (
    Constant,
    Evaluator,
    Hook,
    Interrupted,
    ResumeError,
    SampledEvaluator,
    adamw,
    evaluator_of,
    fit,
)
from gtx.training.signals import StopRequested
from tests.batching.test_sampled import one_graph
from tests.training.small import Small, same_bits

SOURCES = {
    "neighbors": dict(kind=Neighbors, size=5, fanouts=(3, 2), evaluation="sampled"),
    "clusters": dict(kind=Clusters, size=3, num_clusters=8, resident=False),
}


def graph(part="train"):
    """The column of nodes has the name that `Small` reads."""
    found = one_graph(part=part)
    names = dict(nodes=dict(feat=found.nodes["x"]))
    spec = found.spec.replace(nodes=dict(feat=found.spec.nodes["x"]))
    return dataclasses.replace(found, spec=spec, **names)


def train(workdir, settings, hooks=()):
    settings = dict(settings)
    train, valid = graph(), graph("valid")
    return fit(
        Small(level="node", outputs=3), Multiclass(train.spec.label),
        settings.pop("kind")(train, **settings), valid, optimizer=adamw(Constant(0.01)),
        num_epochs=3, workdir=workdir, steps_per_call=2, hooks=hooks,
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_it_compiles_once_and_goes_on_with_the_same_bits(name, tmp_path):
    class Stop(Hook):
        def chunk(self, report):
            if report.step == 6:  # within an epoch
                raise StopRequested(15)

    whole = train(tmp_path / "whole", SOURCES[name])
    assert whole.num_compilations == {"train": 1, "evaluate": 1}
    with pytest.raises(Interrupted):
        train(tmp_path / "cut", SOURCES[name], [Stop()])
    if name == "neighbors":
        with pytest.raises(ResumeError, match=r"source.fanouts: \[3, 2\] -> \[4, 2\]"):
            train(tmp_path / "cut", SOURCES[name] | dict(fanouts=(4, 2)))
    again = train(tmp_path / "cut", SOURCES[name])
    assert again.resumed_from == 6
    assert same_bits(again.state, whole.state) and again.history == whole.history


def test_scores_of_samples_with_all_neighbours_are_those_of_the_whole_graph(tmp_path):
    result = train(tmp_path, SOURCES["clusters"])
    model, task = Small(level="node", outputs=3), Multiclass(graph().spec.label)
    source = Neighbors(graph(), size=4, fanouts=(99,))
    budget = fit_budget(graph(), 1, dense=False)
    whole = evaluator_of(model, task, source, budget)
    parts = evaluator_of(model, task, dataclasses.replace(source, evaluation="sampled"))
    assert type(whole) is Evaluator and type(parts) is SampledEvaluator
    for part in (graph("valid"), graph("test")):
        expected, found = whole(result.variables, part), parts(result.variables, part)
        np.testing.assert_allclose(found.predictions, expected.predictions, atol=1e-6)
        np.testing.assert_array_equal(found.labels, expected.labels)
        np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-6)
    assert parts.program.num_compilations == 1
    empty = parts(result.variables, graph("test").select([]))
    assert empty.predictions.shape == (0, 3) and np.isnan(empty.loss)
