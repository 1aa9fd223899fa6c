"""Random datasets for round trips, without what other libraries have no place for."""

import dataclasses

import numpy as np
from hypothesis import strategies as st

from gtx.data import Dataset
from tests.data.test_dataset import SEEDS, assert_equal_tables, random_dataset

SIZES = st.lists(st.integers(0, 5), min_size=1, max_size=5)
KINDS = st.sampled_from(["regression", "multiclass", "node"])
CASES = dict(seed=SEEDS, sizes=SIZES, kind=KINDS)


def plain_dataset(seed: int, sizes: list[int], kind: str) -> Dataset:
    """Empty graphs, isolated nodes, self-loops and parallel edges occur."""
    dataset = random_dataset(seed, sizes, kind)
    spec = dataset.spec.replace(pairs={})
    return dataclasses.replace(dataset, pairs={}, names=None, spec=spec)


def assert_same(found: Dataset, expected: Dataset, *, split: bool = True) -> None:
    """The same graphs, columns, labels and parts; parallel edges may be in another order."""
    for name in ("node_ptr", "edge_ptr", "receivers"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    one, other = _order(found), _order(expected)
    np.testing.assert_array_equal(found.senders[one], expected.senders[other])
    for level in ("nodes", "edges", "graphs"):
        a, b = getattr(found, level), getattr(expected, level)
        assert set(a) == set(b)
        for name in a:
            rows = (one, other) if level == "edges" else (slice(None), slice(None))
            np.testing.assert_array_equal(a[name][rows[0]], b[name][rows[1]], err_msg=name)
            assert getattr(found.spec, level)[name] == getattr(expected.spec, level)[name]
    if not split:
        none = np.full(len(expected.targets), -1, np.int8)
        assert_equal_tables(found.targets.replace(split=none), expected.targets.replace(split=none))
        return
    assert_equal_tables(found.targets, expected.targets)


def _order(dataset: Dataset) -> np.ndarray:
    graph = np.repeat(np.arange(len(dataset)), dataset.num_edges)
    features = [array[:, 0] for array in dataset.edges.values()]
    return np.lexsort((*features, dataset.senders, dataset.receivers, graph))
