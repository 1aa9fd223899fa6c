"""QM9, PCQM4Mv2 and ZINC-full are read from small files of their published form."""

import pickle

import numpy as np
import pytest

from gtx.data import DatasetError
from gtx.data.sources import QM9, PCQM4Mv2, ZINCFull
from gtx.data.sources.formats import sdf
from gtx.data.sources.published import Statistics
from gtx.data.sources.qm9 import TARGETS
from tests.data.sources.published import gz, install, zipped

WATER = """gdb_3


  3  2  0  0  0  0  0  0  0  0  0 V2000
   -0.0344    0.9775    0.0076 O   0  0  0  0  0  0  0  0  0  0  0  0
    0.0648    0.0206    0.0015 H   0  0  0  0  0  0  0  0  0  0  0  0
    0.8718    1.3008    0.0007 H   0  0  0  0  0  0  0  0  0  0  0  0
  1  2  1  0  0  0  0
  1  3  1  0  0  0  0
M  END
"""
CYANIDE = """gdb_5


  3  2  0  0  0  0  0  0  0  0  0 V2000
   -0.0133    1.1325    0.0083 C   0  0  0  0  0  0  0  0  0  0  0  0
    0.0023   -0.0192    0.0019 N   0  0  0  0  0  0  0  0  0  0  0  0
   -0.0278    2.1989    0.0142 H   0  0  0  0  0  0  0  0  0  0  0  0
  1  2  3  0  0  0  0
  1  3  1  0  0  0  0
M  END
"""
# The order of the published table, which is not that of the labels.
COLUMNS = (*TARGETS[-3:], *TARGETS[:-3])
LIST = "=\n" * 9 + "    2  C#C  text\n" + "==="


def qm9(molecules=(WATER, WATER, CYANIDE), listed=LIST, **changes):
    """Three molecules; value number c of molecule m is 100 m + c. The second failed the check."""
    table = ["mol_id," + ",".join(COLUMNS)]
    for number in range(len(molecules)):
        values = (str(100 * number + column) for column in range(19))
        table.append(f"gdb_{number + 1},{','.join(values)}")
    members = {
        "gdb9.sdf": "$$$$\n".join([*molecules, ""]),
        "gdb9.sdf.csv": "\n".join(table) + "\n",
        **changes,
    }
    return {"qm9.zip": zipped(members), "uncharacterized.txt": listed.encode()}


def test_qm9(tmp_path, monkeypatch):
    source = QM9(str(tmp_path))
    install(source, tmp_path, qm9(), monkeypatch, Statistics(2, 6, 8))
    dataset = source.load()
    np.testing.assert_array_equal(dataset.nodes["type"][:, 0], [3, 0, 0, 1, 2, 0])
    np.testing.assert_allclose(dataset.nodes["pos"][3], [-0.0133, 1.1325, 0.0083], rtol=1e-6)
    edges = [dataset.senders, dataset.receivers, dataset.edges["type"][:, 0]]
    assert sorted(zip(*(column[4:].tolist() for column in edges), strict=True)) == [
        (0, 1, 2), (0, 2, 0), (1, 0, 2), (2, 0, 0),
    ]  # fmt: skip
    assert dataset.spec == source.declared_spec() and list(dataset.ids) == [0, 2]
    assert list(dataset.names) == ["gdb_3", "gdb_5"]
    raw = dict(zip(COLUMNS, range(200, 219), strict=True))
    hartree, kcal = 27.211386246, 0.04336414
    units = dict.fromkeys(("homo", "lumo", "gap", "zpve", "u0", "u298", "h298", "g298"), hartree)
    units |= dict.fromkeys(("u0_atom", "u298_atom", "h298_atom", "g298_atom"), kcal)
    wanted = [raw[name] * units.get(name, 1) for name in TARGETS]
    np.testing.assert_allclose(dataset.targets.labels[1], wanted, rtol=1e-6)
    gap = QM9(str(tmp_path), target="gap")
    labels = gap.load().targets.labels
    np.testing.assert_array_equal(labels, dataset.targets.labels[:, [4]])
    assert gap.load().spec == gap.declared_spec() and gap.label.names == ("gap",)


def test_qm9_has_the_usual_parts_drawn_by_a_seed(monkeypatch):
    from gtx.data.sources import qm9 as module

    split = module._split(130_831, 0)
    np.testing.assert_array_equal(np.bincount(split), [110_000, 10_000, 10_831])
    assert not np.array_equal(split, module._split(130_831, 1))
    np.testing.assert_array_equal(np.bincount(module._split(100, 0)), [84, 8, 8])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            dict(molecules=(WATER, WATER, CYANIDE.replace(" N ", " S "))),
            r"gdb9.sdf: has atoms \['S'\]",
        ),
        (
            dict(molecules=(WATER, WATER, CYANIDE.replace("1  2  3", "1  2  8"))),
            "or bonds that QM9",
        ),
        (dict(listed="text\n" * 12), "uncharacterized.txt: is no list"),
        ({"gdb9.sdf": WATER + "$$$$\n"}, "holds 1 molecules and its table 3"),
        ({"gdb9.sdf.csv": "mol_id,A\nx,1\n"}, "gdb9.sdf.csv: cannot be read .*no columns"),
    ],
    ids=["atom", "bond", "list", "fewer", "table"],
)
def test_another_qm9_is_refused(changes, said, tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match=said):
        install(QM9(str(tmp_path)), tmp_path, qm9(**changes), monkeypatch)
    assert not (tmp_path / "qm9" / "qm9.npz").exists()


@pytest.mark.parametrize(
    "text",
    [
        WATER.replace("  3  2  0", "  4  2  0"),
        WATER.replace("  1  3  1", "  1  4  1"),
        WATER.replace("  1  3  1", "  0  3  1"),
        WATER.replace("0.9775", "0.97x5"),
        WATER.replace("V2000", "V3000"),
        WATER.replace("M  END\n", ""),
        "one\n",
    ],
)
def test_what_is_no_molecule_is_named(text, tmp_path):
    (tmp_path / "a.sdf").write_text(f"{WATER}$$$$\n{text}$$$$\n")
    with pytest.raises(DatasetError, match=r"a.sdf: molecule 1 cannot be read"):
        list(sdf.read(tmp_path / "a.sdf"))
    (tmp_path / "a.sdf").write_text(f"{WATER}$$$$\n{WATER}")
    with pytest.raises(DatasetError, match=r"a.sdf: molecule 1 has no end"):
        list(sdf.read(tmp_path / "a.sdf"))


def pcqm(table="0,CCO,5.5\n1,C#N,7.25\n2,c1ccccc1,\n3,CN,6\n4,O,\n", **split):
    found = {
        "train": np.array([3, 0]), "valid": np.array([1]), "test-dev": np.array([2]),
        "test-challenge": np.array([4]), **split,
    }  # fmt: skip
    members = {
        "pcqm4m-v2/raw/data.csv.gz": gz("idx,smiles,homolumogap\n" + table),
        "pcqm4m-v2/split_dict.pt": pickle.dumps(found),
        "pcqm4m-v2/RELEASE_v1.txt": "",
    }
    return {"pcqm4m-v2.zip": zipped(members)}


def test_pcqm4mv2_is_parsed_from_smiles(tmp_path, monkeypatch):
    pytest.importorskip("rdkit", reason="needs the extra `molecules`")
    monkeypatch.setattr("gtx.data.sources.pcqm4mv2._CHUNK", 2)
    source = PCQM4Mv2(str(tmp_path))
    install(source, tmp_path, pcqm(), monkeypatch, Statistics(5, 14, 20, (2, 1, 0)))
    dataset = source.load()
    np.testing.assert_array_equal(dataset.num_nodes, [3, 2, 6, 2, 1])
    np.testing.assert_array_equal(dataset.num_edges, [4, 2, 12, 2, 0])
    np.testing.assert_array_equal(dataset.nodes["atom"][:5, 0], [5, 5, 7, 5, 6])
    np.testing.assert_array_equal(dataset.edges["bond"][4:6, 0], [2, 2])
    np.testing.assert_array_equal(dataset.targets.labels[:, 0], [5.5, 7.25, np.nan, 6, np.nan])
    np.testing.assert_array_equal(dataset.targets.split, [0, 1, -1, 0, -1])
    assert dataset.spec == source.declared_spec() and dataset.names is None


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (pcqm("0,CCO,1\n1,x,1\n2,C,\n3,C,1\n4,C,\n"), r"molecule 1 \(x\)"),
        (pcqm(valid=np.array([2])), "train and valid are not those with a label"),
        (pcqm(valid=np.array([3])), "split_dict.pt: is no split"),
        (pcqm(train=np.array([9])), "split_dict.pt: is no split"),
        (pcqm(train=np.array([-1, 0])), "split_dict.pt: is no split"),
        (pcqm(train="all"), "split_dict.pt: is no split"),
    ],
)
def test_another_pcqm4mv2_is_refused(files, said, tmp_path, monkeypatch):
    pytest.importorskip("rdkit", reason="needs the extra `molecules`")
    with pytest.raises(DatasetError, match=said):
        install(PCQM4Mv2(str(tmp_path)), tmp_path, files, monkeypatch)


def zinc_full():
    def molecule(value):
        return dict(
            num_atom=2, atom_type=np.array([0, 27]), bond_type=np.array([[0, 3], [3, 0]]),
            logP_SA_cycle_normalized=np.array([value], np.float32),
        )  # fmt: skip

    parts = dict(train=[1.0, 2.0, 3.0], val=[4.0], test=[5.0, 6.0])
    members = {
        f"molecules/{part}.pickle": pickle.dumps(list(map(molecule, values)))
        for part, values in parts.items()
    }
    return {"molecules.zip": zipped(members)}


def test_zinc_full_has_all_molecules_of_the_archive(tmp_path, monkeypatch):
    source = ZINCFull(str(tmp_path))
    install(source, tmp_path, zinc_full(), monkeypatch, Statistics(6, 12, 12, (3, 1, 2)))
    dataset = source.load()
    np.testing.assert_array_equal(dataset.targets.labels[:, 0], [1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(dataset.targets.split, [0, 0, 0, 1, 2, 2])
    np.testing.assert_array_equal(dataset.edges["type"][:, 0], [3] * 12)
    assert source.file == "zinc_full/zinc_full.npz"
