"""Packed files: what is written comes back; what is no packed file is refused."""

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from gtx.data import Categorical, DatasetError, Label, packed
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
    np.testing.assert_array_equal(dataset.split, [2, 0])
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
