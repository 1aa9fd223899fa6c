"""Tables of nodes and edges as a source: keys, features, labels, and every wrong table."""

import csv

import numpy as np
import pytest

from gtx.data import Categorical, Continuous, DatasetError, Label
from gtx.data.column_scales import scaled_like, standardize_columns, without_scales
from gtx.data.sources import Tables

NODES = (
    "graph,node,kind,mass,ring\na,1,C,12,true\na,2,O,16,false\nb,x,C,12.5,false\nb,y,C,13,false\n"
)
EDGES = "graph,sender,receiver,bond\nb,x,y,single\na,1,2,double\na,2,2,loop\n"
GRAPHS = "graph,label,split,size\na,toxic,train,1\nb,safe,val,2\n"


def write(folder, **texts):
    given = {"nodes": NODES, "edges": EDGES, "graphs": GRAPHS, **texts}
    for name, text in given.items():
        if text is not None:
            (folder / f"{name}.csv").write_text(text)
    return str(folder)


def tables(path, **settings):
    return Tables(path, "label", **{"kind": "multiclass", "split": "column", **settings})


def test_columns_and_labels_follow_from_the_tables(tmp_path):
    dataset = tables(write(tmp_path)).load()
    assert dataset.names.tolist() == ["a", "b"] and dataset.num_nodes.tolist() == [2, 2]
    assert dataset.spec.nodes == {
        "kind": Categorical((2,), names=(("C", "O"),)),
        "mass": Continuous(1),
        "ring": Categorical((2,)),
    }
    assert dataset.spec.graphs == {"size": Continuous(1)}
    assert dataset.spec.label == Label("graph", "multiclass", 2, ("safe", "toxic"))
    np.testing.assert_array_equal(dataset.nodes["mass"][:, 0], [12, 16, 12.5, 13])
    np.testing.assert_array_equal(dataset.targets.labels, [1, 0])
    np.testing.assert_array_equal(dataset.targets.split, [0, 1])
    # a: 2 -> 1, 1 -> 2, and the loop of 2 once; b: both ways
    ends = list(zip(dataset.senders.tolist(), dataset.receivers.tolist(), strict=True))
    assert ends == [(1, 0), (0, 1), (1, 1), (1, 0), (0, 1)]
    names = dataset.spec.edges["bond"].names[0]
    bonds = [names[code] for code in dataset.edges["bond"][:, 0]]
    assert bonds == ["double", "double", "loop", "single", "single"]


def test_directed_parallel_and_categorical_are_chosen(tmp_path):
    path = write(tmp_path, edges=EDGES + "a,2,1,double\na,1,2,double\n")
    dataset = tables(path, directed=True, multi_edges=True, categorical="nodes.mass,size").load()
    assert dataset.num_edges.tolist() == [4, 1]
    assert dataset.spec.nodes["mass"].names == (("12", "12.5", "13", "16"),)
    assert dataset.spec.graphs["size"].names == (("1", "2"),)
    assert "ring" not in tables(path, multi_edges=True, leave_out="ring").load().nodes


ONE_NODES = "node,x,topic,split\np1,0.5,math,train\np2,1.5,,train\np3,2.5,art,test\n10,3.5,art,\n"
ONE_EDGES = "source,target\np1,p2\np3,10\n"


def one_graph(folder, **settings):
    write(folder, nodes=ONE_NODES, edges=ONE_EDGES, graphs=None)
    given = dict(level="node", kind="multiclass", sender="source", receiver="target")
    return Tables(str(folder), "topic", **{**given, "split": "column", **settings})


def test_the_nodes_of_one_graph_are_targets_where_they_have_a_label(tmp_path):
    source = one_graph(tmp_path)
    dataset = source.load()
    assert len(dataset) == 1 and dataset.num_edges.tolist() == [4]
    np.testing.assert_array_equal(dataset.targets.index, [0, 2, 3])
    np.testing.assert_array_equal(dataset.targets.labels, [1, 0, 0])
    np.testing.assert_array_equal(dataset.targets.split, [0, 2, -1])
    further = source.read_further(str(tmp_path), dataset.spec)
    assert further.keys == {"node": ["p1", "p2", "p3", "10"]}
    assert further.dataset.targets.labels is None and len(further.dataset.targets) == 4


EDGE_LABELS = (
    "graph,sender,receiver,bond,y,split\nb,x,y,single,0.5,test\na,1,2,double,1.5,train\n"
    "a,2,2,loop,,train\na,2,1,single,2.5,train\n"
)


@pytest.mark.parametrize("directed", [False, True])
def test_rows_of_edges_are_targets_in_their_own_direction(tmp_path, directed):
    path = write(tmp_path, edges=EDGE_LABELS, graphs=None)
    source = Tables(
        path, "y", level="edge", split="column", directed=directed, multi_edges=not directed
    )
    dataset = source.load()
    assert dataset.spec.label == Label("edge", "regression", 1, ("y",))
    # The loop has no label. The rows keep their order, and the column is no feature.
    np.testing.assert_array_equal(dataset.targets.labels[:, 0], [0.5, 1.5, 2.5])
    np.testing.assert_array_equal(dataset.targets.split, [2, 0, 0])
    assert set(dataset.edges) == {"bond"}
    index, bond = dataset.targets.index, dataset.spec.edges["bond"].names[0]
    bonds = [bond[code] for code in dataset.edges["bond"][index, 0]]
    assert bonds == ["single", "double", "single"]
    ends = list(
        zip(dataset.senders[index].tolist(), dataset.receivers[index].tolist(), strict=True)
    )
    assert ends == [(0, 1), (0, 1), (1, 0)] and len(set(index.tolist())) == 3
    assert dataset.num_edges.tolist() == ([3, 1] if directed else [5, 2])
    further = source.read_further(path, dataset.spec)
    assert further.keys == dict(
        graph=["b", "a", "a", "a"], sender=["x", "1", "2", "2"], receiver=["y", "2", "2", "1"]
    )
    np.testing.assert_array_equal(further.dataset.targets.index[[0, 1, 3]], index)


def test_further_graphs_have_the_categories_of_the_training_data(tmp_path):
    (new := tmp_path / "new").mkdir()
    source = tables(write(tmp_path))
    spec = source.load().spec
    nodes = "graph,node,kind,mass,ring\nz,1,O,12,true\n"
    write(new, nodes=nodes, edges="graph,sender,receiver,bond\n", graphs="graph,size\nz,3\n")
    further = source.read_further(str(new), spec)
    np.testing.assert_array_equal(further.dataset.nodes["kind"], [[1]])
    np.testing.assert_array_equal(further.dataset.nodes["ring"], [[1]])
    assert further.keys == {"graph": ["z"]} and further.dataset.spec.edges == spec.edges
    for old, wrong, message in (
        ("O,12", "Xe,12", "nodes.csv: row 2: nodes.'kind'. is 'Xe', which the training data do"),
        ("O,12", "O,heavy", "row 2, column 'mass' is 'heavy'. It must be a finite number"),
        ("true", "yes", "column 'ring' is 'yes'. It must be true or false"),
    ):
        write(new, nodes=nodes.replace(old, wrong), edges="graph,sender,receiver,bond\n",
              graphs="graph,size\nz,3\n")  # fmt: skip
        with pytest.raises(DatasetError, match=message):
            source.read_further(str(new), spec)


REFUSED = {
    "an edge of no node": (dict(edges=EDGES + "a,1,9,double\n"), {}, "row 5, column 'receiver'"),
    "an edge across graphs": (dict(edges=EDGES + "a,1,x,double\n"), {}, "no node 'x' of graph 'a'"),
    "a node twice": (dict(nodes=NODES + "a,1,C,1,true\n"), {}, "row 6: the node '1' was in row 2"),
    "a graph twice": (dict(graphs=GRAPHS + "a,safe,train,1\n"), {}, "the graph 'a' was in row 2"),
    "a graph of no node": (dict(graphs=GRAPHS + "c,safe,train,1\n"), {}, "row 4: the graph 'c'"),
    "a node of no graph": (dict(nodes=NODES + "c,1,C,1,true\n"), {}, "is 'c', which has no row"),
    "an edge of no graph": (dict(edges=EDGES + "c,1,2,single\n"), {}, "edges.csv: row 5: the"),
    "both directions": (dict(edges=EDGES + "a,2,1,double\n"), {}, "row 5: joins the same .* row 3"),
    "an edge twice": (dict(edges=EDGES + "a,1,2,x\n"), dict(directed=True), "multi_edges=True"),
    "an empty key": (dict(nodes=NODES + "a,,C,1,true\n"), {}, "row 6: the column 'node' is empty"),
    "an empty number": (dict(nodes=NODES + "a,3,C,,true\n"), {}, "row 6, column 'mass' is ''"),
    "NaN": (dict(nodes=NODES + "a,3,C,NaN,true\n"), {}, "row 6, column 'mass' is 'NaN'. Fill it"),
    "inf": (dict(nodes=NODES + "a,3,C,inf,true\n"), {}, "'inf'. It must be a finite number"),
    "beyond float32": (dict(nodes=NODES + "a,3,C,1e40,true\n"), {}, "'1e40'. It must be a finite"),
    "an empty category": (dict(nodes=NODES + "a,3,,1,true\n"), {}, "column 'kind' is ''"),
    "a slip in a number": (
        dict(nodes=NODES + "a,3,C,12..5,true\n"), {}, "row 6, column 'mass' is '12..5', and"
    ),
    "a text among numbers": (dict(nodes=NODES + "a,3,C,none,true\n"), {}, "'none', and a number"),
    "a number among texts": (dict(nodes=NODES + "a,3,7,12,true\n"), {}, "'C', and a number, '7'"),
    "two spellings": (dict(nodes=NODES + "a,3,c,1,true\n"), {}, "'c', and 'C' in row 2, which"),
    "a part of no name": (dict(graphs=GRAPHS.replace("val", "dew")), {}, "split is 'dew'"),
    "no train": (dict(graphs=GRAPHS.replace("train", "test")), {}, "puts no graph into train"),
    "no label": (
        dict(graphs="graph,label,split,size\na,,train,1\nb,,val,2\n"), {}, "every label in 'label'"
    ),
    "no target": (dict(graphs="graph,split\na,train\nb,val\n"), {}, "there is no column 'label'"),
    "no column of nodes": (dict(nodes="graph,id\na,1\nb,2\n"), {}, "there is no column 'node'"),
    "a column without a name": (
        dict(nodes=",graph,node\n0,a,1\n1,a,2\n2,b,x\n3,b,y\n"), {}, "has no name"
    ),
    "no nodes": (dict(nodes="graph,node\n", graphs="graph,label\n"), {}, "nodes.csv: has no rows"),
    "a number that is none": (dict(), dict(kind="regression"), "must be a finite number"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_table_is_refused_by_its_row_and_column(tmp_path, case):
    texts, settings, message = REFUSED[case]
    with pytest.raises(DatasetError, match=message):
        tables(write(tmp_path, **texts), **settings).load()


def test_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no nodes.csv .* in nowhere"):
        tables("nowhere").load()
    path = write(tmp_path, graphs=None)
    with pytest.raises(FileNotFoundError, match="graphs.csv .* config.data.level=node"):
        tables(path).load()
    (tmp_path / "nodes.parquet").write_bytes(b"")
    with pytest.raises(DatasetError, match="nodes.csv and nodes.parquet"):
        tables(path).load()
    with pytest.raises(DatasetError, match="several columns, and a label of kind 'binary'"):
        Tables("x", "a,b", kind="binary")


def test_parquet_files_give_the_same_graphs(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra `parquet`")
    from pyarrow import parquet

    expected = tables(write(tmp_path)).load()
    types = dict(mass=float, size=int, ring=lambda cell: cell == "true")
    (folder := tmp_path / "parquet").mkdir()
    for name, text in dict(nodes=NODES, edges=EDGES, graphs=GRAPHS).items():
        rows = list(csv.DictReader(text.splitlines()))
        columns = {key: [types.get(key, str)(row[key]) for row in rows] for key in rows[0]}
        parquet.write_table(pyarrow.table(columns), folder / f"{name}.parquet")
    found = tables(str(folder)).load()
    assert found.spec == expected.spec
    for level in ("nodes", "edges", "graphs"):
        for name, array in getattr(expected, level).items():
            np.testing.assert_array_equal(getattr(found, level)[name], array)
    codes = pyarrow.table({"node": ["1", "2"], "zip": ["06511", "10115"], "y": [1.0, 2.0]})
    (one := tmp_path / "one").mkdir()
    parquet.write_table(codes, one / "nodes.parquet")
    (one / "edges.csv").write_text("sender,receiver\n1,2\n")
    source = Tables(str(one), "y", level="node")
    assert source.load().spec.nodes["zip"].names == (("06511", "10115"),)
    of_pandas = codes.append_column("__index_level_0__", [[7, 3]])  # of a table that was sorted
    parquet.write_table(of_pandas, one / "nodes.parquet")
    with pytest.raises(DatasetError, match="index of a table of pandas, .* index=False"):
        source.load()
    left_out = Tables(str(one), "y", level="node", leave_out="__index_level_0__").load()
    assert set(left_out.spec.nodes) == {"zip"}
    parquet.write_table(pyarrow.table({"node": [[1], [2]]}), one / "nodes.parquet")
    with pytest.raises(DatasetError, match="the column 'node' is list"):
        source.load()
    (one / "nodes.parquet").write_bytes(b"no parquet")
    with pytest.raises(DatasetError, match="is no Parquet file"):
        source.load()


def test_columns_are_scaled_by_the_training_graphs_and_once(tmp_path):
    dataset = tables(write(tmp_path)).load()
    scaled = standardize_columns(dataset)
    column = scaled.spec.nodes["mass"]
    assert column.mean == (14.0,) and column.std == (2.0,)  # 12 and 16 of graph a
    np.testing.assert_allclose(scaled.nodes["mass"][:, 0], [-1, 1, -0.75, -0.5])
    assert scaled.spec.graphs["size"].std == (1.0,)  # constant in train
    for again in (standardize_columns(scaled), scaled_like(dataset, scaled.spec)):
        np.testing.assert_array_equal(again.nodes["mass"], scaled.nodes["mass"])
        assert again.spec == scaled.spec
    assert without_scales(scaled.spec) == dataset.spec
    other = scaled.spec.replace(nodes={"mass": Continuous(1, mean=(1.0,), std=(1.0,))})
    with pytest.raises(DatasetError, match="standardised by other means"):
        scaled_like(scaled, other)
    with pytest.raises(DatasetError, match="no train part"):
        standardize_columns(dataset.with_split(["test", "test"]))
