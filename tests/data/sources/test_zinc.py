"""ZINC-12k."""

import numpy as np
import pytest

from gtx.data import Categorical, DatasetError, Label
from gtx.data.sources import ZINC
from tests.data.files import data_folder


def test_zinc_has_the_published_sizes_and_first_targets():
    dataset = ZINC(str(data_folder())).load()
    np.testing.assert_array_equal(np.bincount(dataset.targets.split), [10000, 1000, 1000])
    assert dataset.num_nodes[0] == 29 and dataset.num_edges[0] == 64
    assert (dataset.num_nodes.min(), dataset.num_nodes.max()) == (9, 37)
    assert dataset.spec.nodes == {"type": Categorical((28,))}
    assert dataset.spec.edges == {"type": Categorical((4,))}
    assert dataset.spec.label == Label("graph", "regression", 1, ("penalised logP",))
    first = [0.8350, -2.1934, 1.8421, -0.7114, 0.2464]
    np.testing.assert_allclose(dataset.part("train").targets.labels[:5, 0], first, atol=1e-4)
    median = np.median(dataset.part("train").targets.labels)
    error = np.abs(dataset.part("test").targets.labels - median).mean()
    assert error == pytest.approx(1.547, abs=1e-3)


def test_the_21_types_that_occur_are_enough_and_20_are_not():
    root = str(data_folder())
    dataset = ZINC(root, num_atom_types=21).load()
    assert dataset.spec.nodes == {"type": Categorical((21,))}
    with pytest.raises(DatasetError, match="type"):
        ZINC(root, num_atom_types=20).load()


def test_a_missing_file_says_where_it_belongs(tmp_path):
    with pytest.raises(FileNotFoundError, match="zinc12k/zinc12k.npz"):
        ZINC(str(tmp_path)).load()


def test_a_root_that_is_no_folder_is_refused_before_reading():
    with pytest.raises(DatasetError, match="ZINC.root: '' is not .* a text that is not empty"):
        ZINC("")
