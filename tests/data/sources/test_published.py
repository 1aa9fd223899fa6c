"""Sources read the files that were published: small ones of their form, and the sizes agree."""

import gzip
import io
import pickle

import networkx
import numpy as np
import pytest

from gtx.data import DatasetError
from gtx.data.sources import (
    BREC,
    EXP,
    MOSES,
    ZINC,
    MNISTSuperpixels,
    MoleculeNet,
    OGBGMolhiv,
    Pattern,
    PeptidesStruct,
    TUDataset,
    exp,
)
from gtx.data.sources.formats import graph6, ogb_csv
from gtx.data.sources.published import Statistics
from tests.data.files import data_folder
from tests.data.sources.published import gz, install, zipped

TU = {
    "A": "1, 2\n2, 1\n2, 3\n3, 2\n4, 5\n5, 4\n5, 5\n4, 5\n",
    "graph_indicator": "1\n1\n1\n2\n2\n",
    "graph_labels": "1\n-1\n",
    "node_labels": "0\n4\n0\n2\n2\n",
    "node_attributes": "0.5, 1\n1, 2\n2, 3\n3, 4\n4, 5.5\n",
}


def tu_zip(**changes):
    return zipped({f"T/T_{name}.txt": text for name, text in {**TU, **changes}.items()})


def test_text_files_of_tudataset(tmp_path, monkeypatch):
    source = TUDataset(str(tmp_path), "T", num_labels=3, num_attributes=2, num_classes=2)
    install(source, tmp_path, {"T.zip": tu_zip()}, monkeypatch, Statistics(2, 5, 6))
    monkeypatch.setattr("gtx.data.sources.tudataset._drawn", lambda labels, seed: labels)
    dataset = source.load()
    np.testing.assert_array_equal(dataset.num_nodes, [3, 2])
    np.testing.assert_array_equal(dataset.nodes["type"][:, 0], [0, 2, 0, 1, 1])
    np.testing.assert_array_equal(dataset.nodes["feat"][4], [4, 5.5])
    np.testing.assert_array_equal(dataset.targets.labels, [1, 0])
    edges = set(zip(dataset.senders[:4].tolist(), dataset.receivers[:4].tolist(), strict=True))
    assert edges == {(0, 1), (1, 0), (1, 2), (2, 1)} and dataset.num_edges[1] == 2
    np.testing.assert_array_equal(dataset.targets.split, [1, 2])  # folds 1 and 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (dict(A="1, 9\n"), r"T_A.txt, line 1: an edge is \[1, 9\], and there are nodes 1 to 5"),
        (dict(A="1, 2\n0, 1\n"), r"line 2: an edge is \[0, 1\]"),
        (dict(A="3, 4\n"), "it joins two graphs"),
        (dict(A="x"), "cannot be read"),
        (
            dict(graph_indicator="1\n1\n1\n3\n3\n"),
            "line 5: its nodes are not those of graphs 1 to 2",
        ),
        (dict(graph_indicator="2\n2\n1\n1\n1\n"), "line 2: its nodes"),
        (dict(node_labels="0\n"), "T_node_labels.txt has 1 lines, and 5 nodes"),
        (dict(node_attributes="1, 2\n"), "T_node_attributes.txt has 1 lines, and 5"),
        (dict(graph_labels=""), "T_graph_labels.txt is empty"),
        (dict(graph_labels="1\n1\n"), "T.npz: the published files hold 6 edges instead of 7"),
    ],
)
def test_text_files_that_do_not_agree_are_refused(changes, said, tmp_path, monkeypatch):
    source = TUDataset(str(tmp_path), "T", num_labels=3, num_attributes=2, num_classes=2)
    with pytest.raises(DatasetError, match=said):
        files = {"T.zip": tu_zip(**changes)}
        install(source, tmp_path, files, monkeypatch, Statistics(2, 5, 7))
    assert not (tmp_path / source.file).exists()


def test_folds_hold_each_graph_once_and_those_of_a_file_are_kept():
    tests = []
    for fold in range(10):
        dataset = TUDataset(str(data_folder()), fold=fold).load()
        tests.append(dataset.targets.split == 2)
        assert {18} == {np.sum(dataset.targets.split == code) for code in (1, 2)}
    assert np.sum(tests, axis=0).max() == 1 and np.sum(tests) == 180
    other = TUDataset(str(data_folder()), fold=9).load().targets.split == 1
    np.testing.assert_array_equal(other, tests[0])


def test_an_unknown_set_must_be_described():
    with pytest.raises(DatasetError, match=r"'X' is none of MUTAG.*Give its num_classes"):
        TUDataset("x", "X")
    with pytest.raises(DatasetError, match="no name of a set"):
        TUDataset("x", "../X")


MOLECULES = "name,smiles,expt\na,CCO,-5.01\nb,c1ccccc1O,-6.62\nc,not,1\nd,C,2.0\n"


def test_a_table_of_moleculenet(tmp_path, monkeypatch):
    pytest.importorskip("rdkit", reason="needs the extra `molecules`")
    monkeypatch.setattr("gtx.data.splits.scaffold", lambda dataset: dataset.with_split([0, 1, 2]))
    source = MoleculeNet(str(tmp_path), "freesolv")
    files = {"SAMPL.csv": MOLECULES.encode()}
    install(source, tmp_path, files, monkeypatch, Statistics(3, 11, 18, (1, 1, 1)))
    dataset = source.load()
    np.testing.assert_allclose(dataset.targets.labels[:, 0], [-5.01, -6.62, 2.0], rtol=1e-6)
    np.testing.assert_array_equal(dataset.num_nodes, [3, 7, 1])
    assert list(dataset.names) == ["CCO", "c1ccccc1O", "C"]


def test_labels_that_are_missing_in_a_table_are_missing(tmp_path, monkeypatch):
    pytest.importorskip("rdkit", reason="needs the extra `molecules`")
    monkeypatch.setattr("gtx.data.splits.scaffold", lambda dataset: dataset.with_split([0, 1]))
    source = MoleculeNet(str(tmp_path), "clintox")
    table = gzip.compress(b"smiles,FDA_APPROVED,CT_TOX\nCC,1,\nCCC,,0\n")
    install(source, tmp_path, {"clintox.csv.gz": table}, monkeypatch)
    np.testing.assert_array_equal(source.load().targets.labels, [[1, np.nan], [np.nan, 0]])


@pytest.mark.parametrize(
    ("table", "said"),
    [(b"a,b\n1,2\n", "no columns"), (b"smiles,expt\nC,x\n", "cannot be read"), (b"\xff", "read")],
)
def test_another_table_is_refused(table, said, tmp_path, monkeypatch):
    source = MoleculeNet(str(tmp_path), "freesolv")
    with pytest.raises(DatasetError, match=f"SAMPL.csv: .*{said}"):
        install(source, tmp_path, {"SAMPL.csv": table}, monkeypatch)


def test_sets_of_moleculenet_have_the_published_sizes(caplog):
    for variant in MoleculeNet.variants():
        source = MoleculeNet(str(data_folder()), **variant)
        assert source.load().spec == source.declared_spec()
    assert not caplog.records


def test_a_part_of_a_set_is_told(tmp_path, caplog):
    from gtx.data import packed

    source = MoleculeNet(str(data_folder()), "freesolv")
    dataset = source.load().select(range(600))
    (tmp_path / "moleculenet").mkdir()
    packed.save(dataset, tmp_path / source.file)
    MoleculeNet(str(tmp_path), "freesolv").load()
    (record,) = caplog.records
    assert "600 graphs instead of 642" in record.getMessage()


def test_zinc_is_read_from_its_pickles(tmp_path, monkeypatch):
    bonds = np.array([[0, 2, 0], [2, 0, 1], [0, 1, 0]])
    molecule = dict(
        num_atom=3, atom_type=np.array([0, 5, 27]), bond_type=bonds,
        logP_SA_cycle_normalized=np.array([1.5], np.float32),
    )  # fmt: skip
    other = {**molecule, "logP_SA_cycle_normalized": np.array([-2.0], np.float32)}
    parts = dict(train=[molecule, other, molecule], val=[other], test=[molecule])
    members = {f"molecules/{part}.pickle": pickle.dumps(rows) for part, rows in parts.items()}
    files = {
        "molecules.zip": zipped(members), "train.index": b"2,1", "val.index": b"0",
        "test.index": b"0,\n",
    }  # fmt: skip
    source = ZINC(str(tmp_path))
    install(source, tmp_path, files, monkeypatch, Statistics(4, 12, 16, (2, 1, 1)))
    dataset = source.load()
    np.testing.assert_array_equal(dataset.targets.labels[:, 0], [1.5, -2.0, -2.0, 1.5])
    np.testing.assert_array_equal(dataset.nodes["type"][:3, 0], [0, 5, 27])
    first = zip(
        dataset.senders[:4], dataset.receivers[:4], dataset.edges["type"][:4, 0], strict=True
    )
    assert sorted((int(s), int(r), int(t)) for s, r, t in first) == [
        (0, 1, 2), (1, 0, 2), (1, 2, 1), (2, 1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["<U9", "S9"])
def test_pairs_of_brec(kind, tmp_path, monkeypatch):
    graphs = [networkx.cycle_graph(6), networkx.disjoint_union(*[networkx.cycle_graph(3)] * 2)]
    texts = [networkx.to_graph6_bytes(graph, header=False).strip() for graph in graphs] * 60
    raw = io.BytesIO()
    np.save(raw, np.array([text.decode() for text in texts]).astype(kind))
    source = BREC(str(tmp_path), pair=7, copies=10)
    install(source, tmp_path, {"basic.npy": raw.getvalue()}, monkeypatch)
    dataset = source.load()
    assert len(dataset) == 20 and set(dataset.num_nodes) == {6} and set(dataset.num_edges) == {12}
    for number, label in enumerate(dataset.targets.labels[:, 0]):
        graph = networkx.Graph()
        graph.add_edges_from(zip(dataset[number].senders, dataset[number].receivers, strict=True))
        assert networkx.is_isomorphic(graph, graphs[int(label)])
    np.testing.assert_array_equal(np.bincount(dataset.targets.split), [8, 4, 8])
    for name in ("brec_basic.g6",):
        (tmp_path / "expressivity" / name).write_bytes(b"E???\n")
        with pytest.raises(DatasetError, match="holds 1 graphs instead of 120"):
            source.load()


def test_the_pairs_of_all_families_are_there():
    pairs = [variant["pair"] for variant in BREC.variants()] + [399]
    for pair in pairs:
        dataset = BREC(str(data_folder()), pair=pair, copies=5).load()
        assert len(set(dataset.num_nodes)) == 1 and len(dataset) == 10


@pytest.mark.parametrize("nodes", [0, 1, 2, 7, 62, 63, 70])
def test_graph6_is_that_of_networkx(nodes):
    graph = networkx.gnp_random_graph(nodes, 0.3, seed=nodes)
    line = networkx.to_graph6_bytes(graph, header=False).strip()
    count, edges = graph6.parse(line)
    assert count == nodes
    both = {(a, b) for a, b in graph.edges} | {(b, a) for a, b in graph.edges}
    assert set(map(tuple, edges.T.tolist())) == both and edges.shape[1] == len(both)


@pytest.mark.parametrize("line", [b"", b" ", b"E", b"E????", b"~??", b"B\x7f", b"Bz", b"~~??"])
def test_what_is_no_graph6_is_refused(line, tmp_path):
    (tmp_path / "a.g6").write_bytes(b"Bw\n" + line + b"\n")
    with pytest.raises(DatasetError, match="a.g6: line 2 is no graph6"):
        graph6.read(tmp_path / "a.g6")


FORMULAS = b"2\n3 1\n0 2 1 2\n1 1 0\n1 1 0\n1 0\n1 0\n"


def test_the_text_of_exp(tmp_path, monkeypatch):
    first, second = exp.read(_written(tmp_path / "a.txt", FORMULAS))
    assert first["num_nodes"] == 3 and first["labels"] == 1 and second["num_nodes"] == 1
    assert sorted(zip(first["senders"], first["receivers"], strict=True)) == [
        (0, 1), (0, 2), (1, 0), (2, 0),
    ]  # fmt: skip
    many = b"20\n" + b"".join(b"2 %d\n0 1 1\n1 1 0\n" % (n % 2) for n in range(20))
    source = EXP(str(tmp_path), "cexp")
    install(source, tmp_path, {"cexp.txt": many}, monkeypatch, Statistics(20, 40, 40))
    dataset = source.load()
    np.testing.assert_array_equal(dataset.targets.labels, np.arange(20) % 2)
    assert np.sum(dataset.targets.split == 2) == 2 and np.sum(dataset.targets.split == 1) == 2


@pytest.mark.parametrize(
    "raw", [b"", b"1\n", b"1\n1 0\n0 2 0\n", b"1\n1 0\n0 0\n7\n", b"1\n1\n0 0\n", b"a\n"]
)
def test_another_text_is_refused(raw, tmp_path):
    with pytest.raises(DatasetError, match="a.txt: line"):
        exp.read(_written(tmp_path / "a.txt", raw))


def _written(path, raw):
    path.write_bytes(raw)
    return path


def ogb_zip(**changes):
    """Two molecules of OGB: three atoms and two bonds, and one atom."""
    tables = {
        "raw/num-node-list": "3\n1\n",
        "raw/num-edge-list": "2\n0\n",
        "raw/edge": "0,1\n1,2\n",
        "raw/node-feat": "5,0,1,5,3,0,1,0,0\n5,0,2,5,2,0,1,0,0\n" + "7,0,1,5,1,0,1,0,0\n" * 2,
        "raw/edge-feat": "0,0,0\n1,0,1\n",
        "raw/graph-label": "0\n1\n",
        "split/scaffold/train": "1\n",
        "split/scaffold/valid": "",
        "split/scaffold/test": "0\n",
    }
    return zipped({f"hiv/{name}.csv.gz": gz(text) for name, text in {**tables, **changes}.items()})


def test_tables_of_ogb(tmp_path, monkeypatch):
    source = OGBGMolhiv(str(tmp_path))
    install(source, tmp_path, {"hiv.zip": ogb_zip()}, monkeypatch, Statistics(2, 4, 4, (1, 0, 1)))
    dataset = source.load()
    np.testing.assert_array_equal(dataset.nodes["atom"][:, 0], [5, 5, 7, 7])
    rows = [dataset.senders, dataset.receivers, dataset.edges["bond"][:, 0]]
    assert sorted(zip(*(row.tolist() for row in rows), strict=True)) == [
        (0, 1, 0), (1, 0, 0), (1, 2, 1), (2, 1, 1),
    ]  # fmt: skip
    np.testing.assert_array_equal(dataset.targets.labels[:, 0], [0, 1])
    np.testing.assert_array_equal(dataset.targets.split, [2, 0])


def test_a_field_without_a_label_is_missing(tmp_path):
    for text, rows in {
        "1,,0\n,,\n0,1,\n": [[1, np.nan, 0], [np.nan] * 3, [0, 1, np.nan]],
        "1\n\n0\n": [[1], [np.nan], [0]],
        "0.5,nan\r\n,2\r\n": [[0.5, np.nan], [np.nan, 2]],
    }.items():
        (tmp_path / "a").write_bytes(gz(text))
        found = ogb_csv.table({"x/raw/a.csv.gz": tmp_path / "a"}, "raw/a.csv.gz", np.float64)
        np.testing.assert_array_equal(found, rows)


@pytest.mark.parametrize(
    "changes",
    [
        {"raw/edge": "0,1\n"},
        {"raw/edge": "0,1\n1,9\n"},
        {"raw/num-node-list": "2\n1\n"},
        {"raw/num-edge-list": "2\n"},
        {"raw/graph-label": "0\n"},
        {"raw/node-feat": "5,0\nx\n"},
        {"split/scaffold/test": "2\n"},
        {"split/scaffold/test": "1\n"},
    ],
    ids=lambda changes: "".join(map("=".join, changes.items())),
)
def test_tables_of_ogb_that_do_not_agree_are_refused(changes, tmp_path, monkeypatch):
    sizes = Statistics(2, 4, 4, (1, 0, 1))
    with pytest.raises(DatasetError):
        files = {"hiv.zip": ogb_zip(**changes)}
        install(OGBGMolhiv(str(tmp_path)), tmp_path, files, monkeypatch, sizes)


PATH = np.array([[0, 1, 1, 2], [1, 0, 2, 1]])


def test_superpixels_of_the_benchmark(tmp_path, monkeypatch):
    def picture(value, label):
        x, pos = np.full((3, 1), value, np.float32), np.arange(6, dtype=np.float32).reshape(3, 2)
        similarity = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
        return dict(x=x, pos=pos, edge_index=PATH, edge_attr=similarity, y=np.array([label]))

    lists = ([picture(0.5, 7), picture(1, 0)], [picture(2, 3)], [picture(3, 9)])
    files = {"MNIST_v2.zip": zipped({"MNIST_v2.pt": pickle.dumps(lists)})}
    source = MNISTSuperpixels(str(tmp_path))
    install(source, tmp_path, files, monkeypatch, Statistics(4, 12, 16, (2, 1, 1)))
    dataset = source.load()
    np.testing.assert_array_equal(
        dataset.nodes["feat"][:3], [[0.5, 0, 1], [0.5, 2, 3], [0.5, 4, 5]]
    )
    np.testing.assert_array_equal(dataset.targets.labels, [7, 0, 3, 9])
    by_ends = zip(dataset.senders[:4].tolist(), dataset.receivers[:4].tolist(), strict=True)
    found = dict(zip(by_ends, dataset.edges["feat"][:4, 0].tolist(), strict=True))
    assert found == pytest.approx({(0, 1): 0.1, (1, 0): 0.2, (1, 2): 0.3, (2, 1): 0.4})


def test_patterns_of_the_benchmark(tmp_path, monkeypatch):
    graph = dict(x=np.eye(3, dtype=np.float32), edge_index=PATH, y=np.array([0, 1, 1]))
    files = {"PATTERN_v2.zip": zipped({"PATTERN_v2.pt": pickle.dumps(([graph],) * 3)})}
    source = Pattern(str(tmp_path))
    install(source, tmp_path, files, monkeypatch, Statistics(3, 9, 12, (3, 3, 3)))
    dataset = source.load()
    np.testing.assert_array_equal(dataset.nodes["type"][:3, 0], [0, 1, 2])
    np.testing.assert_array_equal(dataset.targets.labels, [0, 1, 1] * 3)


@pytest.mark.parametrize(
    "changes",
    [
        dict(x=np.ones((3, 3))), dict(x=np.eye(2)), dict(y=np.array([0])), dict(y=None),
        dict(edge_index=PATH[0]), dict(edge_index=PATH + 1),
    ],
)  # fmt: skip
def test_another_graph_in_a_list_is_refused(changes, tmp_path, monkeypatch):
    graph = dict(x=np.eye(3), edge_index=PATH, y=np.array([0, 1, 1])) | changes
    files = {"PATTERN_v2.zip": zipped({"PATTERN_v2.pt": pickle.dumps(([graph],) * 3)})}
    with pytest.raises(DatasetError):
        install(Pattern(str(tmp_path)), tmp_path, files, monkeypatch)


def test_peptides_of_lrgb(tmp_path, monkeypatch):
    atoms, bonds = np.ones((3, 9), np.int64), np.ones((4, 3), np.int64)
    graph = (atoms, bonds, PATH, np.arange(11.0)[None])
    members = {
        f"peptidesstruct/{part}.pt": pickle.dumps([graph]) for part in ("train", "val", "test")
    }
    source = PeptidesStruct(str(tmp_path))
    files = {"peptidesstruct.zip": zipped(members)}
    install(source, tmp_path, files, monkeypatch, Statistics(3, 9, 12, (1, 1, 1)))
    np.testing.assert_array_equal(source.load().targets.labels, [np.arange(11.0)] * 3)


def test_the_wheel_of_moses(tmp_path, monkeypatch):
    pytest.importorskip("rdkit", reason="needs the extra `molecules`")
    monkeypatch.setattr("gtx.data.sources.moses.COUNTS", dict(train=3, test=2, test_scaffolds=1))
    tables = {"train": "CCO\nCC\nC", "test": "CN\nCCN", "test_scaffolds": "C1CC1"}
    wheel = zipped(
        {
            f"moses/dataset/data/{name}.csv.gz": gz(f"SMILES\n{rows}\n")
            for name, rows in tables.items()
        }
    )
    source = MOSES(str(tmp_path), num_train=2, num_test=2)
    install(source, tmp_path, {"molsets-0.3.1-py3-none-any.whl": wheel}, monkeypatch)
    assert (tmp_path / "moses" / "test_scaffolds.csv").read_text() == "SMILES\nC1CC1\n"
    dataset = source.load()
    assert list(dataset.names) == ["CCO", "CC", "CN", "CCN"]
    np.testing.assert_array_equal(dataset.targets.split, [0, 0, 1, 2])
    np.testing.assert_allclose(dataset.targets.labels[:2, 0], [-0.0014, 1.0262], atol=1e-4)
    several = MOSES(str(tmp_path), num_train=2, num_test=2, targets=("MolWt", "TPSA"), bits=64)
    labels = several.load().targets.labels
    assert labels.shape == (4, 66) and labels.dtype == np.float32
    np.testing.assert_allclose(labels[:2, :2], [[46.069, 20.23], [30.07, 0]], atol=1e-3)
    # Ethanol has three atoms and so six circular substructures at most, ethane two.
    assert set(np.unique(labels[:, 2:])) == {0, 1} and labels[:2, 2:].sum(axis=1).tolist() == [6, 2]
    with pytest.raises(DatasetError, match="train.csv: holds 3 molecules, not 4"):
        MOSES(str(tmp_path), num_train=4).load()
