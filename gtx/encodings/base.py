"""What an encoding is: a batched function of adjacency matrices with a declared symmetry."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
import scipy.sparse

from gtx.data.spec import Categorical, Column
from gtx.typing import Level, Symmetry

# The most nodes of a graph that is encoded as a dense matrix: in float64 one takes 128 MiB, and
# an encoding holds about ten.
MAX_NODES = 4096

# The name of a column, with the level at which it stands.
Key = tuple[Level, str]


class EncodingError(ValueError):
    """An encoding cannot be computed, or is not what it declares to be."""


@runtime_checkable
class Encoding(Protocol):
    """A frozen dataclass whose fields determine the result.

    Attributes:
      name: of its columns, or their prefix.
      level: of its main column.
      symmetry: how the result follows when the nodes of a graph are renumbered: "exact", each
        row moves with its node; "up_to_sign", each column may also change its sign;
        "up_to_basis", the columns of one eigenvalue may also be rotated among themselves;
        "none", the numbering matters.
      version: a number to be raised when the values change, so that cached ones are not used.
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
        """The columns that it makes: Categorical ones hold codes, Continuous ones numbers."""
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
    """An encoding that is also computed of a large sparse graph, without dense matrices."""

    def sparse(self, adjacency: scipy.sparse.csr_array) -> dict[Key, np.ndarray]:
        """Encode one graph; the values of `__call__`, to rounding and within its symmetry.

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
    """A scalable encoding that knows what memory it takes.

    Attributes:
      dense_matrices: [graphs, n, n] in float64 that `__call__` holds at once, its argument
        among them.
    """

    @property
    def dense_matrices(self) -> int: ...

    def sparse_bytes(self, n_node: Any, n_edge: Any) -> Any:
        """Bytes that `sparse` takes at most of graphs of these sizes, its result among them.

        Not included are its argument, of 64 bytes an edge, and the finished columns.
        """
        ...


@runtime_checkable
class Joinable(Encoding, Protocol):
    """An encoding of nodes that is also computed of many small sparse graphs at once."""

    def union(self, adjacency: scipy.sparse.csr_array, n_node: np.ndarray) -> dict[Key, np.ndarray]:
        """Encode graphs side by side; the values of `__call__` on each, to rounding.

        Args:
          adjacency: float64 [nodes, nodes], receiver by sender, with the graphs as its diagonal
            blocks. Duplicates are not summed, nor are the senders of a row sorted.
          n_node: [graphs].

        Returns:
          For each column [nodes, feat] at node level, [graphs, feat] at graph level.
        """
        ...


@runtime_checkable
class Rounded(Encoding, Protocol):
    """An encoding that is also computed in float32, the precision in which columns are kept."""

    def rounded(self, adjacency: np.ndarray) -> dict[Key, np.ndarray]:
        """The values of `__call__`, each to a few roundings of float32."""
        ...


def storage(column: Column) -> tuple[int, type[np.int32] | type[np.float32]]:
    """The width of a column and the dtype in which it is kept."""
    if isinstance(column, Categorical):
        return len(column.sizes), np.int32
    return column.dim, np.float32
