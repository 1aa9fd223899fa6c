import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import threadpoolctl

from gtx.data import Dataset
from gtx.encodings import (
    RRWP,
    Degree,
    DegreeClass,
    EncodingError,
    HeatKernelDiagonal,
    LaplacianEigenvectors,
    PageRank,
    RandomWalk,
    Sinusoidal,
    apply,
    encode,
)
from gtx.encodings.base import MAX_NODES
from gtx.encodings.engine.memory import available_memory, check_memory, estimate_memory
from tests.encodings.graphs import cycle, dataset_of
from tests.encodings.test_base import Codes, Powers
from tests.encodings.test_every_encoding import ENCODINGS


def without_edges(*sizes):
    ids = np.zeros(0, np.int64)
    return Dataset.from_columns(
        node_ptr=np.cumsum([0, *sizes]),
        edge_ptr=np.zeros(len(sizes) + 1),
        senders=ids,
        receivers=ids,
    )


class SparsePowers(Powers):
    def sparse(self, adjacency):
        raise AssertionError("too late")


def test_the_estimate_counts_columns_of_all_graphs_and_the_work_on_the_largest():
    dataset = dataset_of([cycle(10), cycle(20)])
    matrix, edges = 8 * 20**2, 64 * 2 * 30
    walks = 2 * 2 * 8 * 20 * 5  # of both graphs together, in float64 and stacked
    assert estimate_memory(dataset, [RandomWalk(5)]) == 4 * 30 * 5 + 10 * matrix + walks + edges
    codes = 4 * (2 * 500 + 30)  # two codes for each pair, one for each node
    work = (10 + 2) * matrix + 8 * 20
    assert estimate_memory(dataset, [Codes()]) == codes + work + edges
    both = estimate_memory(dataset, [Codes(), RandomWalk(5)])
    assert both == codes + 600 + max(work, 10 * matrix + walks) + edges
    more = estimate_memory(dataset, [Powers()], num_workers=3)
    assert more == 4 * 2 * 500 + (1 + 3) * ((10 + 4) * matrix + edges)
    assert estimate_memory(dataset.select([]), [Powers()]) == 0


def test_small_graphs_of_one_size_are_counted_together():
    alone, many = (
        estimate_memory(dataset_of([cycle(10)] * count), [Powers()]) for count in (1, 1000)
    )
    together = 2**15 // 10**2
    assert together < many / alone < 1000


def random_graphs(n, edges, count, directed, seed=0):
    rng = np.random.default_rng(seed)
    adjacencies = np.zeros((count, n, n))
    for adjacency in adjacencies:
        np.add.at(adjacency, tuple(rng.integers(0, n, (2, edges))), 1)
    return dataset_of(adjacencies if directed else adjacencies + adjacencies.swapaxes(1, 2))


def finding_libraries():
    """Bytes to look through the process for BLAS libraries: other tests may have loaded many."""
    tracemalloc.start()
    threadpoolctl.ThreadpoolController()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak + 2**16


LONG = (
    RandomWalk(100),
    RRWP(50),
    PageRank(tuple(np.linspace(0.1, 0.9, 40).tolist())),
    HeatKernelDiagonal(tuple(np.linspace(0.1, 4.0, 40).tolist())),
    LaplacianEigenvectors(4, vector_norm="wavelength", trivial=False),
)


@pytest.mark.parametrize(
    ("n", "edges", "count", "directed"),
    [
        (150, 4000, 1, True),
        (12, 14, 500, True),
        pytest.param(150, 300, 1, False, marks=pytest.mark.slow),
        pytest.param(12, 14, 500, False, marks=pytest.mark.slow),
        pytest.param(150, 300, 1, True, marks=pytest.mark.slow),
        pytest.param(150, 4000, 1, False, marks=pytest.mark.slow),
    ],
)
def test_no_encoding_takes_more_than_the_estimate(n, edges, count, directed):
    dataset = random_graphs(n, edges, count, directed)
    libraries = finding_libraries()
    for encoding in (*ENCODINGS, *LONG):
        estimate = estimate_memory(dataset, [encoding])
        tracemalloc.start()
        encode(dataset, encoding)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= estimate + libraries, encoding


def edges_of(n, kind):
    """The edges of a large graph in both directions, in random order."""
    rng, node = np.random.default_rng(0), np.arange(n)
    if kind == "path":
        one, two = node[:-1], node[1:]
    elif kind == "grid":
        width = int(np.sqrt(n))
        right = node[(node % width < width - 1) & (node < n - 1)]
        one = np.concatenate([right, node[:-width]])
        two = np.concatenate([right + 1, node[width:]])
    elif kind == "star":
        one, two = np.zeros(n - 1, np.int64), node[1:]
    elif kind == "empty":
        one = two = node[:0]
    else:  # 6 edges at each node on average
        one, two = rng.integers(0, n, (2, 3 * n))
    order = rng.permutation(2 * len(one))
    return np.concatenate([one, two])[order], np.concatenate([two, one])[order]


def large(n, kind):
    if kind == "many":
        count = n // 10
        one, two = edges_of(10, "path")
        shift = np.repeat(10 * np.arange(count), len(one))
        senders, receivers = np.tile(one, count) + shift, np.tile(two, count) + shift
        return Dataset.from_columns(
            node_ptr=np.arange(0, n + 1, 10),
            edge_ptr=np.arange(count + 1) * len(one),
            senders=senders % 10,
            receivers=receivers % 10,
        )
    senders, receivers = edges_of(n, kind)
    return Dataset.from_columns(
        node_ptr=[0, n], edge_ptr=[0, len(senders)], senders=senders, receivers=receivers
    )


# What an estimate may be above three times what is used: small work is not told apart.
SMALL = 2**24
SCALABLE = (
    Degree(),
    Degree(("in", "out", "total"), transform="log"),
    DegreeClass(),
    Sinusoidal(),
    Sinusoidal(3),
    RandomWalk(2),
    RandomWalk(9),
    LaplacianEigenvectors(4),
    LaplacianEigenvectors(8, "rw", "L1"),
)


@pytest.mark.parametrize(
    "kind",
    [
        "star",
        "random",
        "empty",
        "many",
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("path", "grid")),
    ],
)
def test_the_estimate_of_sparse_work_is_at_most_three_times_what_is_used(kind):
    dataset = large(20_000, kind)
    libraries = finding_libraries()
    for encoding in SCALABLE:
        slow = isinstance(encoding, RandomWalk) and encoding.walk_length > 2
        if slow and kind in ("star", "random"):
            continue  # a minute
        estimate = estimate_memory(dataset, [encoding])
        tracemalloc.start()
        encode(dataset, encoding)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= estimate + libraries, encoding
        if not isinstance(encoding, LaplacianEigenvectors):  # it takes memory in C too
            assert estimate <= 3 * peak + SMALL, encoding


def test_degrees_of_large_graphs_are_not_refused():
    dataset = large(100_000, "path")
    assert estimate_memory(dataset, [Degree()]) < 2**25
    apply(dataset, [Degree()], max_memory=2**25)


PEAK = """
import sys
import numpy as np
from gtx.encodings import LaplacianEigenvectors, encode
from gtx.encodings.engine.memory import estimate_memory
from tests.encodings.engine.test_memory import large

def field(name):
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))

dataset, encoding = large(100_000, sys.argv[1]), LaplacianEigenvectors(8, trivial=False)
encode(large(1500, "path"), encoding)
before = field("VmRSS")
encode(dataset, encoding)
print(estimate_memory(dataset, [encoding]), field("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
@pytest.mark.parametrize("kind", ["path", "grid", "star", "random"])
def test_the_estimate_counts_what_factorizations_take(kind):
    result = subprocess.run(
        [sys.executable, "-c", PEAK, kind], capture_output=True, text=True, check=True
    )
    estimate, peak = map(int, result.stdout.split())
    assert peak <= estimate <= 3 * peak + SMALL


def test_pairs_of_a_large_graph_are_refused_before_any_memory_is_taken():
    dataset = without_edges(3, 100_000)
    with pytest.raises(EncodingError, match=r"graph 1 has 100,000 nodes.*`sparse`.*with_columns"):
        apply(dataset, [Powers()])
    with pytest.raises(EncodingError, match=r"take about [\d,.]+ GiB.*powers for graph 1.*a row"):
        apply(dataset, [SparsePowers()], max_memory=2**36)


def test_the_dense_limit_is_exact_and_names_an_alternative():
    check_memory(without_edges(MAX_NODES), [Powers()], max_memory=10**11)
    with pytest.raises(EncodingError, match=r"graph 2 has 4,097 nodes.*subgraphs.*`sparse`"):
        check_memory(without_edges(3, 5, MAX_NODES + 1), [Powers()], max_memory=10**11)


def test_the_caller_may_set_the_limit():
    dataset = dataset_of([cycle(10), cycle(20)])
    needed = estimate_memory(dataset, [RandomWalk(5)])
    apply(dataset, [RandomWalk(5)], max_memory=needed)
    with pytest.raises(EncodingError, match=r"0\.0 MiB.*rwse for graph 1.*raise max_memory"):
        apply(dataset, [RandomWalk(5)], max_memory=needed - 1)


def test_the_machine_tells_what_is_left_or_nothing():
    left = available_memory()
    assert left is None or left > 2**20
