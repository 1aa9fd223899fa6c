"""Packed folders: equal datasets, parts that share the disk's arrays, and what is refused."""

import json
import re
import shutil

import numpy as np
import pytest

from gtx.data import Categorical, Dataset, DatasetError, GraphSpec, Label, packed_folder, splits
from tests.batching.datasets import make_dataset
from tests.data.test_dataset import assert_equal_datasets
from tests.drawn import drawn

SIZES = [(3, 4), (1, 0), (5, 9), (0, 0), (2, 3), (4, 4), (6, 2), (2, 1), (3, 3), (1, 1)]
SPLIT = [0, 1, 0, 2, 0, -1, 1, 0, 2, 0]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return make_dataset(SIZES).with_split(SPLIT)


@pytest.fixture
def folder(dataset, tmp_path):
    packed_folder.save(dataset, tmp_path / "mine")
    return tmp_path / "mine"


@pytest.mark.parametrize("level", ["graph", "node", "edge", "pair"])
def test_a_folder_holds_the_dataset_with_train_before_valid_and_test(level, tmp_path):
    label = Label(level, "binary", 1)
    spec = GraphSpec(nodes={"type": Categorical((3,))}, label=label)
    given = splits.random(drawn(spec, num_graphs=12), (0.5, 0.25, 0.25), seed=1)
    given = given.with_split(np.where(np.arange(12) == 4, -1, splits.graph_split(given)))
    table = given.targets
    rows = np.random.default_rng(0).permutation(len(table))[: max(len(table) - 3, 1)]
    given = given.with_targets(
        level, table.index[rows], table.labels[rows], table.split[rows], label=label,
        weights=np.arange(len(rows)) % 3,
    )  # fmt: skip
    packed_folder.save(given, tmp_path / "mine")
    opened = packed_folder.load(tmp_path / "mine")
    opened.check()
    assert packed_folder.is_mapped(opened) and not packed_folder.is_mapped(given)
    code = splits.graph_split(given)
    order = np.concatenate([np.flatnonzero(code == part) for part in (0, 1, 2, -1)])
    assert np.array_equal(opened.ids, given.ids[order])
    for name in ("train", "valid", "test"):
        assert_equal_datasets(opened.part(name), given.part(name))


def test_every_column_is_kept_and_parts_share_it(dataset, folder):
    opened = packed_folder.load(folder, verify=False)
    for name in ("train", "valid", "test"):
        part = opened.part(name)
        assert_equal_datasets(part, dataset.part(name))
        for array in (part.senders, *part.nodes.values(), *part.edges.values()):
            assert not array.flags.owndata and not array.flags.writeable
        assert packed_folder.is_mapped(part)
    with pytest.raises(ValueError, match="read-only"):
        opened.senders[0] = 1


def test_datasets_one_after_the_other_are_one_dataset(dataset, tmp_path):
    named = Dataset.from_columns(
        node_ptr=dataset.node_ptr, edge_ptr=dataset.edge_ptr, senders=dataset.senders,
        receivers=dataset.receivers, nodes=dataset.nodes, names=["C" * i for i in range(10)],
        labels=np.arange(10.0)[:, None], split=SPLIT,
    )  # fmt: skip
    parts = (named.select(range(first, min(first + 3, 10))) for first in range(0, 10, 3))
    packed_folder.save(parts, tmp_path / "parts")
    packed_folder.save(named, tmp_path / "whole")
    found, whole = (packed_folder.load(tmp_path / name) for name in ("parts", "whole"))
    assert_equal_datasets(found, whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts", "whole"]


def test_what_cannot_be_written_leaves_nothing_behind(dataset, tmp_path):
    other = make_dataset(SIZES, pairs=False)
    with pytest.raises(DatasetError, match="has another spec"):
        packed_folder.save([dataset, other], tmp_path / "mine")
    with pytest.raises(DatasetError, match="no graphs to write"):
        packed_folder.save([], tmp_path / "mine")
    assert not list(tmp_path.iterdir())
    packed_folder.save(dataset, tmp_path / "mine")
    with pytest.raises(DatasetError, match="mine: exists already"):
        packed_folder.save(dataset, tmp_path / "mine")


def _flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_missing_short_and_altered_files_are_refused_by_name(folder):
    column = folder / "nodes.x.npy"
    original = column.read_bytes()
    column.unlink()
    with pytest.raises(DatasetError, match=r"mine/nodes\.x\.npy: is missing"):
        packed_folder.load(folder)
    for content in (original[:-4], original + b"1"):
        column.write_bytes(content)
        with pytest.raises(DatasetError, match=r"mine/nodes\.x\.npy: has .* bytes"):
            packed_folder.load(folder, verify=False)
    column.write_bytes(original[:40])
    with pytest.raises(DatasetError, match=r"mine/nodes\.x\.npy: its header"):
        packed_folder.load(folder)
    column.write_bytes(original)
    _flip(column)
    with pytest.raises(DatasetError, match=r"mine/nodes\.x\.npy: its content is not"):
        packed_folder.load(folder)


def test_another_or_altered_manifest_is_refused(dataset, folder, tmp_path):
    manifest = folder / "manifest.json"
    original = manifest.read_text()
    packed_folder.save(dataset.select(range(9)), tmp_path / "shorter")
    changed = dataset.nodes["x"] + 1
    packed_folder.save(dataset.with_columns("node", {"x": changed}), tmp_path / "changed")
    for name, message in (("shorter", "holds .* of shape"), ("changed", "its content is not")):
        shutil.copy(tmp_path / name / "manifest.json", manifest)
        with pytest.raises(DatasetError, match=rf"mine/.*\.npy: {message}"):
            packed_folder.load(folder)
    data = json.loads(original)
    for text, message in (
        (json.dumps(data | {"level": "node"}), "was altered"),
        (original[:-9], "cannot be read"),
        ("[]", "is not that of"),
    ):
        manifest.write_text(text)
        with pytest.raises(DatasetError, match=rf"mine/manifest\.json: {message}"):
            packed_folder.load(folder)
    manifest.unlink()
    with pytest.raises(DatasetError, match=re.escape("has no manifest.json")):
        packed_folder.load(folder)


def test_names_of_columns_never_lead_out_of_the_folder(tmp_path):
    names = ["a/b", "../../out", "..\\x", "x" * 300, "new\nline", "\u00fc", "/tmp/x"]
    columns = {name: np.full((2, 1), number, np.float32) for number, name in enumerate(names)}
    given = Dataset.from_columns(
        node_ptr=[0, 2], edge_ptr=[0, 0], senders=[], receivers=[], nodes=columns
    )
    packed_folder.save(given, tmp_path / "deep" / "mine")
    opened = packed_folder.load(tmp_path / "deep" / "mine")
    assert {name: float(array[0, 0]) for name, array in opened.nodes.items()} == {
        name: float(number) for number, name in enumerate(names)
    }
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["mine"]
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]


def test_a_manifest_reads_no_file_outside_of_its_folder(folder):
    manifest = folder / "manifest.json"
    data = json.loads(manifest.read_text())
    shutil.copy(folder / "senders.npy", folder.parent / "senders.npy")
    data["files"]["../senders"] = data["files"]["senders"]
    del data["sha256"]
    manifest.write_text(json.dumps(data | dict(sha256=packed_folder._sha256_of(data))))
    with pytest.raises(DatasetError, match=r"mine/other\.[0-9a-f]{64}\.npy: is missing"):
        packed_folder.load(folder)


def test_a_folder_that_another_process_wrote_meanwhile_is_kept(dataset, tmp_path):
    def slow():
        packed_folder.save(dataset.select([0]), tmp_path / "mine")
        yield dataset

    with pytest.raises(DatasetError, match="another process wrote it meanwhile"):
        packed_folder.save(slow(), tmp_path / "mine")
    assert len(packed_folder.load(tmp_path / "mine")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
