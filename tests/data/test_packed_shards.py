"""Shards: what is written is read in order, and what is not as it was written is refused."""

import json
import shutil

import numpy as np
import pytest

from gtx.data import DatasetError, packed_folder, packed_shards
from gtx.data.sources import PackedFile
from tests.batching.datasets import make_dataset
from tests.data.test_dataset import assert_equal_datasets

SIZES = [(3, 4), (1, 0), (5, 9), (2, 3), (4, 4), (6, 2)]


@pytest.fixture(scope="module")
def pieces():
    whole = make_dataset(SIZES).with_split([0, 0, 1, 0, 1, 0])
    return [whole.select([0, 1, 2]), whole.select([3, 4]), whole.select([5])]


@pytest.fixture
def folder(pieces, tmp_path):
    packed_shards.save(iter(pieces), tmp_path / "mine")
    return tmp_path / "mine"


def test_shards_are_read_in_order_from_the_disk(pieces, folder):
    found = packed_shards.load(folder)
    assert len(found) == 3
    for one, piece in zip(found, pieces, strict=True):
        assert packed_folder.is_mapped(one)
        for name in ("train", "valid"):
            assert_equal_datasets(one.part(name), piece.part(name))
    # In one folder, for a recipe.
    packed_folder.save(found, folder.parent / "whole")
    assert len(packed_folder.load(folder.parent / "whole")) == len(SIZES)


def test_several_processes_can_write_shards(pieces, folder, tmp_path):
    for number in (2, 0, 1):
        packed_folder.save(pieces[number], tmp_path / "other" / f"{number:05d}")
    with pytest.raises(DatasetError, match=r"has no shards\.json"):
        packed_shards.load(tmp_path / "other")
    (tmp_path / "other" / "00003.ab.partial").mkdir()
    with pytest.raises(DatasetError, match="00003.ab.partial: is not finished"):
        packed_shards.close(tmp_path / "other")
    (tmp_path / "other" / "00003.ab.partial").rmdir()
    packed_shards.close(tmp_path / "other")
    for one, other in zip(
        packed_shards.load(folder), packed_shards.load(tmp_path / "other"), strict=True
    ):
        assert_equal_datasets(one, other)


def test_what_cannot_be_written_leaves_nothing_behind(pieces, tmp_path):
    other = make_dataset(SIZES, pairs=False)
    for given, message in (([pieces[0], other], "another spec"), ([], "no Datasets to write")):
        with pytest.raises(DatasetError, match=message):
            packed_shards.save(given, tmp_path / "mine")
    assert not list(tmp_path.iterdir())
    packed_shards.save(pieces, tmp_path / "mine")
    with pytest.raises(DatasetError, match="exists already"):
        packed_shards.save(pieces, tmp_path / "mine")


def test_missing_additional_and_altered_shards_are_refused_by_name(pieces, folder):
    kept = folder.parent / "kept"
    (folder / "00001").rename(kept)
    with pytest.raises(DatasetError, match="mine/00001: is missing"):
        packed_shards.load(folder)
    shutil.copytree(folder / "00000", folder / "00001")
    with pytest.raises(DatasetError, match="mine/00001: is another shard"):
        packed_shards.load(folder)
    shutil.rmtree(folder / "00001")
    kept.rename(folder / "00001")
    packed_folder.save(pieces[0], folder / "00009")
    with pytest.raises(DatasetError, match="mine/00009: is not in the list"):
        packed_shards.load(folder)
    shutil.rmtree(folder / "00009")
    column = folder / "00002" / "nodes.x.npy"
    content = bytearray(column.read_bytes())
    content[-1] ^= 1
    column.write_bytes(content)
    with pytest.raises(DatasetError, match=r"00002/nodes\.x\.npy: its content is not"):
        packed_shards.load(folder)
    assert len(packed_shards.load(folder, verify=False)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "[]", "{", '{"format": "gtx packed shards 2", "shards": []}', "null",
        json.dumps(dict(format="gtx packed shards 1", shards=[])),
        json.dumps(dict(format="gtx packed shards 1", shards=[dict(name="../x", sha256="")])),
        json.dumps(dict(format="gtx packed shards 1", shards=[dict(name="..", sha256="")])),
    ],
)  # fmt: skip
def test_a_list_of_another_form_is_refused(folder, text):
    (folder / "shards.json").write_text(text)
    with pytest.raises(DatasetError, match=r"mine/shards\.json: "):
        packed_shards.load(folder)


def test_predictions_are_made_for_one_shard_at_a_time(folder):
    spec = packed_shards.load(folder)[0].spec
    source = PackedFile(str(folder))
    with pytest.raises(DatasetError, match="Name the folder of one of them"):
        source.read_further(str(folder), spec)
    assert len(source.read_further(str(folder / "00001"), spec).dataset)


def test_graphs_do_not_move_between_shards(folder):
    assert np.concatenate([each.num_nodes for each in packed_shards.load(folder)]).tolist() == [
        3, 1, 5, 2, 4, 6,
    ]  # fmt: skip
