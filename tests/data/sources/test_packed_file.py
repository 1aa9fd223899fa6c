"""A packed file as a source by name: its label, its split, and what is refused."""

import numpy as np
import pytest

from gtx.data import Categorical, Dataset, DatasetError, GraphSpec, Label, packed
from gtx.data.sources import PackedFile
from tests.data.test_dataset import assert_equal_datasets
from tests.drawn import drawn

LABEL = Label("node", "multiclass", 3)
SPEC = GraphSpec(nodes={"type": Categorical((3,), names=(("C", "N", "O"),))}, label=LABEL)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return drawn(SPEC, num_graphs=6)


@pytest.fixture
def path(dataset, tmp_path):
    packed.save(dataset, tmp_path / "mine.npz")
    return str(tmp_path / "mine.npz")


def test_the_file_is_read_with_its_label_and_split(dataset, path):
    assert_equal_datasets(PackedFile(path, "node", "multiclass").load(), dataset)


def test_another_label_is_refused_with_the_flags_that_it_needs(path):
    flags = "--config.data.level=node and --config.data.kind=multiclass"
    with pytest.raises(DatasetError, match=f"a multiclass label of each node. Give {flags}"):
        PackedFile(path).load()


def test_a_file_without_labels_or_without_a_train_part_cannot_be_trained_on(dataset, tmp_path):
    path = tmp_path / "none.npz"
    packed.save(dataset.without_labels(), path)
    with pytest.raises(DatasetError, match="none.npz: has no labels to train on"):
        PackedFile(str(path)).load()
    packed.save(dataset.with_split(["none"] * len(dataset)), path)
    with pytest.raises(DatasetError, match="puts no node into train.*split=random"):
        PackedFile(str(path), "node", "multiclass").load()
    random = PackedFile(str(path), "node", "multiclass", split="random")
    assert len(random.load()) == len(dataset)
    with pytest.raises(FileNotFoundError, match="there is no file .*nowhere.npz"):
        PackedFile("nowhere.npz").load()


def test_further_graphs_have_a_key_for_each_target_and_no_labels(dataset, path):
    further = PackedFile(path, "node", "multiclass").read_further(path, dataset.spec)
    assert further.dataset.targets.labels is None
    graph = np.repeat(np.arange(6), dataset.num_nodes)
    assert list(further.keys) == ["graph", "node"]
    assert further.keys["graph"] == list(map(str, graph))
    assert further.keys["node"] == [str(node) for n in dataset.num_nodes for node in range(n)]


def test_categories_with_other_names_are_refused(dataset, path):
    trained = dataset.spec.replace(nodes={"type": Categorical((3,), names=(("N", "C", "O"),))})
    with pytest.raises(DatasetError, match=r"categories of nodes\['type'\]"):
        PackedFile(path, "node", "multiclass").read_further(path, trained)


def test_pairs_and_edges_are_named_by_their_nodes(tmp_path):
    label = Label("pair", "binary", 1)
    pairs = drawn(SPEC.replace(label=label), num_graphs=5)
    packed.save(pairs, tmp_path / "pairs.npz")
    source = PackedFile(str(tmp_path / "pairs.npz"), "pair", "binary")
    keys = source.read_further(source.path, pairs.spec).keys
    assert list(keys) == ["graph", "sender", "receiver"]
    first = pairs.node_ptr[pairs.target_graph]
    assert keys["receiver"] == list(map(str, (pairs.targets.index[:, 1] - first).tolist()))
