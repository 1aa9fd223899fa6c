"""A graph6 file with a table of labels as a source."""

import numpy as np
import pytest

from gtx.data import Categorical, DatasetError, Label
from gtx.data.sources import Graph6

LINES = ">>graph6<<A_\nBw\nB?\n"  # an edge, a triangle, three nodes without edges
TABLE = "label,split,note\ntree,train,x\ncycle,val,\ntree,test,y\n"


def write(folder, lines=LINES, table=TABLE):
    (folder / "mine.g6").write_text(lines)
    (folder / "mine.csv").write_text(table)
    return str(folder / "mine.g6")


def test_each_line_has_the_labels_of_its_row(tmp_path):
    source = Graph6(write(tmp_path), "label", kind="multiclass", split="column")
    dataset = source.load()
    assert dataset.num_nodes.tolist() == [2, 3, 3] and dataset.num_edges.tolist() == [2, 6, 0]
    assert dataset.spec.nodes == {"type": Categorical((1,))} and not dataset.nodes["type"].any()
    assert dataset.spec.label == Label("graph", "multiclass", 2, ("cycle", "tree"))
    np.testing.assert_array_equal(dataset.targets.labels, [1, 0, 1])
    np.testing.assert_array_equal(dataset.targets.split, [0, 1, 2])
    (tmp_path / "new.g6").write_text("A_\n")
    further = source.read_further(str(tmp_path / "new.g6"), dataset.spec)
    assert further.keys == {"graph": ["0"]} and further.dataset.num_nodes.tolist() == [2]


def test_another_table_and_a_random_split(tmp_path):
    path = write(tmp_path)
    (tmp_path / "other.csv").write_text("y\n0.5\n1.5\n2.5\n")
    dataset = Graph6(path, "y", table=str(tmp_path / "other.csv")).load()
    np.testing.assert_array_equal(dataset.targets.labels[:, 0], [0.5, 1.5, 2.5])
    assert (dataset.targets.split == -1).all()


@pytest.mark.parametrize(
    ("lines", "table", "message"),
    [
        ("A_\nB\n", TABLE, r"graph 1 \('B'\): says that it has 3 nodes"),
        ("A_\nBw\n", TABLE, "mine.csv: has 3 rows for 2 graphs of mine.g6"),
        (LINES, TABLE.replace("train", ""), "puts no graph into train"),
        (LINES, TABLE.replace("val", "later"), "split is 'later'"),
        (LINES, "y\n1\n2\n3\n", "label"),
        (":Fa@x^", TABLE, "is sparse6"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, lines, table, message):
    path = write(tmp_path, lines, table)
    with pytest.raises(DatasetError, match=message):
        Graph6(path, "label", kind="multiclass", split="column").load()


def test_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file nowhere.g6"):
        Graph6("nowhere.g6", "y").load()
    (tmp_path / "mine.g6").write_text(LINES)
    with pytest.raises(FileNotFoundError, match="no table .*mine.csv with the labels"):
        Graph6(str(tmp_path / "mine.g6"), "y").load()
