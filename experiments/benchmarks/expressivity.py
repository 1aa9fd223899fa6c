"""Which graphs an encoding tells apart, when nothing but the graph may matter.

Two graphs are told apart if their invariants differ by more than a tolerance. The invariants
of an encoding do not depend on how nodes are numbered:

* of nodes, the multiset of the rows;
* of pairs, the multiset over nodes of (the node's own entry, the multiset of its row): one
  round of refinement;
* of the spectrum, the sorted eigenvalues;
* of eigenspaces, their projectors as an encoding of nodes (diagonals) or of pairs: never the
  eigenvectors, whose signs and bases are accidents of the solver.

Entries of the two graphs count as equal if no gap above the tolerance parts them when those of
a column are sorted together, so rounding cannot tell graphs apart as long as it is smaller
than that.

Refined, nodes are then coloured by the colours of their neighbours, and for pairs of all nodes
with the entry of the pair, until no colour splits (Weisfeiler and Leman, 1968; for distances
Zhang et al., 2023): the most that message passing, with attention that has this bias, can tell.
Without any encoding that is 1-WL.
"""

import dataclasses
import itertools
import pathlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gtx import encodings

TOLERANCE = 1e-6
# Generic functions f(L) = sum_k w_k P_k tell what the projectors P_k of all eigenspaces tell.
_FUNCTIONS = 4


@dataclasses.dataclass(frozen=True)
class Invariant:
    """What is read of one graph.

    Attributes:
      graph: [values], sorted.
      nodes: [n, columns].
      pairs: [n, n, columns], own pair receiver first.
    """

    graph: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0))
    nodes: np.ndarray | None = None
    pairs: np.ndarray | None = None


FILES = {
    "basic": "brec_basic.g6",
    "regular": "brec_regular.g6",
    "strongly reg.": "brec_str.g6",
    "extension": "brec_extension.g6",
    "CFI": "brec_cfi.g6",
    "4-vertex": "brec_4vtx.g6",
    "dist. reg.": "brec_dr.g6",
    "SR(16,6,2,2)": "sr16622.g6",
    "SR(25,12,5,6)": "sr251256.g6",
}

Reader = Callable[[np.ndarray], Invariant]


def of_encoding(encoding: encodings.Encoding) -> Reader:
    """The columns of an encoding of nodes or pairs whose symmetry is exact."""
    if encoding.symmetry != "exact":
        raise ValueError(f"{encoding.name} is {encoding.symmetry}: its columns are no invariants")

    def read(adjacency: np.ndarray) -> Invariant:
        columns = encoding(adjacency[None])
        found = {level: np.asarray(values[0]) for (level, _), values in columns.items()}
        pairs = found.get("pair")
        return Invariant(nodes=None if pairs is not None else found["node"], pairs=pairs)

    return read


def nothing(adjacency: np.ndarray) -> Invariant:
    """No encoding at all: refined, it is 1-WL."""
    return Invariant(nodes=np.zeros((len(adjacency), 1)))


def eigenvalues(adjacency: np.ndarray) -> Invariant:
    """Of the normalised Laplacian, all of them."""
    return Invariant(graph=_spectrum(adjacency)[0])


def projectors_of_nodes(adjacency: np.ndarray) -> Invariant:
    """Eigenvalues, and the diagonals of the projectors onto the eigenspaces."""
    values, projected = _projected(adjacency)
    return Invariant(graph=values, nodes=np.einsum("iif->if", projected))


def projectors_of_pairs(adjacency: np.ndarray) -> Invariant:
    """Eigenvalues, and the projectors onto the eigenspaces."""
    values, projected = _projected(adjacency)
    return Invariant(graph=values, pairs=projected)


def _spectrum(adjacency: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    encoding = encodings.LaplacianEigenvectors(len(adjacency))
    columns = {name: values[0] for (_, name), values in encoding(adjacency[None]).items()}
    return columns["laplacian_values"], columns["laplacian_vectors"]


def _projected(adjacency: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = _spectrum(adjacency)
    space = np.cumsum(np.diff(values, prepend=values[:1]) > TOLERANCE)
    weights = np.random.default_rng(0).uniform(1, 2, (len(values), _FUNCTIONS))[space]
    return values, np.einsum("ik,kf,jk->ijf", vectors, weights, vectors, optimize=True)


READERS: Mapping[str, Reader] = {
    "none (1-WL)": nothing,
    "Degree": of_encoding(encodings.Degree()),
    "PageRank": of_encoding(encodings.PageRank()),
    "RandomWalk, 20 steps": of_encoding(encodings.RandomWalk(20)),
    "HeatKernelDiagonal": of_encoding(encodings.HeatKernelDiagonal()),
    "Electrostatic": of_encoding(encodings.Electrostatic()),
    "Laplacian eigenvalues, all": eigenvalues,
    "Laplacian eigenspaces, nodes": projectors_of_nodes,
    "ShortestPathDistance": of_encoding(encodings.ShortestPathDistance()),
    "ResistanceDistance": of_encoding(encodings.ResistanceDistance()),
    "PersonalizedPageRank": of_encoding(encodings.PersonalizedPageRank()),
    "HeatKernel": of_encoding(encodings.HeatKernel()),
    "RRWP, 21 steps": of_encoding(encodings.RRWP(21)),
    "Laplacian eigenspaces, pairs": projectors_of_pairs,
}


class Verdict(NamedTuple):
    """Whether two graphs are told apart: by the invariants alone, and refined."""

    alone: bool
    refined: bool


def tells_apart(
    one: Invariant,
    two: Invariant,
    adjacency: tuple[np.ndarray, np.ndarray],
    *,
    tolerance: float = TOLERANCE,
) -> Verdict:
    """Whether the invariants of two graphs differ.

    Args:
      one, two: what one reader finds in the two graphs.
      adjacency: of the two, [n, n] each.
      tolerance: largest difference that counts as equal.
    """
    apart = Verdict(True, True)
    if adjacency[0].shape != adjacency[1].shape:
        return apart
    if np.abs(one.graph - two.graph).max(initial=0) > tolerance:
        return apart
    n = len(adjacency[0])
    entries = None
    if one.pairs is not None and two.pairs is not None:
        both = np.concatenate([one.pairs, two.pairs])  # [2 n, n, columns]
        entries = _classes(both.reshape(2 * n * n, -1), tolerance).reshape(2 * n, n)
        own = np.tile(np.arange(n), 2)
        colours = _rows(np.column_stack([entries[np.arange(2 * n), own], np.sort(entries)]))
    elif one.nodes is not None and two.nodes is not None:
        colours = _classes(np.concatenate([one.nodes, two.nodes]), tolerance)
    else:
        colours = np.zeros(2 * n, np.int64)
    if _differ(colours):
        return apart
    return Verdict(False, _differ(_refined(colours, entries, adjacency)))


def _differ(colours: np.ndarray) -> bool:
    one, two = np.split(np.asarray(colours), 2)
    return bool((np.sort(one) != np.sort(two)).any())


def _refined(
    colours: np.ndarray, entries: np.ndarray | None, adjacency: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Colour nodes by those that they see until the number of colours stays."""
    n = len(adjacency[0])
    while True:
        count = colours.max() + 1
        if _differ(colours):  # and more colours cannot undo it
            return colours
        seen = np.repeat(colours.reshape(2, 1, n), n, axis=1).reshape(2 * n, n)
        if entries is None:  # neighbours alone; other nodes are colour -1
            signature = np.where(np.concatenate(adjacency) > 0, seen, -1)
        else:
            joined = 2 * entries + (np.concatenate(adjacency) > 0)
            signature = joined * count + seen
        colours = _rows(np.column_stack([colours, np.sort(signature)]))
        if colours.max() + 1 == count:
            return colours


def _classes(values: np.ndarray, tolerance: float) -> np.ndarray:
    """A number for each row; equal rows have equal numbers. Chained within a column."""
    classes = np.zeros(len(values), np.int64)
    for column in values.T:
        order = np.argsort(column)
        place = np.empty(len(order), np.int64)
        place[order] = np.cumsum(np.diff(column[order], prepend=column[order[:1]]) > tolerance)
        if place.max(initial=0) > 0:
            joint = classes * (place.max() + 1) + place
            classes = np.unique(joint, return_inverse=True)[1]
    return classes


def _rows(values: np.ndarray) -> np.ndarray:
    """A number for each row of integers; equal rows have equal numbers."""
    return np.unique(values, axis=0, return_inverse=True)[1].reshape(-1)


@dataclasses.dataclass(frozen=True)
class Family:
    """Graphs that ought to be told apart in pairs.

    Attributes:
      graphs: adjacency matrices.
      pairs: places of the two graphs of each pair.
    """

    name: str
    graphs: tuple[np.ndarray, ...]
    pairs: tuple[tuple[int, int], ...]


def load(root: str | pathlib.Path) -> list[Family]:
    """The families in `<root>/expressivity/*.g6`: BREC's, pair by pair, and strongly regular ones.

    Raises:
      FileNotFoundError: one of the files is not there.
      ImportError: networkx, which reads them, is not there.
    """
    families = []
    for name, file in FILES.items():
        graphs = _read(pathlib.Path(root) / "expressivity" / file)
        places = range(len(graphs))
        if file.startswith("brec"):  # Wang and Zhang (2023): two lines are a pair
            pairs = tuple(zip(places[::2], places[1::2], strict=True))
        else:
            pairs = tuple(itertools.combinations(places, 2))
        families.append(Family(name, graphs, pairs))
    return families


def _read(path: pathlib.Path) -> tuple[np.ndarray, ...]:
    try:
        import networkx
    except ImportError as error:
        raise ImportError("graph6 files are read by networkx: install the extra `dev`") from error
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no {path}. Name the folder that holds expressivity/ by --root or GTX_DATA."
        )
    return tuple(networkx.to_numpy_array(graph) for graph in networkx.read_graph6(path))


def renumbered(adjacency: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same graph, its nodes in another order."""
    order = rng.permutation(len(adjacency))
    return adjacency[order][:, order]


class Renumbered(Exception):
    """A graph was told apart from a renumbered copy of itself: a false positive."""


def count(family: Family, readers: Mapping[str, Reader] = READERS) -> dict[str, dict[str, int]]:
    """How many pairs each reader tells apart, "alone" and "refined".

    Raises:
      Renumbered: some reader tells a graph from a renumbered copy of itself.
    """
    rng = np.random.default_rng(zlib.crc32(family.name.encode()))
    copies = [renumbered(graph, rng) for graph in family.graphs]
    told = {name: dict(alone=0, refined=0) for name in readers}
    for name, read in readers.items():
        found = [read(graph) for graph in family.graphs]
        for place, (graph, copy) in enumerate(zip(family.graphs, copies, strict=True)):
            verdict = tells_apart(found[place], read(copy), (graph, copy))
            if any(verdict):
                raise Renumbered(
                    f"{name}: graph {place} of {family.name} is told apart from itself"
                )
        for one, two in family.pairs:
            graphs = (family.graphs[one], family.graphs[two])
            verdict = tells_apart(found[one], found[two], graphs)
            told[name]["alone"] += verdict.alone
            told[name]["refined"] += verdict.refined
    return told


def table(results: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: a reader each, how many of each family's pairs it tells apart.

    A cell is one number, or "alone → refined" where they differ.

    Args:
      results: `pairs` by family, `told` by family, reader and "alone" or "refined".
    """
    pairs, told = dict(results["pairs"]), dict(results["told"])
    brec = [name for name, file in FILES.items() if file.startswith("brec")]
    header = [""]
    for name in pairs:
        header.append(f"{name} ({pairs[name]})")
        if name == brec[-1]:
            header.append(f"BREC ({sum(pairs[name] for name in brec)})")
    rows = []
    for reader in next(iter(told.values())):
        row = [reader]
        for name in pairs:
            row.append(_cell([told[name][reader]]))
            if name == brec[-1]:
                row.append(_cell([told[name][reader] for name in brec]))
        rows.append(row)
    return header, rows


def _cell(counts: list[dict[str, int]]) -> str:
    alone, refined = (sum(count[how] for count in counts) for how in ("alone", "refined"))
    return str(alone) if alone == refined else f"{alone} → {refined}"


def markdown(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """The table for a page of documentation."""
    header = list(header)
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
