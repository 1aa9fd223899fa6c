"""What models tell apart without training: as much as their theory says, and no numbering."""

import jax
import numpy as np
import pytest

from experiments import model_expressivity as module
from experiments.benchmarks.expressivity import Family, Renumbered
from gtx import encodings, models
from tests.experiments.test_expressivity import shrikhande

nx = pytest.importorskip("networkx")


def matrix(graph):
    return nx.to_numpy_array(graph)


def pairs():
    """One pair that 1-WL does not tell apart, one that 3-WL does not, and a graph and itself."""
    rings = nx.cycle_graph(6), nx.disjoint_union(nx.cycle_graph(3), nx.cycle_graph(3))
    rook = nx.line_graph(nx.complete_bipartite_graph(4, 4))
    return [
        Family("rings", tuple(map(matrix, rings)), ((0, 1),)),
        Family("strongly regular", (matrix(rook), matrix(shrikhande())), ((0, 1),)),
    ]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(module, "SMALL", dict(dim=4, num_layers=2, num_heads=1))
    monkeypatch.setattr(module, "SIZES", (16,))
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) for name in module.CONTENDERS]
)
def test_no_model_exceeds_its_theory(small, name):
    told = module.count(module.CONTENDERS[name], pairs(), 1)
    assert told["rounding"] < 1e-13
    assert told["families"]["rings"]["told"] == 1
    assert told["families"]["strongly regular"]["told"] == 0


@pytest.mark.usefixtures("quick_compilation")
def test_message_passing_tells_what_1_wl_does(small, monkeypatch):
    monkeypatch.setattr(module, "SMALL", dict(dim=4, num_layers=2))
    fields = dict(local="gin", norm="none", feed_forward="none", encoding_dim=2)
    bare = module.Contender(models.MPNN, fields)
    walks = module.Contender(models.MPNN, fields, (encodings.RandomWalk(4),))
    path = Family("degrees", (matrix(nx.path_graph(4)), matrix(nx.star_graph(3))), ((0, 1),))
    found = {
        name: {family: one["told"] for family, one in told["families"].items()}
        for name, told in (
            (name, module.count(contender, [*pairs(), path], 1))
            for name, contender in (("bare", bare), ("walks", walks))
        )
    }
    assert found["bare"] == {"rings": 0, "strongly regular": 0, "degrees": 1}
    assert found["walks"] == {"rings": 1, "strongly regular": 0, "degrees": 1}


def test_a_model_that_reads_the_numbering_is_refused(monkeypatch):
    def numbered(contender, graphs, num_seeds):
        del contender
        return np.arange(num_seeds * len(graphs) * 2.0).reshape(num_seeds, len(graphs), 2)

    monkeypatch.setattr(module, "predictions", numbered)
    monkeypatch.setattr(module.Contender, "graphs", lambda self, adjacencies: adjacencies)
    with pytest.raises(Renumbered, match="graph 0 of 4 and its renumbered copy differ"):
        module.count(module.CONTENDERS["grit"], pairs(), 1)


def test_csl_is_all_pairs_of_ten_regular_graphs(monkeypatch):
    monkeypatch.setattr(module.expressivity, "load", lambda root: pairs())
    csl, *others = module.families("nowhere")
    assert csl.name == "CSL" and len(csl.pairs) == 45 and len(others) == 2
    for graph in csl.graphs:
        assert (graph == graph.T).all() and (graph.sum(axis=0) == 4).all()
