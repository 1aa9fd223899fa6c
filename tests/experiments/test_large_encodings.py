import numpy as np
import pytest

from experiments.benchmarks import large_encodings
from tests.encodings.graphs import path


def adjacency_of(dataset):
    adjacency = np.zeros((int(dataset.num_nodes[0]),) * 2)
    np.add.at(adjacency, (dataset.receivers, dataset.senders), 1)
    return adjacency


def test_the_graphs_are_what_they_are_called():
    grid = adjacency_of(large_encodings.grid(26))
    np.testing.assert_array_equal(grid, np.kron(path(5), np.eye(5)) + np.kron(np.eye(5), path(5)))
    random = adjacency_of(large_encodings.random_graph(300))
    np.testing.assert_array_equal(random, random.T)
    assert not np.diag(random).any() and 9.5 < random.sum() / 300 <= 10


@pytest.mark.slow
def test_a_case_tells_seconds_and_memory_or_its_problem(monkeypatch):
    found = large_encodings.measure("grid", 2500, "RWSE, 8 steps")
    assert found["seconds"] > 0 and 0 < found["before"] <= found["after"]
    assert "2,500" in large_encodings.row(found)
    assert large_encodings.measure("hexagons", 2500, "RWSE, 8 steps")["problem"] == "failed"
    monkeypatch.setattr(large_encodings, "LIMIT", 0)
    found = large_encodings.measure("random", 10_000, "RWSE, 20 steps")
    assert large_encodings.row(found).endswith("> 0 s")
