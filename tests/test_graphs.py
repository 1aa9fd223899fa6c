"""gtx.graphs: what is built, what is refused and with which words."""

import jax
import jax.numpy as jnp
import jraph
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gtx.graphs import GraphError, concatenate, from_arrays, split, validate


def assert_same(left, right):
    assert jax.tree.structure(left) == jax.tree.structure(right)
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.asarray(a).dtype == np.asarray(b).dtype


def random_graphs(seed, sizes):
    """Graphs of these sizes, empty ones too, with self-loops and duplicates."""
    rng = np.random.default_rng(seed)
    graphs = []
    for n_node in sizes:
        n_edge = int(rng.integers(0, 9)) if n_node else 0
        graphs.append(
            from_arrays(
                rng.integers(0, max(n_node, 1), n_edge),
                rng.integers(0, max(n_node, 1), n_edge),
                n_node=n_node,
                nodes={"kind": rng.integers(0, 4, n_node), "feat": rng.normal(size=(n_node, 2))},
                edges={"bond": rng.integers(0, 3, (n_edge, 1))},
                globals={"size": np.array([[float(n_node)]])},
            )
        )
    return graphs


def pad(graph, nodes=4, edges=3, graphs=2):
    """jraph's padding, by so many nodes, edges and graphs."""
    counts = (int(np.sum(graph.n_node)), int(np.sum(graph.n_edge)), len(graph.n_node))
    return jraph.pad_with_graphs(
        graph, counts[0] + nodes, counts[1] + edges, n_graph=counts[2] + graphs
    )


SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.lists(st.integers(0, 5), min_size=1, max_size=5)


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, sizes=SIZES)
def test_split_undoes_concatenate(seed, sizes):
    graphs = random_graphs(seed, sizes)
    whole = concatenate(graphs)
    validate(whole)
    assert len(whole.n_node) == len(graphs)
    for before, after in zip(graphs, split(whole), strict=True):
        assert_same(before, after)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, sizes=SIZES)
def test_concatenate_equals_jraph(seed, sizes):
    graphs = random_graphs(seed, sizes)
    jax.tree.map(np.testing.assert_array_equal, concatenate(graphs), jraph.batch_np(graphs))


def test_a_graph_has_numpy_int32_ids_and_keeps_isolated_nodes():
    graph = from_arrays([0, 1], [1, 0], n_node=5, nodes={"feat": [[1.0]] * 5})
    assert graph.senders.dtype == graph.n_node.dtype == graph.n_edge.dtype == np.int32
    np.testing.assert_array_equal(graph.n_node, [5])
    np.testing.assert_array_equal(graph.n_edge, [2])
    assert graph.edges is None
    assert graph.nodes["feat"].shape == (5, 1)


def test_self_loops_and_duplicates_are_kept():
    graph = from_arrays([0, 0, 0], [0, 1, 1], n_node=2)
    np.testing.assert_array_equal(graph.senders, [0, 0, 0])


@pytest.mark.parametrize("n_node", [0, 1, 3])
def test_a_graph_without_edges_is_a_graph(n_node):
    graph = from_arrays([], [], n_node=n_node, nodes={"feat": np.zeros((n_node, 2))})
    validate(graph)
    np.testing.assert_array_equal(graph.n_edge, [0])


def test_several_graphs_are_built_at_once():
    graph = from_arrays([0, 2, 3], [1, 3, 2], n_node=[2, 2, 1], globals={"t": np.ones((3, 1))})
    np.testing.assert_array_equal(graph.n_edge, [1, 2, 0])
    np.testing.assert_array_equal(split(graph)[1].senders, [0, 1])


def strange_arrays():
    ids = np.array([0, 2, 1], np.int64)
    readonly = ids.copy()
    readonly.flags.writeable = False
    return {
        "readonly": readonly,
        "big endian": ids.astype(">i4"),
        "every second": np.array([0, 9, 2, 9, 1, 9])[::2],
        "unsigned": ids.astype(np.uint8),
        "unsigned 64": ids.astype(np.uint64),
        "list": [0, 2, 1],
        "device": jnp.array([0, 2, 1]),
    }


@pytest.mark.parametrize("name", strange_arrays())
def test_any_integer_array_will_do(name):
    ids = strange_arrays()[name]
    graph = from_arrays(ids, ids, n_node=3, nodes={"feat": np.zeros((3, 1), ">f4")})
    np.testing.assert_array_equal(graph.senders, [0, 2, 1])
    assert graph.senders.dtype == np.int32 and graph.senders.dtype.isnative


def test_a_memory_map_will_do(tmp_path):
    np.save(tmp_path / "ids.npy", np.array([0, 1]))
    ids = np.load(tmp_path / "ids.npy", mmap_mode="r")
    np.testing.assert_array_equal(from_arrays(ids, ids, n_node=2).receivers, [0, 1])


def test_values_near_the_limits_of_floats_are_no_error():
    from_arrays([], [], n_node=3, nodes={"feat": np.array([1e30, 1e-45, 0.0], np.float32)})


def test_bfloat16_features_are_no_error():
    from_arrays([], [], n_node=2, nodes={"feat": jnp.ones((2, 3), jnp.bfloat16)})


BAD = {
    "sender too large": (dict(senders=[3]), r"graph: senders\[0\] is 3, but .* 3 nodes.*n_node"),
    "receiver negative": (dict(receivers=[-1]), r"receivers\[0\] is -1"),
    "float ids": (dict(senders=[0.0]), r"senders has dtype float64.*astype\(np.int32\)"),
    "bool ids": (dict(senders=[True]), "senders has dtype bool"),
    "complex ids": (dict(senders=[1j]), "senders has dtype complex128"),
    "object ids": (dict(senders=np.array([None])), "senders has dtype object"),
    "ids beyond 32 bits": (dict(receivers=[2**40]), "receivers holds 1099511627776.*32 bits"),
    "ids beyond 63 bits": (
        dict(receivers=np.array([2**64 - 1], np.uint64)),
        "receivers holds 18446744073709551615",
    ),
    "an edge index": (
        dict(senders=np.zeros((2, 1), int)),
        r"edge_index.*senders = edge_index\[0\]",
    ),
    "a single id": (dict(senders=0), r"senders has shape \(\).*one axis"),
    "fewer receivers": (dict(receivers=[]), "receivers has 0 entries, but n_edge sums to 1"),
    "negative count": (dict(n_node=-3), "n_node is -3"),
    "float count": (dict(n_node=3.0), "n_node has dtype float64"),
    "no count": (dict(n_node=None), "n_node is None"),
    "huge count": (dict(n_node=[2**31 - 1, 5]), "sums to 2147483652, which does not fit"),
    "short nodes": (
        dict(nodes={"feat": np.zeros((2, 1))}),
        r"nodes\['feat'\] has 2 rows.* 3 nodes",
    ),
    "long edges": (dict(edges={"w": np.zeros((2, 1))}), r"edges\['w'\] has 2 rows.* 1 edges"),
    "globals without axis": (dict(globals={"t": 1.0}), r"globals\['t'\] has no axis.* per graph"),
    "NaN": (dict(nodes={"feat": [0.0, np.nan, 1.0]}), r"nodes\['feat'\]\[1\] holds NaN or Inf"),
    "Inf": (dict(edges={"w": [np.inf]}), r"edges\['w'\]\[0\] holds NaN or Inf.*Fill"),
    "complex features": (dict(nodes=np.zeros(3, complex)), "nodes has dtype complex128"),
    "text features": (dict(nodes={"atom": ["C", "N", "O"]}), r"nodes\['atom'\] has dtype <U1.*map"),
    "ragged features": (dict(nodes={"f": [[1], [1, 2], [3]]}), r"nodes\['f'\] is not an array"),
    "edges not by graph": (
        dict(senders=[2, 0], receivers=[2, 0], n_node=[2, 1]),
        "do not stand graph by graph.*Sort",
    ),
    "edge between graphs": (dict(receivers=[2], n_node=[2, 1]), r"graph 0: receivers\[0\] is 2"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_graph_is_refused_with_field_and_remedy(case):
    changes, message = BAD[case]
    arguments = dict(senders=[0], receivers=[1], n_node=3) | changes
    with pytest.raises(GraphError, match=message):
        from_arrays(**arguments)


def test_the_message_names_the_graph_and_its_own_edge_number():
    good = from_arrays([0, 1], [1, 0], n_node=2)
    bad = good._replace(senders=np.array([0, 7]))
    with pytest.raises(GraphError, match=r"graph 2: senders\[1\] is 7, but the graph has 2 nodes"):
        concatenate([good, good, bad])
    whole = jraph.batch_np([good, good, bad])
    with pytest.raises(GraphError, match=r"molecule 2: senders\[1\] is 7"):
        validate(whole, name="molecule")


def test_the_message_names_the_graph_with_the_nan():
    graphs = [from_arrays([], [], n_node=2, nodes={"f": np.zeros((2, 1))}) for _ in range(3)]
    whole = concatenate(graphs)
    whole.nodes["f"][5] = np.inf
    with pytest.raises(GraphError, match=r"graph 2: nodes\['f'\]\[1\] holds NaN or Inf"):
        validate(whole)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (dict(nodes={"b": np.zeros((1, 1))}), "graph 1: nodes has the columns .*same columns"),
        (dict(nodes={"a": np.zeros((1, 2))}), r"graph 1: nodes\['a'\] has shape \(1, 2\)"),
        (dict(nodes={"a": np.zeros((1, 1), int)}), r"graph 1: nodes\['a'\] has dtype int64"),
        (dict(nodes={"a": np.zeros((2, 1))}), r"graph 1: nodes\['a'\] has 2 rows"),
        (dict(receivers=np.array([0])), "graph 1: receivers has 1 entries"),
    ],
)
def test_graphs_that_do_not_match_the_first_are_refused(other, message):
    first = from_arrays([], [], n_node=1, nodes={"a": np.zeros((1, 1))})
    with pytest.raises(GraphError, match=message):
        concatenate([first, first._replace(**other)])


def test_nothing_cannot_be_joined():
    with pytest.raises(GraphError, match="none to join"):
        concatenate([])


def test_what_is_no_graph_is_refused():
    with pytest.raises(GraphError, match="expected a jraph.GraphsTuple, got tuple"):
        validate((1, 2))
    with pytest.raises(GraphError, match="graph 0: expected a jraph.GraphsTuple, got int"):
        concatenate([3])


def test_counts_of_another_length_are_refused():
    graph = from_arrays([0], [0], n_node=1)._replace(n_edge=np.array([1, 0]))
    with pytest.raises(GraphError, match="n_node has 1 entries and n_edge 2"):
        validate(graph)


def looks_like_padding(graph):
    """Whether graphs without features end as padding may, and are refused for it."""
    try:
        concatenate([graph])
    except GraphError as error:
        assert "padded=False" in str(error)
        return True
    return False


COUNTS = dict(nodes=st.integers(1, 4), edges=st.integers(0, 4), graphs=st.integers(1, 3))


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, sizes=SIZES, bare=st.booleans(), counts=st.fixed_dictionaries(COUNTS))
def test_padding_of_jraph_is_left_out_or_refused_and_never_taken_for_data(
    seed, sizes, bare, counts
):
    graphs = random_graphs(seed, sizes)
    if bare:
        graphs = [graph._replace(nodes=None, edges=None, globals=None) for graph in graphs]
    whole = concatenate(graphs)
    assume(not looks_like_padding(graphs[0]) and not looks_like_padding(whole))
    padded = pad(whole, **counts)
    assert_same(concatenate([padded], padded=True), whole)
    for part, graph in zip(split(padded, padded=True), graphs, strict=True):
        assert_same(part, graph)
    kept = concatenate([padded], padded=False)
    jax.tree.map(np.testing.assert_array_equal, kept, padded)
    several = counts["nodes"] > 1
    signs = not bare, counts["graphs"] > 1 and (several or not bare)
    signs = sum(signs) + (several and counts["edges"] > 1)
    if signs == 0:  # a lone node without features, or two
        assert_same(concatenate([padded]), kept)
    elif signs >= 2:
        assert_same(concatenate([padded]), whole)
        assert_same(
            concatenate([graphs[0], padded, padded]), concatenate([graphs[0], whole, whole])
        )
        assert len(split(padded)) == len(graphs)
    else:
        with pytest.raises(GraphError, match="graph 0: its graphs from number .*padded=True"):
            concatenate([padded])
        with pytest.raises(GraphError, match="padded=False to keep them"):
            split(padded)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, sizes=SIZES, bare=st.booleans())
def test_graphs_that_are_data_are_never_left_out_unless_somebody_says_so(seed, sizes, bare):
    graphs = random_graphs(seed, sizes)
    if bare:
        graphs = [graph._replace(nodes=None, edges=None, globals=None) for graph in graphs]
    whole = jraph.batch_np(graphs)
    assert_same(concatenate([whole], padded=False), concatenate(graphs))
    try:
        assert len(split(whole)) == len(graphs)
    except GraphError as error:  # bare graphs may look like padding
        assert bare and "padded=False" in str(error)


def lone(value=0.0, senders=(), n_node=1):
    """Two graphs, the second of few nodes, perhaps with loops of its first."""
    first = from_arrays([0, 1], [1, 0], n_node=2, nodes={"x": np.ones((2, 1))})
    last = from_arrays(senders, senders, n_node=n_node, nodes={"x": np.full((n_node, 1), value)})
    return [first, last]


@pytest.mark.parametrize(
    "graphs",
    [lone(), lone(senders=[0]), lone(senders=[0, 0]), lone(n_node=3), lone(n_node=2, senders=[0])],
)
def test_an_end_that_may_be_either_is_refused_with_the_remedy(graphs):
    """Methane, where carbon is class 0, is such a graph."""
    whole = jraph.batch_np(graphs)
    with pytest.raises(
        GraphError, match="from number 1 on may be padding of jraph or data: .*True"
    ):
        split(whole)
    assert len(split(whole, padded=False)) == 2 and len(split(whole, padded=True)) == 1
    assert len(concatenate(graphs).n_node) == 2  # one by one there is no doubt


@pytest.mark.parametrize(
    "graphs",
    [
        lone(1.0),
        lone(np.float32(-0.5), senders=[0, 0], n_node=3),
        lone(senders=[1, 1], n_node=2),
        lone(senders=[0, 1], n_node=2),
        lone()[::-1],
        lone()[1:],
        [*lone(1.0), *lone(1.0)],
    ],
)
def test_an_end_that_cannot_be_padding_is_data(graphs):
    whole = jraph.batch_np(graphs)
    assert len(split(whole)) == len(graphs)
    if len(graphs) == 2 and whole.n_edge[-1] == 2 and whole.senders[-1] != whole.senders[-2]:
        with pytest.raises(GraphError, match="padded=True, but its end is not what jraph"):
            split(whole, padded=True)


def test_padding_that_somebody_filled_is_left_out_when_asked():
    padded = pad(concatenate(lone(1.0)))
    padded.nodes["x"][-1] = np.nan
    with pytest.raises(GraphError, match="holds NaN"):
        validate(concatenate([padded]))
    assert len(concatenate([padded], padded=True).n_node) == 2


def test_dynamically_batched_graphs_come_back_one_by_one():
    graphs = random_graphs(3, [3, 5, 2, 4, 1, 5])
    batches = list(jraph.dynamically_batch(iter(graphs), n_node=13, n_edge=30, n_graph=4))
    assert len(batches) > 1
    found = [graph for batch in batches for graph in split(batch, padded=True)]
    for before, after in zip(graphs, found, strict=True):
        assert_same(before, after)
    assert_same(concatenate(batches, padded=True), concatenate(graphs))


def test_a_graph_of_one_is_never_padded():
    with pytest.raises(GraphError, match="graph 1: padded=True, but"):
        concatenate([pad(concatenate(lone(1.0))), lone()[1]], padded=True)
