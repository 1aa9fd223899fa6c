"""Algorithms: problems with known solutions, learned on small graphs and tested on larger ones."""

import dataclasses
from typing import Annotated, Any, ClassVar, Literal, get_args

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from gtx.data import solvers
from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource
from gtx.data.spec import Categorical, Continuous, GraphSpec, Label
from gtx.limits import Seed, Whole

Problem = Literal[
    "bridges", "matching", "max_clique", "maximum_flow", "minimum_spanning_tree", "steiner_tree",
    "topological_order",
]  # fmt: skip
Graphs = Literal["erdos_renyi", "barabasi_albert"]
# The probability of an edge among 16 nodes, and the edges of each new node: GraphBench's.
DENSITY: dict[str, tuple[float, int]] = {
    "bridges": (0.11, 1),
    "matching": (0.08, 3),
    "max_clique": (0.9, 8),
    "maximum_flow": (0.16, 3),
    "minimum_spanning_tree": (0.19, 3),
    "steiner_tree": (0.14, 2),
    "topological_order": (0.3, 4),
}
_LABELS = {
    "bridges": Label("edge", "binary", 1, ("bridge",)),
    "matching": Label("edge", "binary", 1, ("matched",)),
    "max_clique": Label("node", "binary", 1, ("in_clique",)),
    "maximum_flow": Label("graph", "regression", 1, ("flow",)),
    "minimum_spanning_tree": Label("edge", "binary", 1, ("in_tree",)),
    "steiner_tree": Label("edge", "binary", 1, ("in_tree",)),
    "topological_order": Label("node", "regression", 1, ("place",)),
}
Size = Annotated[int, Whole(4, 2**14)]
Number = Annotated[int, Whole(1, 2**24)]


@dataclasses.dataclass(frozen=True)
class Algorithms(DataSource):
    """The seven tasks of algorithmic reasoning of GraphBench (Stoll et al. 2025), drawn anew.

    Train and validation graphs have `nodes` nodes and test graphs `test_nodes`. The same seed gives
    the same training graphs whatever the test graphs are, so that a model can be scored at several
    sizes. What is predicted:

    - topological_order: the place of each node divided by n - 1. Arcs follow a random order.
    - bridges: is the graph disconnected without this edge?
    - minimum_spanning_tree: is this edge in the lightest tree? Weights up to 10.
    - steiner_tree: is this edge in the lightest tree that joins three nodes (role 1)? Likewise.
    - matching: is this edge in the heaviest matching? Weights up to 5.
    - maximum_flow: the value of the largest flow from role 1 to role 2. Each direction of an edge
      has a capacity of its own, up to 3 and whole in hundredths.
    - max_clique: is this node in a clique of the largest size there is?

    Node column "role" is 0 where nothing else is said. Edge column "weight" is 1 where edges have
    none. Edges go both ways, but those of topological_order one way. Components are joined as in
    GraphBench: each gets an edge to another one at random, here until the graph is connected.

    It differs from GraphBench's code, from which the densities are: solutions are exact, where it
    approximates Steiner trees and cliques; labels of edges are those of both directions, where it
    marks one direction of bridges and spanning trees; all largest cliques count; weights of a graph
    differ, so that there is one solution; two of its six kinds of random graphs are here, without
    the further densities of its test graphs. erdos_renyi keeps the mean degree that it has with 16
    nodes, where GraphBench keeps the probability of an edge: with 128 nodes that leaves no bridges.
    Its published files are not read. Graph i of a part depends only on the seed, on i, and on the
    fields that say what it is.

    Attributes:
      task: one of the seven.
      nodes: of training and validation graphs.
      test_nodes: of test graphs; 64 to 512 in GraphBench.
      train_count, valid_count, test_count: numbers of graphs.
      graphs: kind of the training and validation graphs.
      test_graphs: kind of the test graphs.
      split_seed: seed of everything that is drawn.
    """

    task: Problem = "topological_order"
    nodes: Size = 16
    test_nodes: Size = 128
    train_count: Number = 10_000
    valid_count: Number = 1_000
    test_count: Number = 1_000
    graphs: Graphs = "erdos_renyi"
    test_graphs: Graphs = "erdos_renyi"
    split_seed: Seed = 0

    splits: ClassVar[tuple[str, ...]] = ("given",)

    def __post_init__(self) -> None:
        super().__post_init__()
        most = DENSITY[self.task][1]
        if "barabasi_albert" in (self.graphs, self.test_graphs) and self.nodes <= most:
            raise DatasetError(
                f"Algorithms: barabasi_albert adds {most} edges with each node for {self.task}, "
                f"and there are {self.nodes} nodes. Give more than {most}."
            )

    @property
    def label(self) -> Label:
        return _LABELS[self.task]

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(
            nodes=dict(role=Categorical((3,))), edges=dict(weight=Continuous(1)), label=self.label
        )

    def load(self) -> Dataset:
        parts = (
            (self.train_count, self.nodes, self.graphs),
            (self.valid_count, self.nodes, self.graphs),
            (self.test_count, self.test_nodes, self.test_graphs),
        )
        solved = []
        for part, (count, nodes, kind) in enumerate(parts):
            for number in range(count):
                place = get_args(Problem).index(self.task)
                rng = np.random.default_rng((self.split_seed, place, part, number))
                ends = random_graph(nodes, kind, *DENSITY[self.task], rng)
                solved.append(
                    sorted_by_receiver(self.label.level, *solve(self.task, nodes, ends, rng))
                )
        roles, senders, receivers, weights, labels = zip(*solved, strict=True)
        labels = np.concatenate(labels).astype(np.float32)
        return Dataset.from_columns(
            nodes=dict(role=np.concatenate(roles)[:, None]),
            edges=dict(weight=np.concatenate(weights).astype(np.float32)[:, None]),
            node_ptr=offsets([len(each) for each in roles]),
            edge_ptr=offsets([len(each) for each in senders]),
            senders=np.concatenate(senders),
            receivers=np.concatenate(receivers),
            labels=labels[:, None],
            split=np.repeat([0, 1, 2], [count for count, _, _ in parts]),
            spec=self.declared_spec(),
        )


def random_graph(
    num_nodes: int, kind: str, chance: float, attached: int, rng: np.random.Generator
) -> np.ndarray:
    """A connected graph: the smaller and the larger end of each edge, sorted, int64 [2, edges].

    Args:
      num_nodes: number of nodes.
      kind: "erdos_renyi" or "barabasi_albert", which starts with a star.
      chance: for the first, the probability of an edge if there were 16 nodes.
      attached: edges of each new node, for the second.
      rng: what draws.
    """
    linked = np.zeros((num_nodes, num_nodes), bool)
    if kind == "erdos_renyi":
        probability = min(1.0, chance * 15 / (num_nodes - 1))
        linked = np.triu(rng.random((num_nodes, num_nodes)) < probability, 1)
    else:
        linked[0, 1 : attached + 1] = True
        drawn = [0] * attached + list(range(1, attached + 1))  # a node as often as it has edges
        for node in range(attached + 1, num_nodes):
            chosen: set[int] = set()
            while len(chosen) < attached:
                chosen.add(drawn[rng.integers(len(drawn))])
            for other in sorted(chosen):
                linked[other, node] = True
                drawn += [other, node]
    while True:
        count, component = csgraph.connected_components(sparse.coo_array(linked), directed=False)
        if count == 1:
            return np.stack(np.nonzero(linked))
        for number in range(count):
            other = (number + rng.integers(1, count)) % count
            places = [np.flatnonzero(component == each) for each in (number, other)]
            ends = sorted(int(rng.choice(each)) for each in places)
            linked[ends[0], ends[1]] = True


def solve(task: str, num_nodes: int, ends: np.ndarray, rng: np.random.Generator) -> tuple[Any, ...]:
    """Roles, senders, receivers, weights and labels of a graph, with what the task draws for it."""
    role = np.zeros(num_nodes, np.int32)
    one, other = ends
    both = np.concatenate([one, other]), np.concatenate([other, one])
    weights = np.ones(ends.shape[1])
    if task == "topological_order":
        place = rng.permutation(num_nodes)
        forward = place[one] < place[other]
        arcs = np.stack([np.where(forward, one, other), np.where(forward, other, one)])
        order = solvers.topological_order(num_nodes, arcs)
        return role, arcs[0], arcs[1], weights, order / (num_nodes - 1)
    if task == "max_clique":
        return role, *both, np.tile(weights, 2), solvers.in_maximum_clique(num_nodes, ends)
    if task == "maximum_flow":
        arcs, capacities = np.stack(both), rng.integers(0, 301, 2 * ends.shape[1])
        source, sink = rng.choice(num_nodes, 2, replace=False).tolist()
        role[source], role[sink] = 1, 2
        flow = solvers.maximum_flow(num_nodes, arcs, capacities, source, sink)
        return role, *both, capacities / 100, np.array([flow / 100])
    if task == "bridges":
        marked = solvers.bridges(num_nodes, ends)
    elif task == "matching":
        whole = different(5_000_000, ends.shape[1], rng)
        weights, marked = whole / 1e6, solvers.heaviest_matching(num_nodes, ends, whole)
    else:
        weights = different(10_000_000, ends.shape[1], rng) / 1e6
        if task == "minimum_spanning_tree":
            marked = solvers.minimum_spanning_tree(num_nodes, ends, weights)
        else:
            terminals = rng.choice(num_nodes, 3, replace=False)
            role[terminals] = 1
            marked = solvers.steiner_tree(num_nodes, ends, weights, terminals)
    return role, *both, np.tile(weights, 2), np.tile(marked, 2)


def sorted_by_receiver(
    level: str,
    role: np.ndarray,
    senders: np.ndarray,
    receivers: np.ndarray,
    weights: np.ndarray,
    labels: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """What `solve` gives, with edges in the order of a dataset, and their labels with them."""
    order = np.argsort(receivers, kind="stable")
    labels = labels[order] if level == "edge" else labels
    return role, senders[order], receivers[order], weights[order], labels


def different(most: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Different integers from 1 to `most`, drawn with equal chances, int64 [count]."""
    while True:
        numbers = rng.integers(1, most + 1, count)
        if len(np.unique(numbers)) == count:
            return numbers
