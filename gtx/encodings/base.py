"""What an encoding is: a batched function of adjacency matrices with a declared symmetry."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
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
      version: raised when the values change, so that cached ones are not used.
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

        Its argument, 64 bytes an edge, and the finished columns are counted apart.
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


def fingerprint(encoding: Encoding) -> str:
    """A hash of the encoding's class, fields and version, the same in every process.

    Raises:
      EncodingError: it is no dataclass, or a field is not made of numbers, strings and tuples.
    """
    kind = type(encoding)
    if not dataclasses.is_dataclass(encoding):
        raise EncodingError(
            f"{kind.__qualname__} is no dataclass, so nothing tells which settings a cached result "
            "has. Make it a frozen dataclass, or leave out cache_dir"
        )
    fields = sorted(dataclasses.asdict(encoding).items())
    # Of two modules with a class of this name, each has its own results.
    content = [kind.__module__, kind.__qualname__, encoding.version, fields]
    try:
        text = json.dumps(content, default=lambda value: value.item())  # of numpy's numbers
    except (TypeError, ValueError, AttributeError) as error:
        raise EncodingError(
            f"{encoding.name}: the fields {dict(fields)} cannot be told from others in a cache. "
            "Take numbers, strings and tuples of them, or leave out cache_dir"
        ) from error
    return hashlib.sha256(text.encode()).hexdigest()


def check_symmetry(
    encoding: Encoding,
    adjacency: np.ndarray,
    *,
    symmetry: Symmetry | None = None,
    seed: int = 0,
    tolerance: float = 1e-6,
) -> None:
    """Renumber the nodes, encode again and compare as the symmetry allows.

    Each symmetry passes where a stronger one does (exact, up_to_sign, up_to_basis, none), and
    on graphs that tell them apart a stronger one fails. Codes of Categorical columns must be
    equal under every symmetry but "none". "up_to_basis" compares the projectors
    onto the columns of equal eigenvalues; of a last eigenspace that the number of columns may
    cut through it compares nothing, as any part of it is a right answer.

    Args:
      encoding: with columns `<name>_vectors` and `<name>_values` for "up_to_basis".
      adjacency: [graphs, n, n].
      symmetry: the one to test; the declared one if None.
      seed: of the permutation.
      tolerance: largest absolute difference of numbers that counts as equal.

    Raises:
      EncodingError: the encoding does not have this symmetry.
    """
    symmetry = encoding.symmetry if symmetry is None else symmetry
    if symmetry == "none":
        return
    adjacency = np.asarray(adjacency, np.float64)
    order = np.random.default_rng(seed).permutation(adjacency.shape[-1])
    first = encoding(adjacency)
    second = encoding(adjacency[:, order][:, :, order])
    for key, column in encoding.columns().items():
        level, name = key
        values, other = np.asarray(first[key]), np.asarray(second[key])
        if level in ("node", "pair"):
            values = values[:, order]
        if level == "pair":
            values = values[:, :, order]
        if isinstance(column, Categorical):
            error = np.abs(values.astype(np.int64) - other).max(initial=0)
        elif symmetry == "up_to_basis" and name == f"{encoding.name}_vectors":
            error = _projector_error(encoding, first, values, other)
        elif symmetry == "exact" or level == "graph":
            error = np.abs(values - other).max(initial=0)
        else:  # one sign for each graph and column
            axes = tuple(range(1, values.ndim - 1))
            same = np.abs(values - other).max(axis=axes, initial=0)
            flipped = np.abs(values + other).max(axis=axes, initial=0)
            error = np.minimum(same, flipped).max(initial=0)
        allowed = 0 if isinstance(column, Categorical) else tolerance
        if not error <= allowed:  # nor is NaN
            raise EncodingError(
                f"{encoding.name}: {level} column {name!r} changes by {error:.2g} when nodes are "
                f"renumbered, beyond what the symmetry {symmetry!r} allows"
            )


def _projector_error(
    encoding: Encoding, columns: Mapping[Key, np.ndarray], first: np.ndarray, second: np.ndarray
) -> float:
    error = 0.0
    values = columns["graph", f"{encoding.name}_values"]
    mask = columns["graph", f"{encoding.name}_mask"] > 0
    for number in range(len(first)):
        eigenvalues = values[number, mask[number]]
        gaps = np.nonzero(np.diff(eigenvalues) > 1e-6)[0] + 1
        limits = [0, *gaps.tolist()]
        if len(eigenvalues) == first.shape[1]:  # no eigenspace is cut
            limits.append(len(eigenvalues))
        for start, stop in zip(limits, limits[1:], strict=False):
            one, two = first[number, :, start:stop], second[number, :, start:stop]
            change = np.abs(one @ one.T - two @ two.T).max(initial=0)
            error = float(np.maximum(error, change))  # keeps NaN, which max does not
    return error
