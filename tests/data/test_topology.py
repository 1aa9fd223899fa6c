import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.batching import batch_graphs, check_batch
from gtx.data import Dataset, DatasetError, topology
from gtx.data.spec import Categorical, Continuous, GraphSpec, Label
from tests.encodings.graphs import cycle, dataset_of, grid, multigraphs, path, star, union

MAKERS = {
    "self_loops": topology.self_loops,
    "one virtual node": topology.virtual_nodes,
    "three virtual nodes": lambda dataset: topology.virtual_nodes(dataset, 3),
    "two hops": lambda dataset: topology.k_hop(dataset, 2),
    "complete": topology.complete,
    "complete with loops": lambda dataset: topology.complete(dataset, loops=True),
    "expander": lambda dataset: topology.expander(dataset, 4),
    "hamiltonian": lambda dataset: topology.expander(dataset, 2, method="hamiltonian"),
}


def featured(adjacencies, label=None):
    """Every kind of column, each row with a value of its own, and labels of nodes or graphs."""
    plain = dataset_of(adjacencies)
    nodes, edges = int(plain.node_ptr[-1]), len(plain.senders)
    labels = None
    if label is not None:
        rows = nodes if label.level == "node" else len(plain)
        labels = np.arange(rows) % 2
        labels = labels if label.kind == "multiclass" else labels[:, None].astype(np.float32)
    return Dataset.from_columns(
        node_ptr=plain.node_ptr,
        edge_ptr=plain.edge_ptr,
        senders=plain.senders,
        receivers=plain.receivers,
        nodes=dict(atom=np.arange(2 * nodes).reshape(nodes, 2) % 7, x=np.ones((nodes, 1))),
        edges=dict(bond=np.arange(edges) % 3, length=1.0 + np.arange(edges)),
        graphs=dict(charge=np.arange(len(plain)) % 2),
        names=[f"graph {i}" for i in range(len(plain))],
        split=np.arange(len(plain)) % 3,
        labels=labels,
        spec=GraphSpec(
            nodes=dict(atom=Categorical((7, 7)), x=Continuous(1)),
            edges=dict(bond=Categorical((3,)), length=Continuous(1)),
            graphs=dict(charge=Categorical((2,))),
            label=label,
        ),
    )


def directed():
    rng = np.random.default_rng(2)
    return rng.integers(1, 3, (7, 7)) * (rng.random((7, 7)) < 0.3).astype(float)


HARD = [
    np.zeros((0, 0)),
    np.zeros((1, 1)),
    np.ones((1, 1)),
    cycle(12),
    np.zeros((3, 3)),
    union(path(4), np.zeros((2, 2))),
    directed(),
    path(3) * 2 + np.eye(3),
    star(12),
]


def edges_of(dataset, number=0, kind=None):
    """(sender, receiver) of one graph, in order."""
    part = dataset.select([number])
    chosen = slice(None)
    if kind is not None:
        chosen = part.edges["kind"][:, 0] == topology.EDGE_KINDS.index(kind)
    return list(zip(part.senders[chosen].tolist(), part.receivers[chosen].tolist(), strict=True))


def without_new(dataset, original):
    """The dataset without what has a kind, with the original's spec."""
    own_nodes = np.ones(dataset.node_ptr[-1], bool)
    if "kind" in dataset.nodes:
        own_nodes = dataset.nodes["kind"][:, 0] == 0
    own_edges = dataset.edges["kind"][:, 0] == 0
    graph = np.repeat(np.arange(len(dataset)), dataset.num_edges)[own_edges]
    targets = dataset.targets
    if targets.level == "node":
        targets = targets.moved(np.cumsum(own_nodes) - 1)
    return dataclasses.replace(
        dataset,
        targets=targets,
        nodes={name: dataset.nodes[name][own_nodes] for name in original.nodes},
        edges={name: dataset.edges[name][own_edges] for name in original.edges},
        node_ptr=original.node_ptr,
        edge_ptr=np.cumsum([0, *np.bincount(graph, minlength=len(dataset))]),
        senders=dataset.senders[own_edges],
        receivers=dataset.receivers[own_edges],
        spec=original.spec,
    )


def assert_kept(made, original):
    kept = without_new(made, original)
    kept.check()
    for field in ("node_ptr", "edge_ptr", "senders", "receivers", "ids", "names"):
        np.testing.assert_array_equal(getattr(kept, field), getattr(original, field))
    for field in ("level", "index", "labels", "split"):
        found, expected = getattr(kept.targets, field), getattr(original.targets, field)
        np.testing.assert_array_equal(found, expected)
    for field in ("nodes", "edges", "graphs"):
        for name, array in getattr(original, field).items():
            np.testing.assert_array_equal(getattr(kept, field)[name], array)


def assert_new(made, original):
    """New rows hold a new category or 0; new edges come once, and only where none was."""
    for field in ("nodes", "edges"):
        if "kind" not in getattr(made, field):
            continue
        new = getattr(made, field)["kind"][:, 0] > 0
        for name, column in getattr(original.spec, field).items():
            values, spec = getattr(made, field)[name][new], getattr(made.spec, field)[name]
            if isinstance(column, Categorical):
                assert spec.sizes == tuple(size + 1 for size in column.sizes)
                assert np.all(values == column.sizes)
            else:
                assert spec == column and not values.any()
    for number in range(len(made)):
        old = edges_of(made, number, "original")
        new = edges_of(made, number)
        for edge in old:
            new.remove(edge)
        assert len(set(new)) == len(new) and not set(new) & set(old)


@pytest.mark.parametrize("name", MAKERS)
def test_what_was_there_stays_and_what_is_new_is_told(name):
    original = featured(HARD)
    made = MAKERS[name](original)
    made.check()
    assert_kept(made, original)
    assert_new(made, original)
    assert made.spec.edges["kind"] == Categorical((len(topology.EDGE_KINDS),))


@given(graphs=st.lists(multigraphs(), max_size=4), name=st.sampled_from(sorted(MAKERS)))
@settings(deadline=None, max_examples=80)
def test_any_graphs_get_a_sound_dataset(graphs, name):
    original = featured(graphs)
    made = MAKERS[name](original)
    made.check()
    assert_kept(made, original)
    assert_new(made, original)


@pytest.mark.parametrize("name", MAKERS)
def test_batches_take_the_result(name):
    made = MAKERS[name](featured(HARD, Label("node", "regression", 1)))
    batch = batch_graphs(made)
    check_batch(batch)
    count = int(made.node_ptr[-1])
    np.testing.assert_array_equal(batch.graph.nodes["atom"][:count], made.nodes["atom"])
    np.testing.assert_array_equal(
        batch.graph.edges["kind"][: len(made.senders)], made.edges["kind"]
    )


@pytest.mark.parametrize("name", MAKERS)
def test_the_spec_depends_on_the_maker_and_not_on_the_graphs(name):
    made, empty = MAKERS[name](featured(HARD)), MAKERS[name](featured([]))
    assert len(empty) == 0 and made.spec == empty.spec


@pytest.mark.parametrize("name", MAKERS)
def test_graphs_are_made_one_by_one(name):
    made, original = MAKERS[name](featured(HARD)), featured(HARD)
    for number in (8, 3, 5, 0):
        alone = MAKERS[name](original.select([number]))
        for field in ("senders", "receivers"):
            expected = getattr(made.select([number]), field)
            np.testing.assert_array_equal(getattr(alone, field), expected)


@pytest.mark.parametrize(
    "name", ["self_loops", "complete", "complete with loops", "expander", "hamiltonian"]
)
def test_a_maker_adds_nothing_the_second_time(name):
    once = MAKERS[name](featured(HARD))
    twice = MAKERS[name](once)
    np.testing.assert_array_equal(twice.senders, once.senders)
    np.testing.assert_array_equal(twice.edges["kind"], once.edges["kind"])


@pytest.mark.parametrize("name", ["two hops", "complete", "expander"])
def test_virtual_nodes_before_or_after_make_the_same_edges(name):
    original = featured([star(12), grid(3, 4), cycle(13)])
    before = MAKERS[name](topology.virtual_nodes(original, 2))
    after = topology.virtual_nodes(MAKERS[name](original), 2)
    for number in range(3):
        assert sorted(edges_of(before, number)) == sorted(edges_of(after, number))
        for kind in topology.EDGE_KINDS:
            assert edges_of(before, number, kind) == edges_of(after, number, kind)


# Self-loops


def test_every_node_has_a_self_loop_exactly_once():
    made = topology.self_loops(featured(HARD))
    for number, adjacency in enumerate(HARD):
        loops = sorted(i for i, j in edges_of(made, number) if i == j)
        count = np.maximum(np.diag(adjacency), 1).astype(int) if len(adjacency) else []
        assert loops == np.repeat(np.arange(len(adjacency)), count).tolist()


def test_a_self_loop_that_is_there_keeps_its_features():
    original = featured([path(2) + np.diag([1.0, 0.0])])
    made = topology.self_loops(original)
    assert edges_of(made) == [*edges_of(original), (1, 1)]
    assert edges_of(made, 0, "self_loop") == [(1, 1)]
    np.testing.assert_array_equal(made.edges["length"][:3], original.edges["length"])


# Virtual nodes


def test_virtual_nodes_stand_last_and_are_joined_both_ways_to_all_others():
    made = topology.virtual_nodes(featured([path(3), np.zeros((1, 1))]), 2)
    assert made.num_nodes.tolist() == [5, 3]
    assert made.nodes["kind"][:, 0].tolist() == [0, 0, 0, 1, 2, 0, 1, 2]
    assert made.spec.nodes["kind"] == Categorical((3,))
    to = [(i, v) for v in (3, 4) for i in range(3)]
    assert sorted(edges_of(made, 0, "to_virtual")) == sorted(to)
    assert sorted(edges_of(made, 0, "from_virtual")) == sorted((v, i) for i, v in to)
    assert sorted(edges_of(made, 1)) == [(0, 1), (0, 2), (1, 0), (2, 0)]


def test_more_virtual_nodes_are_joined_to_the_graphs_own_and_numbered_on():
    once = topology.virtual_nodes(featured([path(3)]), 2)
    made = topology.virtual_nodes(once)
    assert made.nodes["kind"][:, 0].tolist() == [0, 0, 0, 1, 2, 3]
    assert made.spec.nodes["kind"] == Categorical((4,))
    expected = topology.virtual_nodes(featured([path(3)]), 3)
    assert sorted(edges_of(made)) == sorted(edges_of(expected))


def test_a_graph_without_nodes_has_virtual_ones_alone():
    made = topology.virtual_nodes(featured([np.zeros((0, 0))]), 2)
    assert made.num_nodes.tolist() == [2] and made.num_edges.tolist() == [0]


@pytest.mark.parametrize("kind", ["multiclass", "binary", "regression"])
def test_virtual_nodes_are_no_targets(kind):
    original = featured([path(3), path(2)], Label("node", kind, 2 if kind == "multiclass" else 1))
    made = topology.virtual_nodes(original)
    np.testing.assert_array_equal(made.targets.index, [0, 1, 2, 4, 5])
    np.testing.assert_array_equal(made.targets.labels, original.targets.labels)


def test_labels_of_graphs_stay():
    original = featured(HARD, Label("graph", "multiclass", 2))
    np.testing.assert_array_equal(
        topology.virtual_nodes(original).targets.labels, original.targets.labels
    )


def test_pair_columns_are_refused_with_the_remedy_and_kept_by_the_others():
    pairs = featured([path(3)]).with_columns("pair", dict(spd=np.zeros(9, np.int32)))
    with pytest.raises(DatasetError, match=r"\['spd'\].*first and apply pair encodings afterwards"):
        topology.virtual_nodes(pairs)
    made = topology.complete(pairs)
    np.testing.assert_array_equal(made.pairs["spd"], pairs.pairs["spd"])


# k hops


@given(multigraphs(), st.integers(1, 4))
@settings(deadline=None, max_examples=50)
def test_hops_are_the_shortest_walks_of_networkx(adjacency, hops):
    networkx = pytest.importorskip("networkx")
    graph = networkx.from_numpy_array(adjacency.T, create_using=networkx.DiGraph)
    lengths = {
        (sender, receiver): length
        for sender, reached in networkx.all_pairs_shortest_path_length(graph, cutoff=hops)
        for receiver, length in reached.items()
    }
    made = topology.k_hop(dataset_of([adjacency]), hops)
    found = edges_of(made)
    for edge, hop in zip(found, made.edges["hop"][:, 0], strict=True):
        assert hop == lengths[edge]
    assert set(found) | {(i, i) for i in range(len(adjacency))} == set(lengths)
    loops = {edge for edge in found if edge[0] == edge[1]}
    assert len(loops) == np.count_nonzero(np.diag(adjacency))


def test_hops_of_a_path_and_of_a_grid_are_its_distances():
    made = topology.k_hop(featured([path(6)]), 3)
    apart = np.abs(made.senders - made.receivers)
    assert apart.max() == 3
    np.testing.assert_array_equal(made.edges["hop"][:, 0], apart)
    made = topology.k_hop(featured([grid(3, 4)]), 9)
    assert made.num_edges.tolist() == [12 * 11]
    rows, columns = np.divmod(made.senders, 4), np.divmod(made.receivers, 4)
    apart = sum(np.abs(one - two) for one, two in zip(rows, columns, strict=True))
    np.testing.assert_array_equal(made.edges["hop"][:, 0], apart)
    assert made.spec.edges["hop"] == Categorical((11,))


def test_edges_that_no_short_walk_takes_have_the_last_class():
    made = topology.k_hop(topology.virtual_nodes(featured([path(4)])), 2)
    virtual = np.isin(made.senders, 4) | np.isin(made.receivers, 4)
    np.testing.assert_array_equal(made.edges["hop"][virtual], 3)
    assert (0, 3) not in edges_of(made)  # a virtual node is no short cut
    far = topology.k_hop(topology.complete(featured([path(5)])), 2)
    apart = np.abs(far.senders - far.receivers)
    np.testing.assert_array_equal(far.edges["hop"][:, 0], np.minimum(apart, 3))


def test_hops_are_counted_once():
    with pytest.raises(DatasetError, match="'hop' already"):
        topology.k_hop(topology.k_hop(featured([path(3)]), 1), 2)


# Complete graphs


@pytest.mark.parametrize("loops", [False, True])
def test_complete_graphs_have_every_pair(loops):
    made = topology.complete(featured([path(4), np.zeros((0, 0)), np.zeros((3, 3))]), loops=loops)
    for number, n in enumerate([4, 0, 3]):
        expected = [(i, j) for j in range(n) for i in range(n) if loops or i != j]
        assert sorted(edges_of(made, number)) == sorted(expected)


@pytest.mark.parametrize("maker", [topology.complete, lambda dataset: topology.k_hop(dataset, 2)])
def test_more_edges_than_there_is_room_for_are_refused_before(monkeypatch, maker):
    dataset = featured([path(3), star(20)])
    monkeypatch.setattr(topology, "MAX_EDGES", 400)
    with pytest.raises(DatasetError, match="of them in graph 1.*Use attention over all pairs"):
        maker(dataset)
    monkeypatch.setattr(topology, "MAX_EDGES", 500)
    maker(dataset).check()


# Expanders


@pytest.mark.parametrize("method", ["permutations", "hamiltonian"])
def test_expanders_follow_the_seed_and_the_graph_and_nothing_else(method):
    near = cycle(30)
    near[0, 29] = near[29, 0] = 0  # a path
    dataset = featured([star(12), cycle(20), cycle(30), near, path(30)])
    made = topology.expander(dataset, 4, method=method, seed=3)
    mixed = topology.expander(dataset.select([2, 0]), 4, method=method, seed=3)
    assert edges_of(mixed, 0) == edges_of(made, 2) and edges_of(mixed, 1) == edges_of(made, 0)
    assert sorted(edges_of(made, 3)) == sorted(edges_of(made, 4))  # edges in another order
    assert edges_of(made, 2, "expander") != edges_of(made, 3, "expander")
    other = topology.expander(dataset, 4, method=method, seed=4)
    assert edges_of(other, 2) != edges_of(made, 2)


def test_an_expander_does_not_change_with_what_other_makers_add():
    def drawn(dataset):
        made = topology.expander(dataset, 4)
        return [[e for e in edges_of(made, n, "expander") if max(e) < 30] for n in range(2)]

    dataset = featured([path(30), star(12)])
    virtual = topology.self_loops(topology.virtual_nodes(dataset, 2))
    assert drawn(virtual) == drawn(dataset)


def test_an_expander_has_a_wide_gap_and_few_neighbours():
    made = topology.expander(featured([np.zeros((60, 60))]), 6)
    adjacency = np.zeros((60, 60))
    adjacency[made.receivers, made.senders] = 1
    np.testing.assert_array_equal(adjacency, adjacency.T)
    degree = adjacency.sum(axis=0)
    assert degree.max() == 6 and degree.mean() > 5
    gap = np.linalg.eigvalsh(np.diag(degree) - adjacency)[1]
    assert gap > 0.5  # a cycle of 60 has 0.01


def test_edges_of_the_graph_are_not_doubled_by_its_expander():
    made = topology.expander(featured([cycle(12), 1 - np.eye(12)]), 4)
    assert len(set(edges_of(made, 0))) == len(edges_of(made, 0))
    assert edges_of(made, 1, "expander") == []


def test_poor_expanders_are_reported(caplog):
    topology.expander(featured([np.zeros((40, 40)), np.zeros((3, 3))]), 4)
    assert not caplog.text
    # One permutation is a cycle through all of 40 nodes once in 40 draws.
    topology.expander(featured([np.zeros((40, 40)), np.zeros((3, 3))]), 2, max_tries=1)
    assert "1 of 2 expanders, the first that of graph 0" in caplog.text


# What is refused


@pytest.mark.parametrize("level", ["node", "edge"])
def test_a_column_that_is_called_kind_and_is_none_is_refused(level):
    dataset = featured([path(3)])
    rows = len(dataset.senders) if level == "edge" else 3
    dataset = dataset.with_columns(level, dict(kind=np.ones(rows, np.int32)))
    with pytest.raises(DatasetError, match=f"{level}s have a column 'kind'.*another name"):
        topology.self_loops(dataset)


@pytest.mark.parametrize(
    ("maker", "arguments", "message"),
    [
        (topology.virtual_nodes, dict(num_nodes=0), "num_nodes"),
        (topology.k_hop, dict(hops=0), "hops"),
        (topology.expander, dict(degree=3), "even"),
        (topology.expander, dict(degree=0), "even"),
        (topology.expander, dict(max_tries=0), "max_tries"),
        (topology.expander, dict(method="ramanujan"), "method"),
    ],
)
def test_meaningless_arguments_are_refused(maker, arguments, message):
    with pytest.raises((DatasetError, TypeError), match=message):
        maker(featured([path(3)]), **arguments)
