"""graph6 against networkx's reader and writer; lines that are none."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.data import Dataset, DatasetError
from gtx.data.convert import from_graph6, from_networkx, to_graph6
from tests.data.convert.drawn_datasets import assert_same


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(0, 70), min_size=1, max_size=3),
    density=st.floats(0, 1),
)
def test_graphs_are_those_that_networkx_reads_and_writes(seed, sizes, density):
    graphs = [nx.gnp_random_graph(n, density, seed=seed % 2**31) for n in sizes]
    lines = [nx.to_graph6_bytes(graph, header=False).decode().strip() for graph in graphs]
    dataset = from_graph6("\n".join(lines))
    assert_same(dataset, from_networkx(graphs))
    assert dataset.names.tolist() == lines
    assert to_graph6(dataset) == lines


def test_large_numbers_of_nodes_take_more_characters():
    for count in (62, 63, 2**12, 2**13):
        dataset = Dataset.from_columns(
            node_ptr=[0, count], edge_ptr=[0, 2], senders=[0, count - 1], receivers=[count - 1, 0]
        )
        (line,) = to_graph6(dataset)
        assert_same(from_graph6([line]), dataset)


def test_files_labels_and_the_header(tmp_path):
    (tmp_path / "some.g6").write_bytes(b">>graph6<<A_\nB?\n\n")
    dataset = from_graph6(tmp_path / "some.g6", [0.5, 1.5], split=["train", "test"])
    assert dataset.num_nodes.tolist() == [2, 3] and dataset.num_edges.tolist() == [2, 0]
    assert dataset.targets.labels[:, 0].tolist() == [0.5, 1.5]
    assert from_graph6([b"A_"]).num_edges.tolist() == [2]


REFUSED = {
    "sparse6": (":An", "is sparse6"),
    "digraph6": ("&AO", "is digraph6"),
    "cut short": ("E", "says that it has 6 nodes, which takes 3 characters, and has 0"),
    "too long": ("A__", "and has 2"),
    "foreign": ("A_ B?", "outside of"),
    "a space": ("A ", "takes 1 characters"),
    "not ASCII": ("Aé", "no text of ASCII"),
    "bits at the end": ("A~", "bits after its last pair"),
    "half a number": ("~?", "ends within the number"),
    "half a large number": ("~~??", "ends within the number"),
    "2**36 nodes": ("~~~~~~~~", "It was cut short"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_graph6_is_refused_by_its_line(case):
    line, message = REFUSED[case]
    with pytest.raises(DatasetError, match=message) as error:
        from_graph6(["A_", line])
    assert str(error.value).startswith("graph 1")
    with pytest.raises(DatasetError, match="none to convert"):
        from_graph6("")


@pytest.mark.parametrize(
    ("senders", "receivers", "message"),
    [
        ([0], [1], "one direction"),
        ([0, 0], [0, 0], "self-loop"),
        ([0, 0, 1, 1], [1, 1, 0, 0], "par"),
    ],
)
def test_what_graph6_cannot_say_is_refused(senders, receivers, message):
    dataset = Dataset.from_columns(
        node_ptr=[0, 2], edge_ptr=[0, len(senders)], senders=senders, receivers=receivers
    )
    with pytest.raises(DatasetError, match=message):
        to_graph6(dataset)


def test_no_graph_is_lost_among_many():
    lines = to_graph6(from_graph6(["A_", "B?", "?", "@"]))
    assert lines == ["A_", "B?", "?", "@"] and np.sum(from_graph6(lines).num_nodes) == 6
