"""Features of nodes from pairs, and of pairs from nodes."""

import numpy as np

from gtx import nn
from gtx.batch import Targets
from gtx.ops import pair_ends
from tests.batches import DIM
from tests.nn.layers import (
    BATCH,
    REAL,
    REAL_EDGES,
    affine,
    close,
    encode,
    features,
    relu,
    run,
    standardized,
)
from tests.nn.layers import (
    RECEIVERS as EDGE_RECEIVERS,
)
from tests.nn.layers import (
    SENDERS as EDGE_SENDERS,
)

RECEIVERS, SENDERS = (np.asarray(ends) for ends in pair_ends(BATCH.layout))
PAIRS = np.asarray(BATCH.pair_mask)
E = np.float64(features().pairs)


def summed(values, ends):
    out = np.zeros((len(REAL), values.shape[-1]))
    np.add.at(out, ends[PAIRS], values[PAIRS])
    return out


def test_a_node_gets_the_sum_of_its_row_and_of_its_column():
    _, out, _ = run(nn.PairSums(DIM))
    close(out.nodes[REAL], (summed(E, RECEIVERS) + summed(E, SENDERS))[REAL])
    _, rows, _ = run(nn.PairSums(DIM, both=False))
    close(rows.nodes[REAL], summed(E, RECEIVERS)[REAL])


def test_perceptrons_before_and_after_the_sums_are_those_of_the_edge_transformer():
    p, out, _ = run(nn.PairSums(5, perceptrons=True), train=True)

    def perceptron(x, real, name):
        x = standardized(x, p[f"{name}_norm"], real)
        return affine(relu(affine(x, p[f"{name}_hidden"])), p[f"{name}_output"])

    both = perceptron(E, PAIRS, "pairs")
    nodes = summed(both[:, :5], RECEIVERS) + summed(both[:, 5:], SENDERS)
    close(out.nodes[REAL], perceptron(nodes, REAL, "nodes")[REAL], 1e-4)


def test_a_pair_begins_with_a_map_of_its_two_nodes_one_after_the_other():
    def embed(**options):
        return nn.Embed(DIM, {"x": nn.LinearEncoder}, pairs={"x": nn.LinearEncoder}, **options)

    params, out = encode(nn.NodePairEmbed(DIM, embed))
    kernel = np.concatenate([params["receivers"]["kernel"], params["senders"]["kernel"]])
    ends = np.concatenate([out.nodes[RECEIVERS], out.nodes[SENDERS]], axis=1)
    expected = ends @ kernel + params["receivers"]["bias"]
    assert not out.pairs[~PAIRS].any()
    own = affine(E, params["embed"]["pair_x"]["linear"])
    close(out.pairs[PAIRS], (expected + own)[PAIRS])


def test_a_readout_reads_the_nodes_that_come_from_the_pairs():
    readout = nn.FromPairs(lambda **fields: nn.PairSums(DIM, both=False, **fields), nn.Pool)
    out = readout.apply({}, features().replace(graphs=None), BATCH, train=False)
    graph = np.asarray(BATCH.node_graph)[RECEIVERS]
    close(out[0], E[PAIRS & (graph == 0)].sum(0))


def test_the_row_of_a_pair_is_its_own_with_the_receiver_first():
    senders, receivers = np.asarray(BATCH.senders), np.asarray(BATCH.receivers)
    targets = Targets("pair", np.stack([senders, receivers], axis=1), None, REAL_EDGES)
    batch = BATCH.replace(targets=targets)
    out = nn.OwnPairReadout().apply({}, features(), batch, train=False)
    place = {
        (r, s): row for row, (r, s) in enumerate(zip(RECEIVERS, SENDERS, strict=True)) if PAIRS[row]
    }
    ends = zip(EDGE_RECEIVERS, EDGE_SENDERS, strict=True)
    close(np.asarray(out)[REAL_EDGES], E[[place[pair] for pair in ends]])
    assert not np.asarray(out)[~REAL_EDGES].any()
