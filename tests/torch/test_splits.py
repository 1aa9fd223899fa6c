"""A split by class is the one that published code draws with torch."""

import numpy as np
import pytest
import torch

from gtx.data import splits
from tests.data.test_splits import labelled


@pytest.mark.parametrize("seed", [0, 123])
@pytest.mark.parametrize("count", [40, 5000])
def test_a_split_by_class_is_that_of_randperm(seed, count):
    labels = np.random.default_rng(seed).integers(0, 7, count)
    split = splits.per_class(labelled(labels), 2, valid=8, test=12, seed=seed).targets.split
    torch.manual_seed(seed)
    orders = [np.flatnonzero(labels == each) for each in range(7)]
    orders = [order[torch.randperm(len(order)).numpy()] for order in orders]
    rest = np.concatenate([order[2:] for order in orders])
    rest = rest[torch.randperm(len(rest)).numpy()]
    expected = np.full(count, -1)
    expected[np.concatenate([order[:2] for order in orders])] = 0
    expected[rest[:8]], expected[rest[8:20]] = 1, 2
    np.testing.assert_array_equal(split, expected)
