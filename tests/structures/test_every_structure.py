"""What every structure owes: one list of structures, the same checks for all."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx import structures
from gtx.batching import batch_graphs, check_batch
from gtx.data import Categorical, DatasetError, Label
from tests.encodings.graphs import cycle, grid, multigraphs, path, star
from tests.structures.graphs import HARD, STRUCTURES, edges_of, featured

every_structure = pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
ADD_NODES = (structures.VirtualNodes, structures.EdgeTokens)
FIELDS = ("nodes", "edges", "pairs", "graphs")


def of_own_nodes(dataset):
    """The rows of each level that belong to the graphs' own nodes, in order."""
    own = structures.own_nodes(dataset)
    pairs = np.concatenate(
        [np.zeros(0, bool)]
        + [
            np.logical_and.outer(mine, mine).reshape(-1)
            for mine in np.split(own, dataset.node_ptr[1:-1])
        ]
    )
    return dict(nodes=own, edges=slice(None), pairs=pairs, graphs=slice(None))


def assert_sound(made, original, structure):
    """What was there stays, what is new holds its fill, and the edges join nodes once."""
    made.check()
    rows = of_own_nodes(made)
    for field in ("edge_ptr", "senders", "receivers", "ids", "names"):
        np.testing.assert_array_equal(getattr(made, field), getattr(original, field))
    for field in FIELDS:
        for name, column in getattr(original.spec, field).items():
            values, before = getattr(made, field)[name], getattr(original, field)[name]
            np.testing.assert_array_equal(values[rows[field]], before)
            new = np.ones(len(values), bool)
            new[rows[field]] = False
            found = getattr(made.spec, field)[name]
            if not isinstance(column, Categorical):
                assert found == column and np.all(values[new] == column.fill)
            elif column.fill is not None:
                assert found == column and np.all(values[new] == column.fill)
            elif isinstance(structure, ADD_NODES) and field in ("nodes", "pairs"):
                assert found.sizes == tuple(size + 1 for size in column.sizes)
                assert np.all(values[new] == column.sizes)
            else:
                assert found == column
    of_edges = isinstance(structure, structures.EdgeTokens)
    columns = {**structure.columns(), **(original.spec.edges if of_edges else {})}
    assert made.spec.edge_sets[structure.name] == columns
    for number in range(len(made)):
        edges = edges_of(made, structure.name, number)
        # The node of a self-loop is joined to its one end twice, in two roles; a walk may visit a
        # node again, and a node may receive several edges of a subgraph.
        again = of_edges or isinstance(structure, structures.Walks | structures.Subgraphs)
        assert len(set(edges)) == len(edges) or again


def test_every_structure_is_listed():
    listed = {type(structure) for structure in STRUCTURES.values()}
    assert listed == set(structures.STRUCTURES.values())
    for structure in STRUCTURES.values():
        assert isinstance(structure, structures.Structure)


@every_structure
def test_what_was_there_stays_and_what_is_new_holds_the_fill(structure):
    original = featured(HARD)
    assert_sound(structures.apply(original, [structure]), original, structure)


@given(graphs=st.lists(multigraphs(), max_size=4), name=st.sampled_from(sorted(STRUCTURES)))
@settings(deadline=None, max_examples=60)
def test_any_graphs_get_a_sound_dataset(graphs, name):
    original = featured(graphs)
    assert_sound(STRUCTURES[name](original), original, STRUCTURES[name])


@every_structure
def test_batches_take_the_result(structure):
    made = structure(featured(HARD, Label("node", "regression", 1), "node"))
    batch = batch_graphs(made)
    check_batch(batch)
    assert int(batch.edge_sets[structure.name].mask.sum()) == made.edge_sets[structure.name].ptr[-1]
    np.testing.assert_array_equal(batch.graph.nodes["x"][: made.node_ptr[-1]], made.nodes["x"])


@every_structure
def test_the_spec_depends_on_the_structure_and_not_on_the_graphs(structure):
    made, empty = structure(featured(HARD)), structure(featured([]))
    assert len(empty) == 0 and made.spec == empty.spec


@every_structure
def test_graphs_are_made_one_by_one(structure):
    made, original = structure(featured(HARD)), featured(HARD)
    for number in (8, 3, 5, 0):
        alone = structure(original.select([number]))
        assert edges_of(alone, structure.name) == edges_of(made, structure.name, number)


@every_structure
def test_a_name_is_given_once(structure):
    other = dataclasses.replace(structure, name="another")
    made = structures.apply(featured(HARD), [structure, other])
    assert set(made.edge_sets) == {structure.name, "another"}
    with pytest.raises(DatasetError, match="there is an edge set .* already"):
        structures.apply(featured(HARD), [structure, structure])
    with pytest.raises(DatasetError, match="given graph's edges"):
        dataclasses.replace(structure, name="graph")


@pytest.mark.parametrize("name", ["two hops", "complete", "expander"])
def test_virtual_nodes_before_or_after_make_the_same_edges(name):
    original, structure = featured([star(12), grid(3, 4), cycle(13)]), STRUCTURES[name]
    virtual = structures.VirtualNodes(2)
    before = structures.apply(original, [virtual, structure])
    after = structures.apply(original, [structure, virtual])
    assert before.spec.nodes == after.spec.nodes
    for number in range(3):
        for key in (structure.name, "virtual"):
            assert edges_of(before, key, number) == edges_of(after, key, number)


def test_a_column_of_the_data_that_is_called_kind_is_not_taken_for_virtual_nodes():
    dataset = featured([path(3)]).with_columns("node", dict(kind=np.ones(3, np.int32)))
    for structure in (*(kind() for kind in ADD_NODES), structures.Expander()):
        with pytest.raises(DatasetError, match="'kind' that no structure wrote.*another name"):
            structure(dataset)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (structures.VirtualNodes, dict(num_nodes=0), "num_nodes"),
        (structures.KHop, dict(hops=1), "hops"),
        (structures.Expander, dict(degree=3), "even"),
        (structures.Expander, dict(degree=0), "even"),
        (structures.Expander, dict(seed=-1), "seed"),
        (structures.Expander, dict(max_tries=0), "max_tries"),
        (structures.Expander, dict(method="ramanujan"), "method"),
    ],
)
def test_settings_that_cannot_be_are_refused(kind, arguments, message):
    with pytest.raises((DatasetError, TypeError), match=message):
        kind(**arguments)


@pytest.mark.parametrize("structure", [structures.Complete(), structures.KHop(2)])
def test_more_edges_than_there_is_room_for_are_refused_before(monkeypatch, structure):
    dataset = featured([path(3), star(20)])
    monkeypatch.setattr(structures.structure, "MAX_EDGES", 400)
    with pytest.raises(DatasetError, match="of them in graph 1.*Use attention over all pairs"):
        structure(dataset)
    monkeypatch.setattr(structures.structure, "MAX_EDGES", 500)
    structure(dataset).check()
