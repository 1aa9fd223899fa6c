"""What tables are made of: which arrays of a state dict become which parameter of gtx."""

import dataclasses
from collections.abc import Callable

import numpy as np


def same(array: np.ndarray) -> np.ndarray:
    return array


def transposed(array: np.ndarray) -> np.ndarray:
    """PyTorch keeps a kernel as [out, in], gtx as [in, out]."""
    return array.T


def side_by_side(*arrays: np.ndarray) -> np.ndarray:
    """Linear maps as one, their results one after the other: kernels [out, in] or biases."""
    return np.concatenate(arrays).T


@dataclasses.dataclass(frozen=True)
class Row:
    """How one parameter is made.

    Several rows for one parameter are alternatives, of which the first counts whose arrays are all
    there.

    Attributes:
      to: the parameter, its modules with slashes: "attention/output/kernel". `{}` in `to` and in
        `names` stands for the numbers of layers.
      names: the arrays of the state dict that it is made of.
      make: from these arrays to that of gtx.
      collection: "params" or "batch_stats".
      cut: whether rows of a table beyond those of gtx may be left out.
    """

    to: str
    names: tuple[str, ...]
    make: Callable[..., np.ndarray] = same
    collection: str = "params"
    cut: bool = False


@dataclasses.dataclass(frozen=True)
class Unread:
    """An array of a state dict that has no place in gtx.

    Attributes:
      name: of the array.
      zero: whether it must hold nothing but 0. `why` says what to do otherwise.
      equals: another array that it must equal; None for no such array.
    """

    name: str
    zero: bool = False
    equals: str | None = None
    why: str = ""


Table = tuple[Row | Unread, ...]


def within(table: Table, to: str = "", name: str = "") -> Table:
    """The table of a part that is called `to` in gtx and `name` in PyTorch."""
    return tuple(_within(row, to, name) for row in table)


def _within(row: Row | Unread, to: str, name: str) -> Row | Unread:
    def put(text: str) -> str:
        return f"{name}.{text}" if name else text

    if isinstance(row, Unread):
        equals = None if row.equals is None else put(row.equals)
        return dataclasses.replace(row, name=put(row.name), equals=equals)
    return dataclasses.replace(
        row, to=f"{to}/{row.to}" if to else row.to, names=tuple(map(put, row.names))
    )
