"""The interface of an encoding: a batched function of adjacency matrices with a symmetry."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
import scipy.sparse

from gtx.data.spec import Categorical, Column
from gtx.typing import Level, Symmetry

# The largest number of nodes of a graph that is encoded as a dense matrix. In float64 such a matrix
# takes 128 MiB, and an encoding holds about ten of them.
MAX_NODES = 4096

# The level of a column ("node", "pair" or "graph") and its name.
Key = tuple[Level, str]


class EncodingError(ValueError):
    """An encoding cannot be computed, or does not agree with its declaration."""


@runtime_checkable
class Encoding(Protocol):
    """A frozen dataclass whose fields determine the result.

    Attributes:
      name: name of its columns, or their prefix.
      level: level of its main column.
      symmetry: how the result changes when the nodes of a graph are renumbered. "exact": each row
        moves with its node. "up_to_sign": each column may also change its sign. "up_to_basis":
        the columns of one eigenvalue may also be rotated among themselves. "none": the result
        depends on the numbering.
      version: raise this number when the values change, so that cached values are not reused.
    """

    @property
    def name(self) -> str: ...

    @property
    def level(self) -> Level: ...

    @property
    def symmetry(self) -> Symmetry: ...

    @property
    def version(self) -> int: ...

    def columns(self) -> dict[Key, Column]:
        """The columns of the encoding. Categorical ones hold codes, Continuous ones numbers."""
        ...

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        """Encode graphs of equal size.

        Args:
          adjacency: float [graphs, n, n], the number of edges to each receiver (axis 1) from
            each sender (axis 2), or the sum of their weights; float64 on the host.
          xp: `numpy`, or `jax.numpy` inside a compiled step.

        Returns:
          For each column [graphs, n, feat] at node level, [graphs, n, n, feat] at pair level
          (receiver first), [graphs, feat] at graph level; integers for a Categorical one.
        """
        ...


@runtime_checkable
class Scalable(Encoding, Protocol):
    """An encoding that can also be computed for a large sparse graph, without dense matrices."""

    def sparse(self, adjacency: scipy.sparse.csr_array) -> dict[Key, np.ndarray]:
        """Encode one graph. The values equal those of `__call__` up to rounding and symmetry.

        Args:
          adjacency: float64 [n, n], the number of edges to each receiver (row) from each sender
            (column), or the sum of their weights; duplicates are summed.

        Returns:
          For each column [n, feat] at node level, [n, n, feat] at pair level (receiver first),
          [feat] at graph level.
        """
        ...


@runtime_checkable
class Measured(Scalable, Protocol):
    """A scalable encoding that states how much memory it takes.

    Attributes:
      dense_matrices: number of float64 arrays [graphs, n, n] that `__call__` holds at the same
        time, its argument included.
    """

    @property
    def dense_matrices(self) -> int: ...

    def sparse_bytes(self, n_node: Any, n_edge: Any) -> Any:
        """Upper bound of the bytes that `sparse` takes for graphs of these sizes.

        The result of `sparse` is included. Its argument, of 64 bytes per edge, and the finished
        columns are not.
        """
        ...


@runtime_checkable
class Joinable(Encoding, Protocol):
    """An encoding of nodes that can also be computed for many small sparse graphs at once."""

    def union(self, adjacency: scipy.sparse.csr_array, n_node: np.ndarray) -> dict[Key, np.ndarray]:
        """Encode graphs together. The values equal those of `__call__` on each, up to rounding.

        Args:
          adjacency: float64 [nodes, nodes], receiver by sender, with the graphs as its diagonal
            blocks. Duplicates are not summed, and the senders of a row are not sorted.
          n_node: [graphs], the number of nodes of each graph.

        Returns:
          For each column [nodes, feat] at node level, [graphs, feat] at graph level.
        """
        ...


@runtime_checkable
class Rounded(Encoding, Protocol):
    """An encoding that can also be computed in float32, the precision of stored columns."""

    def rounded(self, adjacency: np.ndarray) -> dict[Key, np.ndarray]:
        """The values of `__call__`, each exact to a few float32 roundings."""
        ...


def storage(column: Column) -> tuple[int, type[np.int32] | type[np.float32]]:
    """The width of a column and the dtype in which it is stored."""
    if isinstance(column, Categorical):
        return len(column.sizes), np.int32
    return column.dim, np.float32
