"""Checks that an encoding has the symmetry that it declares."""

from collections.abc import Mapping

import numpy as np

from gtx.data.spec import Categorical
from gtx.encodings.base import Encoding, EncodingError, Key
from gtx.typing import Symmetry


def check_symmetry(
    encoding: Encoding,
    adjacency: np.ndarray,
    *,
    symmetry: Symmetry | None = None,
    seed: int = 0,
    tolerance: float = 1e-6,
) -> None:
    """Renumber the nodes, encode again and compare as the symmetry allows.

    From the strongest to the weakest, the symmetries are "exact", "up_to_sign", "up_to_basis" and
    "none". An encoding with a symmetry also has all weaker ones. Codes of Categorical columns must
    be equal under every symmetry but "none". "up_to_basis" compares the projectors onto the columns
    of equal eigenvalues. The last eigenspace may have more dimensions than there are columns left.
    Any part of it is then right, so it is not compared.

    A vector may have two parts, all first parts before all second ones in the columns. The
    class constant `parts` of the encoding says so. The parts of ("left", "right") change together
    by one orthogonal matrix, those of ("real", "imaginary") by a unitary one.

    Args:
      encoding: with columns `<name>_vectors`, `<name>_values` and `<name>_mask` for
        "up_to_basis".
      adjacency: [graphs, n, n].
      symmetry: the symmetry to test; None for the declared one.
      seed: seed of the permutation.
      tolerance: largest absolute difference of numbers that count as equal.

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
        if not error <= allowed:  # written so that NaN is refused too
            raise EncodingError(
                f"{encoding.name}: {level} column {name!r} changes by {error:.2g} when nodes are "
                f"renumbered, beyond what the symmetry {symmetry!r} allows."
            )


def _projector_error(
    encoding: Encoding, columns: Mapping[Key, np.ndarray], first: np.ndarray, second: np.ndarray
) -> float:
    error = 0.0
    parts = getattr(encoding, "parts", ("",))
    n = first.shape[1]
    first, second = (_joined(vectors, parts) for vectors in (first, second))
    values = columns["graph", f"{encoding.name}_values"]
    mask = columns["graph", f"{encoding.name}_mask"] > 0
    for number in range(len(first)):
        eigenvalues = values[number, mask[number]]
        gaps = np.nonzero(np.abs(np.diff(eigenvalues)) > 1e-6)[0] + 1
        limits = [0, *gaps.tolist()]
        if len(eigenvalues) == n:  # all eigenvectors are there, none is cut off
            limits.append(len(eigenvalues))
        for start, stop in zip(limits, limits[1:], strict=False):
            one, two = first[number, :, start:stop], second[number, :, start:stop]
            change = np.abs(one @ one.conj().T - two @ two.conj().T).max(initial=0)
            error = float(np.maximum(error, change))  # keeps NaN, which max does not
    return error


def _joined(vectors: np.ndarray, parts: tuple[str, ...]) -> np.ndarray:
    """Vectors of several parts as vectors of one: complex, or one part below the other."""
    if parts == ("real", "imaginary"):
        real, imaginary = np.split(vectors, 2, axis=2)
        return real + 1j * imaginary
    return np.concatenate(np.split(vectors, len(parts), axis=2), axis=1)
