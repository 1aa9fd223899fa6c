"""The digits as grids and as sets: the same pixels in the same images."""

import networkx as nx
import numpy as np
import pytest
from sklearn.datasets import load_digits

from gtx.data import DatasetError
from gtx.data.sources import Digits


def test_grids_and_sets_hold_the_pixels_of_the_images():
    images, labels = load_digits(return_X_y=True)
    grids, sets = Digits().load(), Digits(form="set").load()
    assert len(grids) == len(sets) == 1797
    for dataset in (grids, sets):
        assert dataset.spec == Digits(form="grid" if dataset is grids else "set").declared_spec()
        np.testing.assert_array_equal(dataset.targets.labels, labels)
        parts = [len(dataset.part(name)) for name in ("train", "valid", "test")]
        assert parts == [1259, 179, 359]
    np.testing.assert_array_equal(grids.targets.split, sets.targets.split)
    for number in (0, 7, 1796):
        image = images[number].reshape(8, 8)
        drawn = np.zeros((8, 8))
        for patch, place in zip(
            grids[number].nodes["x"], grids[number].nodes["place"][:, 0], strict=True
        ):
            row, column = divmod(place, 4)
            drawn[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = patch.reshape(2, 2)
        np.testing.assert_allclose(16 * drawn, image)
        x = sets[number].nodes["x"]
        drawn = np.zeros((8, 8))
        drawn[tuple(np.rint((x[:, :2] + 1) * 3.5).astype(int).T)] = x[:, 2]
        np.testing.assert_allclose(16 * drawn, image)
    assert len(sets.senders) == 0


@pytest.mark.parametrize("patch", [1, 2, 4, 8])
def test_patches_that_share_a_side_are_joined(patch):
    graph = Digits(patch=patch).load()[3]
    edges = set(zip(graph.senders.tolist(), graph.receivers.tolist(), strict=True))
    across = 8 // patch
    numbered = nx.convert_node_labels_to_integers(
        nx.grid_2d_graph(across, across), ordering="sorted"
    )
    assert edges == {edge for a, b in numbered.edges for edge in ((a, b), (b, a))}
    assert len(graph.senders) == len(edges)


def test_the_parts_follow_the_seed_and_a_patch_divides_the_image():
    one, other = Digits().load(), Digits(split_seed=1).load()
    assert not np.array_equal(one.targets.split, other.targets.split)
    with pytest.raises(DatasetError, match="patch is 3, which does not divide"):
        Digits(patch=3)
