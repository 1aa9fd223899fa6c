"""Several Datasets as one whose columns stay where they are."""

import dataclasses

import numpy as np
import pytest

from gtx.data import DatasetError, packed_folder, packed_shards, standardize
from gtx.data.content import content_of_parts
from gtx.data.joined import joined
from gtx.data.sharded import ShardedDataset, in_memory, pieces
from tests.batching.datasets import make_dataset


def shards(level="graph"):
    rng = np.random.default_rng(0)
    found = []
    for count in (5, 3, 4):
        sizes = [(int(n), 2 * int(n)) for n in rng.integers(1, 6, count)]
        found.append(make_dataset(sizes, seed=count, level=level))
    return [each.with_split([0] * (len(each) - 2) + [1, 2]) for each in found]


def assert_same(one, other):
    for field in ("node_ptr", "edge_ptr", "senders", "receivers", "ids"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    for field in ("index", "labels", "split"):
        np.testing.assert_array_equal(getattr(one.targets, field), getattr(other.targets, field))
    for level in ("nodes", "edges", "graphs"):
        assert set(getattr(one, level)) == set(getattr(other, level))
        for name, array in getattr(one, level).items():
            np.testing.assert_array_equal(array, getattr(other, level)[name])
    assert one.spec == other.spec


@pytest.mark.parametrize("level", ["graph", "node"])
def test_any_selection_has_the_columns_of_the_joined_graphs(level):
    given = shards(level)
    sharded, whole = ShardedDataset.of(given), joined(given)
    sharded.check()
    assert len(sharded) == 12 and sharded.nodes == {}
    assert_same(in_memory(sharded), whole)
    for chosen in ([3], [0, 5, 11], [11, 2, 7, 2], [], np.arange(12) % 2 == 0):
        assert_same(in_memory(sharded.select(chosen)), whole.select(chosen))
    twice = sharded.select([9, 1, 4, 6]).select([2, 0])
    assert_same(in_memory(twice), whole.select([4, 9]))
    for part in ("train", "valid", "test"):
        assert_same(in_memory(sharded.part(part)), whole.part(part))
    np.testing.assert_array_equal(sharded[6].nodes["x"], whole[6].nodes["x"])
    assert [len(each) for each in sharded.part("train").by_shard()] == [3, 1, 2]
    assert [len(each) for each in pieces(sharded)] == [5, 3, 4]
    assert list(pieces(whole)) == [whole]


def test_what_was_changed_of_labels_stays(tmp_path):
    packed_shards.save(shards(), tmp_path / "mine")
    sharded = ShardedDataset.of(packed_shards.load(tmp_path / "mine"))
    assert packed_folder.is_mapped(sharded)
    scaled = standardize(sharded)
    assert in_memory(scaled.part("valid")).spec.label.mean == scaled.spec.label.mean != ()
    changed = sharded.with_targets("graph", labels=np.arange(12.0)[:, None], label=None) if (
        sharded.targets.labels is None
    ) else dataclasses.replace(
        sharded, targets=sharded.targets.replace(labels=sharded.targets.labels + 1)
    )  # fmt: skip
    np.testing.assert_array_equal(
        in_memory(changed.select([7, 2])).targets.labels, changed.targets.labels[[7, 2]]
    )


def test_the_content_is_that_of_one_folder(tmp_path):
    packed_shards.save(shards(), tmp_path / "mine")
    opened = packed_shards.load(tmp_path / "mine")
    packed_folder.save(opened, tmp_path / "one")
    whole = content_of_parts(packed_folder.load(tmp_path / "one"))
    assert content_of_parts(ShardedDataset.of(opened)) == whole
    other = [opened[1], opened[0], opened[2]]
    assert content_of_parts(ShardedDataset.of(other)) != whole


def test_what_does_not_belong_together_is_refused():
    with pytest.raises(DatasetError, match="there are none"):
        ShardedDataset.of([])
    one, other, _ = shards()
    with pytest.raises(DatasetError, match="Dataset 1: has another spec"):
        ShardedDataset.of([one, other.without_labels()])
