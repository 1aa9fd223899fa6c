"""Sets of the Long Range Graph Benchmark, and MalNet-Tiny, are read from small files."""

import io
import pickle
import tarfile

import numpy as np
import pytest

from gtx.data import DatasetError
from gtx.data.sources import COCOSP, MalNetTiny, PascalVOCSP, PCQMContact
from gtx.data.sources.published import Statistics
from tests.data.sources.published import install, zipped

PATH = np.array([[0, 1, 1, 2], [1, 0, 2, 1]])


def picture(first, labels):
    x = (first + np.arange(3 * 14)).reshape(3, 14).astype(np.float32)
    weights = first + np.arange(8, dtype=np.float32).reshape(4, 2)
    return x, weights, PATH, labels


def pictures(folder, parts):
    return zipped({f"{folder}/{part}.pickle": pickle.dumps(rows) for part, rows in parts.items()})


def voc():
    parts = dict(
        train=[picture(0, [0, 20, 3]), picture(50, [1, 1, 1])],
        val=[picture(100, [2, 0, 0])],
        test=[picture(150, [7, 8, 9])],
    )
    return {"pascalvocsp.zip": pictures("voc_superpixels_edge_wt_region_boundary", parts)}


def coco(valid=(25, 27, 28)):
    parts = dict(
        train=[picture(0, [0, 11, 13])], val=[picture(0, valid)], test=[picture(0, [31, 89, 90])]
    )
    return {"cocosp.zip": pictures("coco_superpixels_edge_wt_region_boundary", parts)}


def test_regions_of_pictures(tmp_path, monkeypatch):
    source = PascalVOCSP(str(tmp_path))
    install(source, tmp_path, voc(), monkeypatch, Statistics(4, 12, 16, (6, 3, 3)))
    dataset = source.load()
    np.testing.assert_array_equal(dataset.nodes["feat"][3], 50 + np.arange(14))
    labels = [0, 20, 3, 1, 1, 1, 2, 0, 0, 7, 8, 9]
    np.testing.assert_array_equal(dataset.targets.labels, labels)
    weights = dict(
        zip(
            zip(dataset.senders[4:8].tolist(), dataset.receivers[4:8].tolist(), strict=True),
            dataset.edges["feat"][4:8].tolist(),
            strict=True,
        )
    )
    assert weights == {(0, 1): [50, 51], (1, 0): [52, 53], (1, 2): [54, 55], (2, 1): [56, 57]}
    assert dataset.spec == source.declared_spec()


def test_the_numbers_of_coco_become_81_classes(tmp_path, monkeypatch):
    source = COCOSP(str(tmp_path))
    install(source, tmp_path, coco(), monkeypatch, Statistics(3, 9, 12, (3, 3, 3)))
    # Without 12, 26, 29 and 30 the numbers move down; 90 is the last of 81.
    found = source.load().targets.labels
    np.testing.assert_array_equal(found, [0, 11, 12, 24, 25, 26, 27, 79, 80])
    with pytest.raises(DatasetError, match="graph 0 of val is none .y is none of COCO's numbers"):
        install(COCOSP(str(tmp_path / "b")), tmp_path / "b", coco((0, 12, 0)), monkeypatch)


def contact(pairs, labels, atoms=3):
    atom = np.zeros((atoms, 9), np.int64)
    atom[:, 0] = np.arange(atoms)
    bond = np.zeros((4, 3), np.int64)
    bond[:, 0] = [0, 0, 3, 3]
    return atom, bond, PATH, np.array(pairs).T, np.array(labels, np.int32)


def contacts(**changes):
    parts = {
        "train": [contact([(0, 2), (2, 0), (0, 1)], [1, 1, 0]), contact([(1, 2)], [1], 4)],
        "val": [contact([(2, 1)], [1])],
        "test": [contact([(0, 1)], [0])],
        **changes,
    }
    members = {f"pcqmcontact/{part}.pt": pickle.dumps(rows) for part, rows in parts.items()}
    return {"pcqmcontact.zip": zipped(members)}


def test_contacts_of_molecules(tmp_path, monkeypatch):
    source = PCQMContact(str(tmp_path))
    install(source, tmp_path, contacts(), monkeypatch, Statistics(4, 13, 16, (4, 1, 1)))
    dataset = source.load()
    np.testing.assert_array_equal(dataset.num_nodes, [3, 4, 3, 3])
    np.testing.assert_array_equal(dataset.nodes["atom"][3:7, 0], [0, 1, 2, 3])
    table = dataset.targets
    wanted = [(0, 2), (2, 0), (0, 1), (4, 5), (9, 8), (10, 11)]
    assert list(map(tuple, table.index.tolist())) == wanted
    np.testing.assert_array_equal(table.labels[:, 0], [1, 1, 0, 1, 1, 0])
    np.testing.assert_array_equal(table.split, [0, 0, 0, 0, 1, 2])
    order = np.lexsort([dataset.senders[:4], dataset.receivers[:4]])
    np.testing.assert_array_equal(dataset.edges["bond"][:4, 0][order], [0, 0, 3, 3])
    assert dataset.spec == source.declared_spec()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (dict(val=[contact([(0, 3)], [1])]), "a molecule has arrays that do not agree"),
        (dict(val=[contact([(0, 1)], [1, 0])]), "a molecule has arrays that do not agree"),
        (dict(val=[contact([(0, 1)], [1])[:4]]), "val.pt: holds something else than 5 arrays"),
        (dict(val=3), "val.pt: holds no list"),
        (dict(val=[contact([(0, 1)], [2])]), "2"),
    ],
)
def test_contacts_that_do_not_agree_are_refused(changes, said, tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match=said):
        install(PCQMContact(str(tmp_path)), tmp_path, contacts(**changes), monkeypatch)
    assert not (tmp_path / "pcqm_contact" / "pcqm_contact.npz").exists()


HEAD = "# Directed graph (each unordered pair of nodes is saved once)\n" * 5


def programs(**changes):
    graphs = {
        "benign/benign/A": "0\t1\n1\t2\n1\t3\n",
        "trojan/artemis/B": "2 0\n",
        "addisplay/kuguo/C": "0 1\n0 1\n1 1\n",
        **changes,
    }
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for name, text in graphs.items():
            content = (HEAD + text).encode()
            info = tarfile.TarInfo(f"malnet-graphs-tiny/{name}.edgelist")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return {
        "malnet-graphs-tiny.tar.gz": raw.getvalue(), "train.txt": b"trojan/artemis/B\n",
        "val.txt": b"benign/benign/A\n", "test.txt": b"addisplay/kuguo/C\n",
    }  # fmt: skip


def test_calls_of_functions(tmp_path, monkeypatch):
    source = MalNetTiny(str(tmp_path))
    install(source, tmp_path, programs(), monkeypatch, Statistics(3, 9, 7, (1, 1, 1)))
    dataset = source.load()
    np.testing.assert_array_equal(dataset.targets.labels, [4, 2, 0])
    np.testing.assert_array_equal(dataset.num_nodes, [3, 4, 2])
    np.testing.assert_array_equal(dataset.targets.split, [0, 1, 2])
    found = zip(dataset.senders.tolist(), dataset.receivers.tolist(), strict=True)
    assert list(found) == [(2, 0), (0, 1), (1, 2), (1, 3), (0, 1), (0, 1), (1, 1)]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (programs(**{"trojan/artemis/B": ""}), "B.edgelist: cannot be read .it has no edges"),
        (programs(**{"trojan/artemis/B": "0 x\n"}), "B.edgelist: cannot be read"),
        (programs(**{"trojan/artemis/B": "0 1 2\n"}), "two numbers"),
        (programs(**{"trojan/artemis/B": "0 -1\n"}), "two numbers"),
        ({**programs(), "val.txt": b"benign/benign/D\n"}, "has no benign/benign/D.edgelist"),
        ({**programs(), "val.txt": b"worm/a/A\n"}, "val.txt: 'worm/a/A' is of no known kind"),
    ],
    ids=["empty", "text", "three", "negative", "missing", "kind"],
)
def test_programs_that_cannot_be_read_are_refused(files, said, tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match=said):
        install(MalNetTiny(str(tmp_path)), tmp_path, files, monkeypatch)
