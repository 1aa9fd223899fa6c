"""Expanders: few random edges that leave any two nodes only a few steps apart."""

import dataclasses
import logging
from typing import ClassVar

import numpy as np

from gtx.data import Column, Dataset, DatasetError, exact
from gtx.structures import regular
from gtx.structures.structure import check_name, content, own_nodes, with_edges

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Expander:
    """A random graph over each graph's own nodes, with `degree` neighbours and a wide spectral gap.

    Exphormer (Shirzad et al., 2023): few edges, and yet any two nodes are only a few steps apart.
    "permutations" joins each i with p(i) for degree / 2 random permutations p (Random-d in its
    code). "hamiltonian" draws degree / 2 random cycles through all nodes. As in that code, a graph
    is drawn again if its second smallest Laplacian eigenvalue is below
    degree - 2 sqrt(degree - 1) - 0.1. After `max_tries` draws the best is taken (here with a
    warning). Graphs of up to ten nodes are joined completely (here also up to degree + 1 nodes). An
    edge that the given graph has too counts twice where a layer runs over both sets.

    Deviations from Exphormer's code:
      - `degree` is the number of neighbours, twice that of `prep.exp_deg`.
      - The draw of a graph depends on `seed`, its nodes and its edges. It is therefore the same in
        every dataset and at prediction. The generator of that code has no seed.
      - Self-loops and repeated edges of the draw are left out, so that some nodes have fewer
        neighbours. They stay in that code, which computes a list without loops but does not use it.
      - Self-loops do not count in the eigenvalue, and a disconnected graph is drawn again. With
        degree 2 such graphs pass the test of that code; one permutation is rarely one cycle.
      - Random-d-2, a shuffle of all half-edges, is left out.

    Attributes:
      degree: an even number.
      method: "permutations" or "hamiltonian".
      seed: seed of all draws, together with the content of each graph.
      max_tries: largest number of draws for a graph.
      name: name of the edge set.
    """

    degree: int = 6
    method: regular.Method = "permutations"
    seed: int = 0
    max_tries: int = 100
    name: str = "expander"

    reads_columns: ClassVar[bool] = False

    def __post_init__(self) -> None:
        exact.count(self.degree, "expander: degree", low=-exact.INT32_MAX)
        if self.degree < 2 or self.degree % 2:
            raise DatasetError(f"expander: degree must be even and at least 2, got {self.degree}.")
        if self.method not in ("permutations", "hamiltonian"):
            raise DatasetError(
                f"expander: method must be 'permutations' or 'hamiltonian', got {self.method!r}."
            )
        exact.count(self.max_tries, "expander: max_tries")
        exact.count(self.seed, "expander: seed", low=0, high=2**63)
        check_name(self.name)

    def columns(self) -> dict[str, Column]:
        return {}

    def __call__(self, dataset: Dataset) -> Dataset:
        own = own_nodes(dataset)
        parts, poor = [np.zeros((3, 0), np.int64)], []
        for number in range(len(dataset)):
            nodes = np.nonzero(own[dataset.node_ptr[number] : dataset.node_ptr[number + 1]])[0]
            rng = np.random.default_rng((self.seed, content(dataset, number, len(nodes))))
            senders, receivers, good = regular.expander(
                len(nodes), self.degree, self.method, rng, self.max_tries
            )
            if not good:
                poor.append(number)
            graph = np.full(len(senders), number)
            parts.append(np.stack([graph, nodes[senders], nodes[receivers]]))
        if poor:
            _LOG.warning(
                f"{len(poor)} of {len(dataset)} expanders, the first that of graph "
                f"{dataset.ids[poor[0]]}, have too narrow a spectral gap or are in pieces after "
                f"{self.max_tries} tries. Give a larger degree, more tries or another method"
            )
        return with_edges(self, dataset, *np.concatenate(parts, axis=1))
