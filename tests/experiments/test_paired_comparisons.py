"""BREC's protocol finds what theory says of a model, and no more; its copies are those it names."""

import numpy as np
import pytest

from experiments import model_expressivity, model_tables
from experiments import paired_comparisons as module
from experiments.benchmarks.expressivity import Family
from gtx import encodings, models

nx = pytest.importorskip("networkx")


def matrix(graph):
    return nx.to_numpy_array(graph)


def test_the_copies_of_a_pair():
    one, two = matrix(nx.path_graph(7)), matrix(nx.cycle_graph(7))
    graphs = module.copies_of(one, two, 7)
    assert len(graphs) == 128
    first, second, again = graphs[0:64:2], graphs[1:64:2], graphs[64:]
    for original, copies in ((one, first), (two, second), (again[0], again)):
        assert np.array_equal(copies[0], original)
        assert len({copy.tobytes() for copy in copies}) == len(copies)
        degrees = {tuple(sorted(copy.sum(axis=0))) for copy in copies}
        assert degrees == {tuple(sorted(original.sum(axis=0)))}
    assert np.array_equal(again[0], one) or np.array_equal(again[0], two)
    for graph, same in zip(graphs, module.copies_of(one, two, 7), strict=True):
        assert np.array_equal(graph, same)
    with pytest.raises(ValueError, match="too few copies"):
        module.renumbered(np.ones((3, 3)) - np.eye(3), 2, np.random.default_rng(0))


def test_the_rate_falls_after_more_than_ten_epochs_without_a_better_loss():
    plateau = module.Plateau(1.0)
    rates = []
    for loss in (1.0, *[0.99995] * 11, 0.5, *[0.6] * 11):
        plateau.step(loss)
        rates.append(plateau.learning_rate)
    assert rates == [1.0] * 11 + [0.1] * 12 + [pytest.approx(0.01)]


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(
    ("steps", "expected"), [(None, 0), pytest.param(4, 1, marks=pytest.mark.slow)]
)
def test_message_passing_finds_what_1_wl_does(monkeypatch, steps, expected):
    monkeypatch.setattr(model_expressivity, "SMALL", dict(dim=8, num_layers=2))
    fields = dict(local="gin", norm="batch", feed_forward="none", encoding_dim=2)
    walks = () if steps is None else (encodings.RandomWalk(steps),)
    contender = model_expressivity.Contender(models.MPNN, fields, walks)
    rings = nx.cycle_graph(7), nx.disjoint_union(nx.cycle_graph(3), nx.cycle_graph(4))
    degrees = nx.path_graph(7), nx.lollipop_graph(3, 4)
    graphs = tuple(map(matrix, (*degrees, *rings)))
    family = Family("small", graphs, ((0, 1), (2, 3)))
    trained = []
    test = module.Trainer.test

    def watched(self, *args):
        trained.append(self.train.num_compilations)
        return test(self, *args)

    monkeypatch.setattr(module.Trainer, "test", watched)
    recipe = module.Recipe(num_epochs=10, learning_rate=1e-2)
    found = module.count(contender, family, (100,), recipe)
    assert found == dict(pairs=2, told={"100": 1 + expected}, unreliable={"100": 0})
    assert trained == [0, 1]  # one program for both pairs


def test_the_tables_show_what_was_counted_and_nothing_else():
    one = dict(pairs=60, told={"100": 7, "200": 9}, unreliable={"100": 0, "200": 1})
    sure = dict(pairs=45, told={"100": 44, "200": 44}, unreliable={"100": 0, "200": 0})
    untrained = {
        name: dict(pairs=10, told=number) for number, name in enumerate(model_tables.FAMILIES)
    }
    settings = dict(num_layers=5, dim=16, tolerance=1e-13, rounding=1e-15, seeds=2)
    text = model_tables.told(
        dict(
            untrained=dict(
                b=dict(families=untrained, **settings),
                a=dict(families={"basic": dict(pairs=10, told=3)}, **settings),
            ),
            trained=dict(c=dict(families=dict(basic=one, CSL=sure), **settings)),
        )
    )
    assert "| c | 44 | 7–9 (0–1 not reliable) |" in text
    assert "| b | 2 | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 21 |" in text
    assert "| a | 2 | 3 | – | – | – | – | – | – | – |" in text
    assert "seeds 100 and 200" in text
