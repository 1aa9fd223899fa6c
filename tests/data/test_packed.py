"""Packed files: what is written comes back; what is no packed file is refused."""

import gzip
import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from gtx.data import Categorical, Continuous, Dataset, DatasetError, GraphSpec, Label, packed
from tests.damage import many
from tests.data.test_dataset import KINDS, SEEDS, SIZES, assert_equal_datasets, random_dataset


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=SEEDS, sizes=SIZES, kind=KINDS)
def test_a_saved_dataset_comes_back_equal(tmp_path, seed, sizes, kind):
    dataset = random_dataset(seed, sizes, kind)
    packed.save(dataset, tmp_path / "all.npz")
    assert_equal_datasets(packed.load(tmp_path / "all.npz"), dataset)
    assert [path.name for path in tmp_path.iterdir()] == ["all.npz"]


def foreign(**changes):
    return (
        dict(
            node_ptr=np.array([0, 2, 3]),
            edge_ptr=np.array([0, 2, 2]),
            edge_index=np.array([[0, 1], [1, 0]]),
            node_feat=np.array([[0, 3], [1, 0], [0, 0]], np.int8),
            edge_feat=np.array([1, 1], np.int8),
            y=np.array([[0.5, np.nan], [1.5, 2.0]], np.float32),
            tasks=np.array(["a", "b"]),
            split=np.array([2, 0], np.int8),
            split_names=np.array(["train", "val", "test"]),
        )
        | changes
    )


def test_files_of_other_makers_are_read(tmp_path):
    np.savez(tmp_path / "f.npz", **foreign())
    with gzip.open(tmp_path / "f_smiles.txt.gz", "wt") as file:
        file.write("CC\nO\n")
    dataset = packed.load(tmp_path / "f.npz")
    assert dataset.spec.nodes == {"type": Categorical((2, 4))}
    assert dataset.spec.edges == {"type": Categorical((2,))}
    assert dataset.spec.label == Label("graph", "regression", 2, ("a", "b"))
    np.testing.assert_array_equal(dataset.targets.split, [2, 0])
    assert dataset.names.tolist() == ["CC", "O"]


def test_vocabularies_and_names_are_the_source_s(tmp_path):
    np.savez(tmp_path / "f.npz", **foreign())
    dataset = packed.load(
        tmp_path / "f.npz", node_sizes=(9, 9), edge_sizes=(4,), node_name="atom", edge_name="bond"
    )
    assert dataset.spec.nodes == {"atom": Categorical((9, 9))}
    assert dataset.spec.edges == {"bond": Categorical((4,))}
    with pytest.raises(DatasetError, match=r"graph 0: nodes\['type'\]\[0, 1\] is 3"):
        packed.load(tmp_path / "f.npz", node_sizes=(2, 2))


@pytest.mark.parametrize(
    ("y", "kind", "dim"),
    [
        (np.array([0, 2], np.int8), "multiclass", 3),
        (np.array([[0.0], [1.0]]), "binary", 1),
        (np.array([[0.0, np.nan], [1.0, 1.0]]), "multilabel", 2),
        (np.array([[0, 1, 1], [1, 0, 0]], np.int8), "multilabel", 3),
        (np.array([0.1, 0.2]), "regression", 1),
    ],
)
def test_the_kind_of_label_follows_its_values(tmp_path, y, kind, dim):
    np.savez(tmp_path / "f.npz", **foreign(y=y, tasks=np.array([], np.str_)))
    label = packed.load(tmp_path / "f.npz").spec.label
    assert (label.kind, label.dim) == (kind, dim)


def test_what_is_no_packed_dataset_is_refused(tmp_path):
    path = tmp_path / "f.npz"
    arrays = foreign()
    del arrays["node_ptr"]
    np.savez(path, **arrays)
    with pytest.raises(DatasetError, match=r"f.npz: \['node_ptr'\] are missing"):
        packed.load(path)
    np.savez(path, **foreign(edge_index=np.zeros((3, 2), int)))
    with pytest.raises(DatasetError, match=r"edge_index has shape \(3, 2\)"):
        packed.load(path)
    np.savez(path, **foreign(split_names=np.array(["a", "b", "c"])))
    with pytest.raises(DatasetError, match="Name the parts"):
        packed.load(path)
    np.savez(path, **foreign(spec=np.array("{}")))
    with pytest.raises(DatasetError, match="its spec cannot be read"):
        packed.load(path)
    np.savez(path, node_ptr=[0, 1], edge_ptr=[0, 0], edge_index=np.zeros((2, 0), int))
    with pytest.raises(DatasetError, match="has no node_feat.*Leave node_sizes out"):
        packed.load(path, node_sizes=(3,))
    np.savez(path, **foreign(names=np.array([{}, {}], dtype=object)), allow_pickle=True)
    with pytest.raises(DatasetError, match="pickled objects, which are refused"):
        packed.load(path)
    np.savez(path, **foreign())
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DatasetError, match="cut short"):
        packed.load(path)
    path.write_text("<html>404</html>")
    with pytest.raises(DatasetError, match="not a packed dataset"):
        packed.load(path)
    np.save(tmp_path / "f.npy", np.zeros(3))
    with pytest.raises(DatasetError, match="is a single array"):
        packed.load(tmp_path / "f.npy")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    np.savez(tmp_path / "f.npz", **foreign())
    dataset = packed.load(tmp_path / "f.npz")
    before = (tmp_path / "f.npz").read_bytes()

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="disk full"):
        packed.save(dataset, tmp_path / "f.npz")
    assert (tmp_path / "f.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["f.npz"]


def test_a_missing_file_says_where_it_belongs(tmp_path):
    with pytest.raises(FileNotFoundError, match="no zinc12k/zinc12k.npz in .*Put the packed file"):
        packed.find(tmp_path, "zinc12k/zinc12k.npz")


def test_a_damaged_or_forged_file_is_refused_or_is_the_same(tmp_path):
    _fuzz(tmp_path, 240)


@pytest.mark.slow
def test_many_damaged_and_forged_files_are_refused_or_are_the_same(tmp_path):
    _fuzz(tmp_path, 3000)


def _fuzz(tmp_path, count):
    path, found = tmp_path / "f.npz", 0
    packed.save(random_dataset(3, [3, 0, 5, 2], "regression"), path)
    np.savez(tmp_path / "g.npz", **foreign())
    for source in (path, tmp_path / "g.npz"):
        sound = packed.load(source)
        for number, content in enumerate(many(source.read_bytes(), count // 2)):
            path.write_bytes(content)
            try:
                dataset = packed.load(path)
            except DatasetError:
                found += 1
                continue
            dataset.check()
            if number % 3:  # the others were forged, and may be another dataset
                assert_equal_datasets(dataset, sound)
    assert found > count / 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(node_ptr=np.array([0, 2.5, 3])), r"node_ptr of f.npz\[1\] is 2.5, no whole number"),
        (dict(node_ptr=np.array(["0", "2", "3"])), "node_ptr of f.npz has dtype <U1"),
        (dict(node_ptr=np.array([[0, 2, 3]])), r"node_ptr of f.npz has shape \(1, 3\)"),
        (dict(node_ptr=np.array([0, 2**62, 3])), "node_ptr must be int64 offsets"),
        (
            dict(node_ptr=np.array([0, 2, 2**62])),
            "node_feat has shape .* 4611686018427387904 nodes",
        ),
        (dict(node_ptr=np.array([0, 3, 2**64 - 1], np.uint64)), r"node_ptr of f.npz\[2\] is 184"),
        (dict(edge_ptr=np.array([0, 2, 2**62])), "edge_index has 2 edges, edge_ptr ends at 461"),
        (dict(edge_index=np.array([[0.0, 1], [1, 0]])), "senders has dtype float64"),
        (dict(edge_index=np.array([[0, 2**32], [1, 0]])), r"graph 0: senders\[1\] is 4294967296"),
        (dict(node_feat=np.zeros((9, 1), int)), r"node_feat has shape \(9, 1\).*3 nodes"),
        (dict(node_feat=np.int64(3)), r"node_feat has shape \(\).*3 nodes"),
        (dict(edge_feat=np.zeros(3, int)), r"edge_feat has shape \(3,\).*2 edges"),
        (dict(ids=np.array([2**32 + 1, 0])), r"ids\[0\] is 4294967297"),
        (dict(ids=np.array([1])), r"ids has shape \(1,\).*2 graphs"),
        (dict(split=np.array([-7, 0])), r"split of f.npz\[0\] is -7. It is a place in split_names"),
        (dict(split=np.array([0, 300])), r"split of f.npz\[1\] is 300"),
        (dict(split=np.array([0.0, 1.0])), "split of f.npz has dtype float64"),
        (dict(split_names=np.array(["train", "val", "valid"])), "Name the parts.*each once"),
        (dict(y=np.array(["a", "b"])), "y is <U1.*say what it is with label"),
        (dict(y=np.zeros((2, 2, 1))), r"y is float64 of shape \(2, 2, 1\)"),
        (dict(y=np.array([0, 2**32 + 1])), r"labels\[1\] is 4294967297"),
        (dict(tasks=np.array(["a"])), "1 names for 2 targets"),
        (dict(spec=np.array('{"nodes": 1}')), r"its spec cannot be read \(spec lacks"),
        (dict(spec=np.array("[" * 5000)), "its spec cannot be read"),
        (dict(spec=np.zeros(3)), "its spec cannot be read"),
    ],
)
def test_arrays_that_are_no_dataset_are_refused(tmp_path, changes, message):
    np.savez(tmp_path / "f.npz", **foreign(**changes))
    with pytest.raises(DatasetError, match=message):
        packed.load(tmp_path / "f.npz")


def test_a_spec_with_a_std_of_zero_is_refused(tmp_path):
    path = tmp_path / "f.npz"
    dataset = random_dataset(3, [3, 2], "regression")
    packed.save(dataset, path)
    with np.load(path) as archive:
        content = dict(archive)
    data = json.loads(str(content["spec"]))
    data["label"].update(mean=[0.0, 0.0], std=[1.0, 0.0])
    np.savez(path, **content | {"spec": np.array(json.dumps(data))})
    with pytest.raises(DatasetError, match=r"its spec cannot be read .*std\[1\] is 0.0"):
        packed.load(path)


def test_a_small_file_of_large_arrays_takes_no_memory_unless_that_is_asked_for(
    tmp_path, monkeypatch
):
    path = tmp_path / "f.npz"
    monkeypatch.setattr(packed, "_FREE_BYTES", 2**20)
    zeros = np.zeros((3, 2_000_000), np.float32)
    np.savez_compressed(path, **foreign(node_attr=zeros, other=zeros))
    tracemalloc.start()
    try:
        with pytest.raises(
            DatasetError, match=r"promises arrays of 24,000,\d+ bytes.*max_bytes=24"
        ):
            packed.load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    dataset = packed.load(path, max_bytes=2**25)
    assert dataset.spec.nodes["feat"] == Continuous(2_000_000)
    with pytest.raises(DatasetError, match="beyond the limit of 1,000"):
        packed.load(path, max_bytes=1000)


def test_what_is_saved_is_loaded_however_full_of_zeros_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "_FREE_BYTES", 2**20)
    dataset = Dataset.from_columns(
        node_ptr=[0, 400], edge_ptr=[0, 0], senders=[], receivers=[],
        nodes={"words": np.zeros((400, 1000))}, spec=GraphSpec(nodes={"words": Continuous(1000)}),
    )  # fmt: skip
    packed.save(dataset, tmp_path / "f.npz")
    assert_equal_datasets(packed.load(tmp_path / "f.npz"), dataset)


BESIDE = {
    "no gzip": (lambda good: b"CC\nO\n", "cannot be read .Not a gzipped file"),
    "cut short": (lambda good: good[:-9], "cannot be read"),
    "flipped": (lambda good: good[:12] + bytes([good[12] ^ 255]) + good[13:], "cannot be read"),
    "no text": (lambda good: gzip.compress(b"\xff\xfe\n"), "cannot be read .*utf-8"),
    "a line too few": (lambda good: gzip.compress(b"CC\n"), "has 1 lines for 2 graphs"),
    "nothing": (lambda good: gzip.compress(b""), "has 0 lines for 2 graphs"),
    "a bomb": (lambda good: gzip.compress(bytes(2**22)), "takes? too much memory"),
    "one long name": (
        lambda good: gzip.compress(b"C" * 2**17 + b"\n" + b"\n" * 2**10),
        "1025 names of up to 131072 characters take too much memory",
    ),
    "NUL": (lambda good: gzip.compress(b"CC\nO\0\n"), r"names\[1\] is 'O\\x00'"),
}


@pytest.mark.parametrize("case", BESIDE)
def test_a_wrong_file_of_names_is_named(tmp_path, case, monkeypatch):
    monkeypatch.setattr(packed, "_FREE_BYTES", 2**20)
    change, message = BESIDE[case]
    np.savez(tmp_path / "f.npz", **foreign())
    (tmp_path / "f_smiles.txt.gz").write_bytes(change(gzip.compress(b"CC\nO\n")))
    with pytest.raises(DatasetError, match=message):
        packed.load(tmp_path / "f.npz")


def test_a_line_of_names_ends_where_lines_end(tmp_path):
    np.savez(tmp_path / "f.npz", **foreign())
    content = "C\u2028C\x0b\r\nO".encode()
    (tmp_path / "f_smiles.txt.gz").write_bytes(gzip.compress(content))
    assert packed.load(tmp_path / "f.npz").names.tolist() == ["C\u2028C\x0b", "O"]


def test_what_a_killed_save_left_is_removed_by_the_next(tmp_path):
    (tmp_path / f"{'0' * 32}.partial").write_bytes(b"half")
    packed.save(random_dataset(3, [3, 2], "regression"), tmp_path / "f.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["f.npz"]
