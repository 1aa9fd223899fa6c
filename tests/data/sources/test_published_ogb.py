"""Large graphs of OGB are read from small files of their form."""

import pickle

import numpy as np
import pytest

from gtx.data import Dataset, DatasetError, packed
from gtx.data.sources import OGBGCode2, OGBLCollab, OGBNArxiv, OGBNProducts, OGBNProteins
from gtx.data.sources.formats import ogb_csv
from gtx.data.sources.ogbn_arxiv import in_both_directions
from gtx.data.sources.ogbn_proteins import mean_of_edges
from gtx.data.sources.published import Statistics
from tests.data.sources.published import gz, install, zipped

RNG = np.random.default_rng(0)


def rows(array):
    """A table without a head; whole numbers without a point."""
    return "".join(
        ",".join(map(repr, map(float, row))) + "\n" for row in np.asarray(array).tolist()
    )


def whole(array):
    return "".join(",".join(map(str, np.ravel(row))) + "\n" for row in np.asarray(array).tolist())


def archive(name, split, **changes):
    """Four nodes with edges 0-1, 1-2, 2-0 and 3-3, and a part for each but node 2."""
    tables = {
        "raw/num-node-list": "4\n",
        "raw/num-edge-list": "4\n",
        "raw/edge": "0,1\n1,2\n2,0\n3,3\n",
        f"split/{split}/train": "3\n0\n",
        f"split/{split}/valid": "1\n",
        f"split/{split}/test": "2\n",
        **changes,
    }
    return zipped(
        {f"{name}/{key}.csv.gz": gz(text) for key, text in tables.items() if text is not None}
    )


FEATURES = np.arange(4 * 128).reshape(4, 128) / 8


def arxiv(**changes):
    tables = {"raw/node-feat": rows(FEATURES), "raw/node-label": "4\n39\n0\n4\n"}
    return {
        "arxiv.zip": archive(
            "arxiv", "time", **{**tables, "raw/node_year": "2013\n" * 4, **changes}
        )
    }


def edges_of(dataset):
    return sorted(zip(dataset.senders.tolist(), dataset.receivers.tolist(), strict=True))


@pytest.mark.parametrize("both", [True, False])
def test_arxiv(both, tmp_path, monkeypatch):
    source = OGBNArxiv(str(tmp_path), both_directions=both)
    published = Statistics(1, 4, 4, (2, 1, 1))
    install(source, tmp_path, arxiv(), monkeypatch, published)
    dataset = source.load()
    given = [(0, 1), (1, 2), (2, 0), (3, 3)]
    wanted = {*given, *((b, a) for a, b in given)} if both else given
    assert edges_of(dataset) == sorted(wanted)
    np.testing.assert_array_equal(dataset.nodes["feat"], FEATURES)
    np.testing.assert_array_equal(dataset.targets.labels, [4, 39, 0, 4])
    np.testing.assert_array_equal(dataset.targets.split, [0, 1, 2, 0])
    assert dataset.spec == source.declared_spec()
    stored = packed.load(tmp_path / source.file)
    assert edges_of(stored) == sorted(given)  # as published, whichever way it is loaded


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"raw/num-node-list": "2\n2\n", "raw/num-edge-list": "3\n1\n"}, "holds 2 graphs"),
        ({"raw/num-node-list": "5\n"}, "different graphs"),
        ({"raw/num-edge-list": "3\n"}, "different graphs"),
        ({"raw/edge": "0,1\n1,2\n2,0\n3,4\n"}, r"row 3 of edge is \[3, 4\], and there are 4 nodes"),
        ({"raw/edge": "0,1\n1,2\n2,0\n3,-1\n"}, r"row 3 of edge is \[3, -1\]"),
        ({"raw/node-label": "4\n39\n"}, "different graphs"),
        ({"raw/node-label": "4,1\n39,1\n0,1\n4,1\n"}, "a node has 2 classes"),
        ({"raw/node-label": "4\n40\n0\n4\n"}, "40"),
        ({"raw/node-feat": "1,2\n" * 4}, "128"),
        ({"split/time/test": "4\n"}, "test has rows that do not exist"),
        ({"split/time/test": "1\n"}, "test has rows that are in a part already"),
        ({}, "hold 4 edges instead of 5"),
        ({"split/time/test": None}, "holds 0 tables split/time/test"),
    ],
    ids=lambda value: "".join(value) if isinstance(value, dict) else "",
)
def test_tables_of_a_graph_that_do_not_agree_are_refused(changes, said, tmp_path, monkeypatch):
    source = OGBNArxiv(str(tmp_path), both_directions=False)
    sizes = Statistics(1, 4, 5 if "instead of 5" in said else 4, (2, 1, 1))
    with pytest.raises(DatasetError, match=said):
        install(source, tmp_path, arxiv(**changes), monkeypatch, sizes)
    assert not (tmp_path / source.file).exists()


def products():
    features = np.arange(400).reshape(4, 100) - 0.5
    tables = {"raw/node-feat": rows(features), "raw/node-label": "46\n0\n1\n46\n"}
    return {"products.zip": archive("products", "sales_ranking", **tables)}


def test_products_have_each_edge_in_both_directions(tmp_path, monkeypatch):
    source = OGBNProducts(str(tmp_path))
    install(source, tmp_path, products(), monkeypatch, Statistics(1, 4, 8, (2, 1, 1)))
    dataset = source.load()
    given = [(0, 1), (1, 2), (2, 0), (3, 3)]
    assert edges_of(dataset) == sorted([*given, *((b, a) for a, b in given)])
    np.testing.assert_array_equal(dataset.nodes["feat"], np.arange(400).reshape(4, 100) - 0.5)
    np.testing.assert_array_equal(dataset.targets.labels, [46, 0, 1, 46])


KINDS, FUNCTIONS = np.arange(32).reshape(4, 8) / 4, RNG.integers(0, 2, (4, 112))


def proteins(species="species"):
    tables = {
        "raw/edge": "0,1\n1,2\n2,0\n0,2\n",
        "raw/edge-feat": rows(KINDS),
        f"raw/{species}": "9606\n3702\n9606\n511145\n",
        "raw/node-label": whole(FUNCTIONS),
    }
    return {"proteins.zip": archive("proteins", "species", **tables)}


@pytest.mark.parametrize("species", ["species", "node_species"])
def test_proteins_have_the_mean_of_their_edges(species, tmp_path, monkeypatch):
    features = KINDS
    source = OGBNProteins(str(tmp_path))
    install(source, tmp_path, proteins(species), monkeypatch, Statistics(1, 4, 8, (2, 1, 1)))
    dataset = source.load()
    mean = [
        features[[0, 2, 3]].mean(0),
        features[[0, 1]].mean(0),
        features[1:].mean(0),
        np.zeros(8),
    ]
    np.testing.assert_allclose(dataset.nodes["feat"], mean, rtol=1e-6)
    np.testing.assert_array_equal(dataset.nodes["type"][:, 0], [1, 0, 1, 2])
    np.testing.assert_array_equal(dataset.targets.labels, FUNCTIONS)
    assert dataset.num_edges[0] == 8 and dataset.spec == source.declared_spec()


def test_the_mean_of_edges_is_that_of_all_incoming_ones():
    index, features = RNG.integers(0, 9, (40, 2)), RNG.normal(size=(40, 3))
    both = np.concatenate([index, index[:, ::-1]])
    twice = np.concatenate([features, features])
    wanted = [
        twice[both[:, 1] == node].mean(0) if np.any(both[:, 1] == node) else np.zeros(3)
        for node in range(10)
    ]
    np.testing.assert_allclose(mean_of_edges(index, features, 10), wanted, rtol=1e-5)


def collab(torch_form=pickle.dumps, **changes):
    links = {
        "train": dict(edge=np.array([[0, 1], [1, 2], [2, 0], [3, 3]]), weight=np.ones(4)),
        "valid": dict(edge=np.array([[0, 3]]), edge_neg=np.array([[1, 3], [2, 3]])),
        "test": dict(edge=np.array([[1, 3]]), edge_neg=np.array([[3, 0]])),
        **changes,
    }
    features = np.arange(4 * 128).reshape(4, 128) / 8
    tables = {
        "raw/num-node-list": "4\n", "raw/num-edge-list": "4\n", "raw/node-feat": rows(features),
        "raw/edge": "0,1\n1,2\n2,0\n1,2\n", "raw/edge_weight": "1\n2\n3\n4\n",
        "raw/edge_year": "1999\n2001\n2017\n2002\n",
    }  # fmt: skip
    members = {f"collab/{name}.csv.gz": gz(text) for name, text in tables.items()}
    for part, found in links.items():
        members[f"collab/split/time/{part}.pt"] = torch_form(found)
    return {"collab.zip": zipped(members)}


def test_links_of_collab(tmp_path, monkeypatch):
    source = OGBLCollab(str(tmp_path))
    install(source, tmp_path, collab(), monkeypatch, Statistics(1, 4, 8, (4, 3, 2)))
    dataset = source.load()
    found = [dataset.senders, dataset.receivers, *dataset.edges["feat"].T.astype(int)]
    once = [(0, 1, 1, 1999), (1, 2, 2, 2001), (2, 0, 3, 2017), (1, 2, 4, 2002)]
    both = [*once, *((b, a, *rest) for a, b, *rest in once)]
    assert sorted(zip(*(column.tolist() for column in found), strict=True)) == sorted(both)
    table = dataset.targets
    wanted = [
        (0, 1, 1, 0), (1, 2, 1, 0), (2, 0, 1, 0), (3, 3, 1, 0),
        (0, 3, 1, 1), (1, 3, 0, 1), (2, 3, 0, 1), (1, 3, 1, 2), (3, 0, 0, 2),
    ]  # fmt: skip
    columns = [*table.index.T, table.labels[:, 0], table.split]
    assert list(zip(*(column.astype(int).tolist() for column in columns), strict=True)) == wanted
    assert dataset.spec == source.declared_spec()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (dict(valid=dict(edge=np.array([[0, 4]]))), "valid.pt: a link ends at a node"),
        (dict(valid=dict(edge=np.array([[0.5, 1]]))), "valid.pt: its links are float64"),
        (dict(test=dict(edge=np.array([0, 1]))), "test.pt: its links are int64 of shape"),
        (dict(test=[1]), "test.pt: holds no links"),
        (dict(test=dict(edges=1)), "test.pt: holds no links"),
    ],
)
def test_links_that_do_not_fit_are_refused(changes, said, tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match=said):
        install(OGBLCollab(str(tmp_path)), tmp_path, collab(**changes), monkeypatch)


def test_a_long_table_is_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(ogb_csv, "_PIECE", 7)
    numbers = RNG.integers(0, 1000, (50, 2))
    for text in (whole(numbers), whole(numbers).removesuffix("\n")):
        (tmp_path / "a").write_bytes(gz(text))
        found = ogb_csv.table({"x/raw/a.csv.gz": tmp_path / "a"}, "raw/a.csv.gz", np.int32)
        np.testing.assert_array_equal(found, numbers)
    (tmp_path / "a").write_bytes(gz("1,2\n3,4\n5,6\n7,8\n9\n"))
    with pytest.raises(DatasetError, match=r"raw/a.csv.gz: cannot be read"):
        ogb_csv.table({"x/raw/a.csv.gz": tmp_path / "a"}, "raw/a.csv.gz", np.int32)


def code2(**changes):
    """Trees of four nodes and of two: 0 -> 1, 0 -> 2, 2 -> 3 and 0 -> 1; two more are alike."""
    tables = {
        "raw/num-node-list": "4\n2\n2\n",
        "raw/num-edge-list": "3\n1\n1\n",
        "raw/edge": "0,1\n0,2\n2,3\n0,1\n0,1\n",
        "raw/node-feat": "97,0\n1,10029\n2,3\n1,4\n97,0\n1,5\n97,0\n1,5\n",
        "raw/node_depth": "0\n1\n1\n33\n0\n1\n0\n1\n",
        "raw/node_is_attributed": "0\n1\n0\n1\n1\n1\n0\n1\n",
        "raw/node_dfs_order": "0\n1\n2\n3\n0\n1\n0\n1\n",
        "raw/graph-label": "get item null\nset item\nget size of a thing and more\n",
        "split/project/train": "1\n0\n",
        "split/project/valid": "",
        "split/project/test": "2\n",
        **changes,
    }
    return {"code2.zip": zipped({f"code2/{name}.csv.gz": gz(tables[name]) for name in tables})}


def test_names_of_methods(tmp_path, monkeypatch):
    source = OGBGCode2(str(tmp_path), num_subtokens=4, vocabulary=3)
    install(source, tmp_path, code2(), monkeypatch, Statistics(3, 8, 14, (2, 0, 1)))
    dataset = source.load()
    nodes = dataset.nodes["type"][:4]
    np.testing.assert_array_equal(nodes, [(97, 0, 0), (1, 10029, 1), (2, 3, 1), (1, 4, 20)])
    columns = [dataset.senders, dataset.receivers, *dataset.edges["type"].T]
    edges = list(zip(*(column.tolist() for column in columns), strict=True))
    tree, text = [(0, 1), (0, 2), (2, 3)], [(1, 3)]
    wanted = [(*edge, 0, 0) for edge in tree] + [(b, a, 0, 1) for a, b in tree]
    wanted += [(*edge, 1, 0) for edge in text] + [(b, a, 1, 1) for a, b in text]
    assert sorted(edges[:8]) == sorted(wanted)
    assert sorted(edges[8:12]) == [(0, 1, 0, 0), (0, 1, 1, 0), (1, 0, 0, 1), (1, 0, 1, 1)]
    assert sorted(edges[12:]) == [(0, 1, 0, 0), (1, 0, 0, 1)]
    names = ["get item null", "set item", "get size of a thing and more"]
    assert list(dataset.names) == names
    # "item" is twice in train; "get" comes before "null" and "set". Others have numbers from 5 on.
    label, gap = dataset.spec.label, np.nan
    assert label.names == ("item", "get", "null") and label.positions == 4 and label.dim == 20
    wanted = [[1, 0, 2, *[gap] * 4], [5, 0, *[gap] * 5], [1, 6, 7, 8, 9, 10, 11]]
    np.testing.assert_array_equal(dataset.targets.labels, wanted)
    np.testing.assert_array_equal(dataset.targets.split, [0, 0, 2])
    declared = source.declared_spec()
    assert (dataset.spec.nodes, dataset.spec.edges) == (declared.nodes, declared.edges)
    assert (declared.label.kind, declared.label.dim) == (label.kind, label.dim)


@pytest.mark.parametrize(
    "changes",
    [
        {"raw/graph-label": "a\nb\n"}, {"raw/node_depth": "0\n"}, {"raw/node-feat": "1,2\n"},
        {"raw/node_is_attributed": "1\n"}, {"raw/num-edge-list": "3\n1\n2\n"},
    ],
    ids=lambda changes: "".join(changes),
)  # fmt: skip
def test_methods_whose_tables_do_not_agree_are_refused(changes, tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match="different graphs"):
        install(OGBGCode2(str(tmp_path)), tmp_path, code2(**changes), monkeypatch)


def test_edges_of_several_graphs_get_the_other_direction():
    given = Dataset.from_columns(
        nodes={"type": np.zeros((5, 1), int)}, node_ptr=[0, 3, 5], edge_ptr=[0, 3, 4],
        senders=[0, 1, 2, 1], receivers=[1, 0, 2, 0], labels=np.arange(5), level="node",
    )  # fmt: skip
    both = in_both_directions(given)
    assert edges_of(both.select([0])) == [(0, 1), (1, 0), (2, 2)]
    assert edges_of(both.select([1])) == [(0, 1), (1, 0)]
    assert both.targets is given.targets and both.spec == given.spec
