"""Encodings beside PyTorch Geometric and torch, and the benchmark of them."""

import numpy as np
import pytest

pytest.importorskip("torch_geometric", reason="needs torch and torch-geometric")
pytestmark = pytest.mark.torch

from experiments.benchmarks import encodings, molecules  # noqa: E402
from gtx.encodings import RandomWalk  # noqa: E402
from gtx.encodings.base import Encoding  # noqa: E402


def test_the_values_are_those_of_the_peers():
    dataset = molecules.synthetic(40)
    encodings.check(dataset, encodings.edge_lists(dataset))


def test_other_values_are_not_taken_for_equal(monkeypatch):
    dataset = molecules.synthetic(5)
    call = RandomWalk.__call__
    monkeypatch.setattr(
        RandomWalk,
        "__call__",
        lambda self, a: {key: 1.000001 * value for key, value in call(self, a).items()},
    )
    assert isinstance(RandomWalk(), Encoding)
    with pytest.raises(AssertionError, match="not the same work: RWSE-20"):
        encodings.check(dataset, encodings.edge_lists(dataset))


def test_the_benchmark_measures_every_encoding_and_its_peers():
    dataset = molecules.synthetic(12)
    found, making = encodings.measure(dataset, rounds=2)
    assert [one.encoding for one in found] == list(encodings.TARGETS) and making > 0
    numbers = dict(making=making, load=0.0, found=[vars(one) for one in found])
    lines = encodings.table({"glibc default": numbers}, dict(machine="here"))
    for one in found:
        assert len(one.seconds) >= 2 and one.num_graphs == 12
        assert all(len(times) == 2 and min(times) > 0 for times in one.seconds.values())
        whole = [line for line in lines if one.encoding in line and "goal" in line]
        assert len(whole) == 1
        theirs = next(min(one.seconds[name]) for name in encodings.WHOLE if name in one.seconds)
        ratio = theirs / min(one.seconds["gtx"])
        assert float(whole[0].split("(")[0].split()[-1]) == pytest.approx(ratio, abs=0.06)


def test_edges_are_those_of_the_dataset():
    dataset = molecules.synthetic(6)
    for number, (index, n) in enumerate(encodings.edge_lists(dataset)):
        assert n == dataset.num_nodes[number]
        np.testing.assert_array_equal(index, [dataset[number].senders, dataset[number].receivers])
