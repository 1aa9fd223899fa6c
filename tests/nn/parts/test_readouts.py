import numpy as np
import pytest

from gtx import nn
from gtx.batch import Features, Targets
from tests.nn.layers import BATCH, REAL, close, features

GRAPH = np.asarray(BATCH.node_graph)
X = np.float64(features().nodes)
NODES = Features(nodes=features().nodes)


def read(readout, given):
    return np.float64(readout.apply({}, given, BATCH, train=False))


@pytest.mark.parametrize("method, reduce", [("sum", np.sum), ("mean", np.mean), ("max", np.max)])
def test_pooling_reduces_the_nodes_of_each_graph(method, reduce):
    out = read(nn.Pool(method), NODES)
    close(out[:4], np.stack([reduce(X[REAL & (GRAPH == graph)], axis=0) for graph in range(4)]))
    assert not out[4].any()


@pytest.mark.parametrize("method, reduce", [("sum", np.sum), ("mean", np.mean), ("max", np.max)])
def test_pooling_may_leave_virtual_nodes_out(method, reduce):
    own = REAL & (np.asarray(BATCH.graph.nodes["kind"])[:, 0] == 0)
    assert 0 < own.sum() < REAL.sum()
    out = read(nn.Pool(method, virtual_nodes=False), NODES)
    close(out[:4], np.stack([reduce(X[own & (GRAPH == graph)], axis=0) for graph in range(4)]))


def test_the_token_of_a_graph_is_its_first_virtual_node():
    kind = np.zeros((len(REAL), 1), np.int32)
    tokens = [np.flatnonzero(REAL & (GRAPH == graph))[-2:] for graph in range(3)]
    for nodes in tokens:
        kind[nodes, 0] = np.arange(1, 1 + len(nodes))
    kind[~REAL] = 1
    graph = BATCH.graph._replace(nodes=dict(BATCH.graph.nodes, kind=kind))
    out = nn.GraphToken().apply({}, NODES, BATCH.replace(graph=graph), train=False)
    close(out[:3], np.stack([X[nodes[0]] for nodes in tokens]))
    assert not out[3:].any()


def test_virtual_nodes_are_told_by_a_column():
    nodes = {name: x for name, x in BATCH.graph.nodes.items() if name != "kind"}
    batch = BATCH.replace(graph=BATCH.graph._replace(nodes=nodes))
    with pytest.raises(ValueError, match="no node column 'kind'"):
        nn.Pool(virtual_nodes=False).apply({}, NODES, batch, train=False)


def test_features_of_the_graph_come_after_the_pooled_nodes():
    out = read(nn.Pool(), features())
    close(out[:4, 8:], np.float64(features().graphs)[:4])
    close(out[:, :8], read(nn.Pool(), NODES))


def test_a_node_reads_itself_and_then_its_graph():
    close(read(nn.NodeReadout(), NODES)[REAL], X[REAL])
    out = read(nn.NodeReadout(), features())
    close(out[REAL], np.concatenate([X, np.float64(features().graphs)[GRAPH]], axis=1)[REAL])


PAIRS = np.array([[1, 0], [2, 2], [0, 3]], np.int32)
MASK = np.array([True, True, False])


def read_targets(readout, given, level, index):
    batch = BATCH.replace(targets=Targets(level, index, None, MASK))
    return np.float64(readout.apply({}, given, batch, train=False))


def test_a_pair_is_the_product_of_its_nodes_or_one_after_the_other():
    close(read_targets(nn.PairReadout(), NODES, "pair", PAIRS)[:2], (X[[1, 2]] * X[[0, 2]]))
    out = read_targets(nn.PairReadout("concatenate"), features(), "pair", PAIRS)
    graphs = np.float64(features().graphs)[GRAPH[[1, 2]]]
    close(out[:2], np.concatenate([X[[1, 2]], X[[0, 2]], graphs], axis=1))
    assert not out[2].any()  # padding points at real nodes


def test_an_edge_reads_its_ends_and_then_itself():
    index = np.array([3, 0, 1], np.int32)
    out = read_targets(nn.EdgeReadout(), Features(NODES.nodes, features().edges), "edge", index)
    senders, receivers = np.asarray(BATCH.senders)[index], np.asarray(BATCH.receivers)[index]
    own = np.float64(features().edges)[index]
    close(out[:2], np.concatenate([X[senders], X[receivers], own], axis=1)[:2])
    assert not out[2].any()


def test_a_readout_of_other_targets_is_refused():
    with pytest.raises(ValueError, match="level 'pair', and those .* level 'edge'"):
        read_targets(nn.PairReadout(), NODES, "edge", PAIRS[:, 0])
    with pytest.raises(ValueError, match="of level None"):
        nn.EdgeReadout().apply({}, NODES, BATCH, train=False)
