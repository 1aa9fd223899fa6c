"""The roles of nodes that the Weisfeiler-Leman test finds."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse

from gtx.data.spec import Categorical, Column
from gtx.encodings.base import Key

_GOLDEN = 0x9E3779B9


@dataclasses.dataclass(frozen=True)
class WeisfeilerLeman:
    """The colour of a node after k rounds of refinement, as a class: the role of Graph-BERT.

    c_i = hash(c_i, {{c_j : j sends an edge to i}}), from one colour for all: Weisfeiler and
    Leman (1968); Zhang et al. (2020), Graph-BERT, section 3.2.1. Two nodes, of one graph or of
    two, whose neighbourhoods within k steps look alike have one class. (Graph-BERT numbers the
    colours of one graph in the order in which it meets them, and refines until they are stable.
    Such numbers mean nothing in another graph.)

    Colours are hashes of 32 bits, and a class is the hash modulo `num_classes`. So different
    colours may share a class: of c colours about c^2 / (2 num_classes) pairs do. Edges count as
    often as they are there, a sum of weights is rounded, and self-loops count.

    Column: node "<name>", Categorical, [nodes, 1].

    Attributes:
      num_rounds: k.
      num_classes: of the table that is learned.
    """

    num_rounds: int = 3
    num_classes: int = 1024
    name: str = "weisfeiler_leman"
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 1
    dense_matrices: ClassVar[int] = 5

    def __post_init__(self):
        if self.num_rounds < 1:
            raise ValueError(f"num_rounds must be at least 1, got {self.num_rounds}.")
        if self.num_classes < 2:
            raise ValueError(f"num_classes must be at least 2, got {self.num_classes}.")

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Categorical((self.num_classes,))}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        counts = xp.rint(adjacency).astype(np.uint32)

        def received(colours):
            return (counts * _mix(colours)[:, None, :]).sum(axis=2, dtype=np.uint32)

        return self._columns(adjacency.shape[:2], received, xp)

    def sparse(self, adjacency: scipy.sparse.csr_array) -> dict[Key, np.ndarray]:
        counts = np.rint(adjacency.data).astype(np.uint32)
        entries = (counts, adjacency.indices, adjacency.indptr)
        counted = scipy.sparse.csr_array(entries, shape=adjacency.shape)

        def received(colours):
            return counted @ _mix(colours)

        return self._columns(adjacency.shape[:1], received, np)

    def sparse_bytes(self, n_node: Any, n_edge: Any) -> Any:
        return 32 * n_node + 8 * n_edge

    def _columns(self, shape: Any, received: Any, xp: Any) -> dict[Key, Any]:
        colours = xp.zeros(shape, np.uint32)
        for number in range(self.num_rounds):
            # A sum of hashes does not depend on the order, and counts what is there twice.
            own = _mix(colours + np.uint32((number + 1) * _GOLDEN % 2**32))
            colours = _mix(own * np.uint32(3) + received(colours))
        return {("node", self.name): (colours % self.num_classes).astype(np.int32)[..., None]}


def _mix(values: Any) -> Any:
    """A bijection of uint32 whose result looks random: lowbias32 (Wellons, 2018), of values + 1.

    The hash of 0 would be 0 without the 1, and nodes of colour 0 would not be counted.
    """
    values = values + np.uint32(1)
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x7FEB352D)
    values = (values ^ (values >> np.uint32(15))) * np.uint32(0x846CA68B)
    return values ^ (values >> np.uint32(16))
