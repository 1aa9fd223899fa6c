"""Several Datasets as one: what selecting from a whole had divided."""

import dataclasses

import numpy as np
import pytest

from gtx.data import Categorical, DatasetError, EdgeTable, GraphSpec, Label
from gtx.data.joined import joined
from tests.data.test_dataset import assert_equal_datasets
from tests.drawn import drawn


@pytest.mark.parametrize("level", ["graph", "node", "edge", "pair"])
def test_parts_of_a_dataset_are_the_dataset_again(level):
    label = Label(level, "binary", 1)
    whole = drawn(GraphSpec(nodes={"type": Categorical((3,))}, label=label), num_graphs=9)
    table = whole.targets
    whole = whole.with_targets(
        level, table.index, table.labels, table.split, label=label, weights=np.arange(len(table))
    )
    whole = dataclasses.replace(whole, ids=np.arange(9, dtype=np.int32))
    parts = [whole.select(range(*bounds)) for bounds in ((0, 4), (4, 4), (4, 9))]
    assert_equal_datasets(joined(parts), whole)


def test_what_differs_is_refused():
    one = drawn(
        GraphSpec({"type": Categorical((3,))}, label=Label("graph", "binary", 1)), num_graphs=3
    )
    other = drawn(
        GraphSpec({"type": Categorical((4,))}, label=Label("graph", "binary", 1)), num_graphs=3
    )
    with pytest.raises(DatasetError, match="Dataset 1: has another spec"):
        joined([one, other])
    with pytest.raises(DatasetError, match="nothing to join"):
        joined([])
    with pytest.raises(DatasetError, match="edge sets .* cannot be joined"):
        joined([one.with_edge_set("far", EdgeTable.from_edges([], [], [], 3), {})])
