"""Encodings of molecules: seconds of gtx and of what people use instead, on one core.

All graphs of ZINC-12k. gtx goes from a `Dataset` to finished float32 or int32 columns
(`encodings.encode`). The peers go graph by graph, as their users do:

  RWSE, 20 steps       PyTorch Geometric's AddRandomWalkPE
  LapPE, 8 vectors     PyTorch Geometric's AddLaplacianEigenvectorPE, told that graphs are
                       undirected; by default it takes a solver for general matrices
  distances            scipy.sparse.csgraph.shortest_path
  RRWP, 21 powers      dense products in torch, stacked; GRIT's code also lists the pairs that
                       are not 0 with their values

Of PyTorch Geometric's transforms the numerical part is timed too, on tensors that are ready:
the rest is what it spends on its objects for each graph. Making these from the dataset counts
for neither side. Values are compared before anything is timed, in float64 to 1e-10, as
projectors for eigenvectors. Rounds go in turn.
"""

import dataclasses
import json
import os
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.sparse
import threadpoolctl
from scipy.sparse import csgraph

from experiments.benchmarks import molecules
from experiments.benchmarks.measure import in_turn, machine, spread, under_each_allocator
from gtx.data import Dataset
from gtx.data.sources import ZINC
from gtx.encodings import RRWP, LaplacianEigenvectors, RandomWalk, ShortestPathDistance, encode

WALK_LENGTH, NUM_VECTORS, POWERS, MAX_DISTANCE = 20, 8, 21, 40
# Peer / gtx that each should reach.
TARGETS = {"RWSE-20": 18, "LapPE-8": 10, "SPD": 8, "RRWP-21": 10}
WHOLE = ("PyG", "scipy", "torch, dense")  # what the goals were set for
TOLERANCE = 1e-10
_COMPARED = 300  # graphs


@dataclasses.dataclass
class Measurement:
    """Seconds for all graphs, one entry a round, by program; "gtx" and its peers."""

    encoding: str
    num_graphs: int
    seconds: dict[str, list[float]]


def measure(dataset: Dataset, rounds: int) -> tuple[list[Measurement], float]:
    """All encodings, and the seconds that it takes to make the objects of PyTorch Geometric."""
    import torch
    from torch_geometric.transforms import AddLaplacianEigenvectorPE, AddRandomWalkPE

    torch.set_num_threads(1)
    edges = edge_lists(dataset)
    start = time.perf_counter()
    objects = data_objects(edges)
    making = time.perf_counter() - start
    matrices = [laplacian(graph) for graph in objects]
    tensors = [(torch.from_numpy(index), n) for index, n in edges]
    check(dataset, edges[:_COMPARED])

    def each(function: Callable[..., Any], graphs: Sequence[Any]) -> Callable[[], Any]:
        return lambda: [function(graph) for graph in graphs]  # kept, as those of gtx are

    def gtx(encoding: Any) -> Callable[[], Any]:
        return lambda: encode(dataset, encoding)

    walk = AddRandomWalkPE(WALK_LENGTH)
    programs = {
        "RWSE-20": {
            "gtx": gtx(RandomWalk(WALK_LENGTH)),
            "PyG": each(walk, objects),
            "PyG, numerical part": each(lambda graph: return_probabilities(*graph), tensors),
        },
        "LapPE-8": {
            "gtx": gtx(LaplacianEigenvectors(NUM_VECTORS + 1)),
            "PyG": each(AddLaplacianEigenvectorPE(NUM_VECTORS, is_undirected=True), objects),
            "PyG, numerical part": each(np.linalg.eigh, matrices),
            "PyG, general solver": each(AddLaplacianEigenvectorPE(NUM_VECTORS), objects),
        },
        "SPD": {
            "gtx": gtx(ShortestPathDistance(MAX_DISTANCE)),
            "scipy": each(lambda graph: distances(*graph), edges),
        },
        "RRWP-21": {
            "gtx": gtx(RRWP(POWERS)),
            "torch, dense": each(lambda graph: relative_probabilities(*graph), tensors),
            "torch, list of pairs": each(lambda graph: listed_probabilities(*graph), tensors),
        },
    }
    found = [
        Measurement(name, len(dataset), in_turn(ones, rounds)) for name, ones in programs.items()
    ]
    return found, making


def edge_lists(dataset: Dataset) -> list[tuple[np.ndarray, int]]:
    """Senders and receivers int64 [2, edges], and the number of nodes, of each graph."""
    found = []
    for number in range(len(dataset)):
        rows = slice(dataset.edge_ptr[number], dataset.edge_ptr[number + 1])
        index = np.stack([dataset.senders[rows], dataset.receivers[rows]]).astype(np.int64)
        found.append((index, int(dataset.num_nodes[number])))
    return found


def data_objects(edges: Sequence[tuple[np.ndarray, int]]) -> list[Any]:
    import torch
    from torch_geometric.data import Data

    return [Data(edge_index=torch.from_numpy(index), num_nodes=n) for index, n in edges]


def return_probabilities(index: Any, n: int, dtype: Any = None) -> Any:
    """What AddRandomWalkPE computes of one graph: powers of a dense matrix one by one."""
    import torch

    step = transitions(index, n, dtype)
    nodes = torch.arange(n)
    power, found = step, [step[nodes, nodes]]
    for _ in range(WALK_LENGTH - 1):
        power = power @ step
        found.append(power[nodes, nodes])
    return torch.stack(found, dim=-1)


def relative_probabilities(index: Any, n: int, dtype: Any = None) -> tuple[Any, Any]:
    """What GRIT computes of one graph: the identity and the powers, [n, n, powers], diagonal."""
    import torch

    step = transitions(index, n, dtype)
    powers = [torch.eye(n, dtype=step.dtype), step]
    while len(powers) < POWERS:
        powers.append(powers[-1] @ step)
    pairs = torch.stack(powers, dim=-1)
    return pairs, pairs.diagonal().transpose(0, 1)


def listed_probabilities(index: Any, n: int) -> tuple[Any, Any, Any]:
    pairs, diagonal = relative_probabilities(index, n)
    places = pairs.abs().sum(dim=-1).nonzero()
    return places, pairs[places[:, 0], places[:, 1]], diagonal


def transitions(index: Any, n: int, dtype: Any = None) -> Any:
    """D^-1 A of an undirected graph as a dense tensor."""
    import torch

    adjacency = torch.zeros(n, n, dtype=dtype or torch.float32)
    adjacency[index[0], index[1]] = 1
    return adjacency / adjacency.sum(dim=1, keepdim=True).clamp(min=1)


def distances(index: np.ndarray, n: int) -> np.ndarray:
    entries = (np.ones(index.shape[1]), (index[0], index[1]))
    return csgraph.shortest_path(scipy.sparse.csr_array(entries, shape=(n, n)), unweighted=True)


def laplacian(graph: Any) -> np.ndarray:
    """The float32 matrix that AddLaplacianEigenvectorPE decomposes."""
    from torch_geometric.utils import get_laplacian, to_scipy_sparse_matrix

    n = graph.num_nodes
    entries = get_laplacian(graph.edge_index, normalization="sym", num_nodes=n)
    return to_scipy_sparse_matrix(*entries, n).toarray()


def check(dataset: Dataset, edges: Sequence[tuple[np.ndarray, int]]) -> None:
    """Compare the first graphs with the peers: in float64, and the columns that are timed.

    Raises:
      AssertionError: the two do not compute the same.
    """
    import torch
    from torch_geometric.transforms import AddRandomWalkPE

    dataset = dataset.select(np.arange(len(edges)))
    walk, vectors = RandomWalk(WALK_LENGTH), LaplacianEigenvectors(NUM_VECTORS + 1)
    distance, relative = ShortestPathDistance(MAX_DISTANCE), RRWP(POWERS)
    columns: dict[Any, np.ndarray] = {}
    for encoding in (walk, vectors, distance, relative):
        columns.update(encode(dataset, encoding))
    objects = data_objects(edges)
    for number, (index, n) in enumerate(edges):
        adjacency = np.zeros((1, n, n))
        adjacency[0, index[1], index[0]] = 1
        nodes = slice(dataset.node_ptr[number], dataset.node_ptr[number + 1])
        pairs = slice(dataset.pair_ptr[number], dataset.pair_ptr[number + 1])
        tensor = torch.from_numpy(index)

        expected = return_probabilities(tensor, n, torch.float64).numpy()
        equal("RWSE-20", walk(adjacency)["node", "rwse"][0], expected)
        equal("RWSE-20", columns["node", "rwse"][nodes], expected, 1e-6)
        equal(
            "RWSE-20", AddRandomWalkPE(WALK_LENGTH)(objects[number]).random_walk_pe, expected, 1e-6
        )

        powers = relative_probabilities(tensor, n, torch.float64)[0].numpy()
        equal("RRWP-21", relative(adjacency)["pair", "rrwp"][0], powers)
        equal("RRWP-21", columns["pair", "rrwp"][pairs], powers.reshape(n * n, POWERS), 1e-6)

        lengths = distances(index, n)
        known = np.where(np.isinf(lengths), MAX_DISTANCE + 2, np.minimum(lengths, MAX_DISTANCE + 1))
        equal("SPD", columns["pair", "spd"][pairs].reshape(n, n), known, 0)

        scale = 1 / np.sqrt(adjacency[0].sum(axis=1))
        matrix = np.eye(n) - scale[:, None] * adjacency[0] * scale
        equal("LapPE-8", laplacian(objects[number]), matrix, 1e-6)
        values, theirs = np.linalg.eigh(matrix)
        ours = vectors(adjacency)
        equal("LapPE-8", ours["graph", "laplacian_values"][0], values[: NUM_VECTORS + 1])
        ours = ours["node", "laplacian_vectors"][0]
        stored = columns["node", "laplacian_vectors"][nodes].astype(np.float64)
        limits = [0, *(np.nonzero(np.diff(values[: NUM_VECTORS + 1]) > 1e-4)[0] + 1)]
        for start, stop in zip(limits, limits[1:], strict=False):
            projectors = [
                part[:, start:stop] @ part[:, start:stop].T for part in (ours, theirs, stored)
            ]
            equal("LapPE-8", projectors[0], projectors[1])
            equal("LapPE-8", projectors[2], projectors[1], 1e-5)


def equal(encoding: str, values: Any, expected: np.ndarray, tolerance: float = TOLERANCE) -> None:
    error = np.abs(np.asarray(values) - expected).max()
    if not error <= tolerance:
        raise AssertionError(f"not the same work: {encoding} differs by {error}")


def load(root: str | None) -> tuple[Dataset, str]:
    if root:
        return ZINC(root).load(), "ZINC-12k"
    return molecules.synthetic(2048), "2048 random graphs of ZINC's sizes"


def worker(path: pathlib.Path, *, rounds: int, root: str | None) -> None:
    """Measure under the allocator of this process and write the numbers to `path`."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    with threadpoolctl.threadpool_limits(1):
        found, making = measure(load(root)[0], rounds)
    numbers = dict(making=making, load=os.getloadavg()[0])
    path.write_text(json.dumps(dict(numbers, found=[dataclasses.asdict(one) for one in found])))


def run(*, rounds: int, root: str | None, json_path: str | None) -> None:
    """Measure under each allocator, each in a process of its own; print and save a table."""
    results = under_each_allocator("encodings", rounds=rounds, root=root)
    about = machine()
    about["graphs"] = f"{load(root)[1]}; one core for each side"
    print("\n".join(table(results, about)))
    if json_path:
        text = json.dumps(dict(about=about, results=results), indent=1)
        pathlib.Path(json_path).write_text(text + "\n")


def table(results: dict[str, Any], about: dict[str, str]) -> list[str]:
    """Microseconds per graph of each program, and the ratio of the peer's time to that of gtx."""
    lines = ["encodings: microseconds per graph [p10..p90]"]
    lines += [f"  {name}: {value}" for name, value in about.items()]
    lines.append(
        f"  {'allocator':14}{'encoding':9}{'program':21}{'time':>26}{'peer / gtx':>22}{'minima':>8}"
    )
    best: dict[tuple[str, str], float] = {}
    for allocator, numbers in results.items():
        for one in (Measurement(**entry) for entry in numbers["found"]):
            ours = np.array(one.seconds["gtx"]) / one.num_graphs * 1e6
            for program, seconds in one.seconds.items():
                times = np.array(seconds) / one.num_graphs * 1e6
                key = (one.encoding, program)
                best[key] = min(best.get(key, np.inf), times.min())
                line = f"  {allocator:14}{one.encoding:9}{program:21}{spread(times):>26}"
                if program != "gtx":
                    line += f"{spread(times / ours):>22}{times.min() / ours.min():>8.1f}"
                lines.append(line)
        per_object = numbers["making"] / numbers["found"][0]["num_graphs"] * 1e6
        lines.append(
            f"  {allocator:14}PyG's objects, not counted: {per_object:.1f} each; "
            f"load {numbers['load']:.1f}"
        )
    lines.append("  each side with its better allocator, minima:")
    for (encoding, program), fastest in best.items():
        if program != "gtx":
            ratio = fastest / best[encoding, "gtx"]
            goal = f"  (goal {TARGETS[encoding]})" if program in WHOLE else ""
            lines.append(f"    {encoding:9}{program:21}{ratio:6.1f}{goal}")
    return lines
