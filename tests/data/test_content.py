import hashlib

import jax.numpy as jnp
import numpy as np
import pytest

from gtx.data import Dataset
from gtx.data.content import add_array, changes, content, content_of_parts
from tests.training import small


def split(num_graphs=10, seed=0):
    parts = ["train", "valid", "test"]
    graphs = small.dataset(num_graphs, seed)
    return Dataset.from_columns(
        node_ptr=graphs.node_ptr,
        edge_ptr=graphs.edge_ptr,
        senders=graphs.senders,
        receivers=graphs.receivers,
        nodes=graphs.nodes,
        labels=graphs.targets.labels,
        split=[parts[row % 3] for row in range(num_graphs)],
        spec=graphs.spec,
    )


def test_equal_data_have_equal_content_and_the_part_that_changed_is_named():
    old, changed = content_of_parts(split()), split()
    assert changes(old, content_of_parts(split())) == {}
    changed.targets.labels[4] += 1  # of the part valid
    changed.nodes["feat"][0] += 1  # of a node of the part train
    expected = {"train": ["column feat of the nodes differs"], "valid": ["labels differ"]}
    assert changes(old, content_of_parts(changed)) == expected
    assert changes(old, content_of_parts(changed), {"nodes.feat"}) == {"valid": ["labels differ"]}


def test_a_graph_more_in_one_part_does_not_change_the_others():
    old, new = content_of_parts(split(10)), content_of_parts(split(13).select(np.arange(13) != 12))
    assert set(changes(old, new)) == {"valid", "test"}
    one_more = content_of_parts(split(13).select([*range(10), 12]))
    assert changes(old, one_more) == {"train": ["5 graphs instead of 4"]}


def test_a_part_that_comes_or_goes_and_a_column_that_does_are_named():
    whole = split()
    none = content_of_parts(whole.select(whole.targets.split != 1))
    assert changes(content_of_parts(whole), none) == {"valid": ["no graphs"]}
    assert changes(none, content_of_parts(whole)) == {"valid": ["had no graphs"]}
    more = whole.with_columns("graph", {"size": whole.num_nodes[:, None].astype(np.float32)})
    said = {name: ["column size of the graphs is new"] for name in ("train", "valid", "test")}
    assert changes(content_of_parts(whole), content_of_parts(more)) == said


def test_reversed_edges_and_moved_borders_are_another_structure():
    graphs = small.dataset(3)
    before = content(graphs)
    graphs.senders[:2] = graphs.senders[1::-1].copy()
    assert content(graphs)["structure"] != before["structure"]
    assert content(graphs)["labels"] == before["labels"]


@pytest.mark.parametrize("dtype", [np.float32, jnp.bfloat16, bool, "U3"])
@pytest.mark.parametrize("shape", [(2, 3), (0, 3), ()])
def test_an_array_of_any_type_is_hashed_by_its_bytes(dtype, shape):
    array = np.ones(shape).astype(dtype)
    found, expected = hashlib.sha256(), hashlib.sha256()
    add_array(found, array)
    whole = np.ascontiguousarray(array)
    expected.update(f"{whole.dtype.str}{whole.shape}".encode() + whole.tobytes())
    assert found.digest() == expected.digest()
