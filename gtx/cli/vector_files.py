"""Files of vectors, written a part at a time: npz and Parquet."""

import abc
import json
import os
import pathlib
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np

from gtx.cli.reading import UsageError

Rows = Sequence[Sequence[str]]
_BLOCK = 2**16


class VectorFile(abc.ABC):
    """A file that takes rows with their vectors, and appears when it is finished."""

    @abc.abstractmethod
    def write(
        self, rows: Rows, errors: Sequence[str], vectors: np.ndarray, places: np.ndarray | None
    ) -> None:
        """Add rows.

        Args:
          rows: the cells of each row.
          errors: for each row the reason why it has no vector, or "".
          vectors: float32 [members, rows, dim]; or those of nodes, [members, nodes, dim].
          places: for each vector of a node the place of its row here, ascending; None for vectors
            of rows.
        """

    @abc.abstractmethod
    def finish(self) -> None:
        """Make it the output."""

    @abc.abstractmethod
    def remove(self) -> None:
        """Remove what was written so far, if it was not finished."""


def open_file(
    path: str, header: Sequence[str], *, nodes: bool, members: Sequence[str] = ("",)
) -> VectorFile:
    """The file of this name, whose ending says its kind.

    Args:
      path: of the output, .npz or .parquet.
      header: the names of the cells of a row.
      nodes: whether vectors are those of nodes.
      members: what is added to the name of the vectors of each member; "" of a single model.

    Raises:
      UsageError: it has another ending, or Parquet needs different names.
      ImportError: Parquet needs pyarrow.
      FileNotFoundError: there is no such folder.
    """
    output = pathlib.Path(path)
    if output.suffix not in (".npz", ".parquet"):
        raise UsageError(f"--output={path}: give a name that ends with .npz or .parquet.")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"--output={path}: there is no folder {output.parent}.")
    kind: type[Npz | Parquet] = Npz if output.suffix == ".npz" else Parquet
    return kind(output, header, nodes=nodes, members=members)


class Npz(VectorFile):
    """An npz file, which `np.load` reads without pickle.

    Its arrays: `vectors` float32 [rows, dim], NaN where a row has none; `header` [cells] and `rows`
    [rows, cells], the texts of the input; `error` [rows]. With vectors of nodes these are [nodes,
    dim], `place` [nodes] is the place of the row of each from 0, and `node` [nodes] its number in
    its graph. Of an ensemble each member has vectors, such as `vectors_seed_0`. What comes is kept
    in files beside the output, so that memory does not grow.
    """

    def __init__(
        self, output: pathlib.Path, header: Sequence[str], *, nodes: bool, members: Sequence[str]
    ):
        self._output, self._header, self._nodes = output, list(header), nodes
        self._vectors = [f"vectors{member}" for member in members]
        self._aside = output.with_name(f".{output.name}.parts")
        shutil.rmtree(self._aside, ignore_errors=True)
        self._aside.mkdir()
        self._numbers: dict[str, BinaryIO] = {
            name: (self._aside / name).open("wb")
            for name in (*self._vectors, *(("place", "node") if nodes else ()))
        }
        self._texts = (self._aside / "texts").open("w", encoding="utf-8")
        self._rows = self._count = self._dim = 0
        self._widths = dict(rows=1, error=1)

    def write(
        self, rows: Rows, errors: Sequence[str], vectors: np.ndarray, places: np.ndarray | None
    ) -> None:
        self._dim = vectors.shape[2]
        for name, own in zip(self._vectors, vectors, strict=True):
            self._numbers[name].write(np.ascontiguousarray(own, np.float32).tobytes())
        if places is not None:
            self._numbers["place"].write((places + self._rows).astype(np.int64).tobytes())
            self._numbers["node"].write(_numbers_inside(places).tobytes())
        for row, error in zip(rows, errors, strict=True):
            self._texts.write(json.dumps([list(row), error]) + "\n")
            self._widths["rows"] = max(self._widths["rows"], *map(len, row), 1)
            self._widths["error"] = max(self._widths["error"], len(error))
        self._rows += len(rows)
        self._count += vectors.shape[1]

    def finish(self) -> None:
        self._close()
        packed = self._aside / "output"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            for name in self._numbers:
                is_vectors = name in self._vectors
                shape = (self._count, self._dim) if is_vectors else (self._count,)
                kind = np.float32 if is_vectors else np.int64
                with archive.open(f"{name}.npy", "w", force_zip64=True) as target:
                    _write_header(target, shape, np.dtype(kind))
                    with (self._aside / name).open("rb") as source:
                        shutil.copyfileobj(source, target)
            with archive.open("header.npy", "w") as target:
                np.lib.format.write_array(target, np.array(self._header), allow_pickle=False)
            for part, name in enumerate(("rows", "error")):
                shape = (self._rows, len(self._header)) if name == "rows" else (self._rows,)
                dtype = np.dtype(f"<U{self._widths[name]}")
                with archive.open(f"{name}.npy", "w", force_zip64=True) as target:
                    _write_header(target, shape, dtype)
                    for block in self._blocks():
                        values = [entry[part] for entry in block]
                        target.write(np.array(values, dtype).tobytes())
        os.replace(packed, self._output)
        self.remove()

    def remove(self) -> None:
        self._close()
        shutil.rmtree(self._aside, ignore_errors=True)

    def _close(self) -> None:
        for file in self._numbers.values():
            file.close()
        self._texts.close()

    def _blocks(self) -> Iterator[list[Any]]:
        with (self._aside / "texts").open(encoding="utf-8") as lines:
            block = []
            for line in lines:
                block.append(json.loads(line))
                if len(block) == _BLOCK:
                    yield block
                    block = []
            if block:
                yield block


class Parquet(VectorFile):
    """A Parquet file: the columns of the input as texts, `error`, and `vector`, a list of floats.

    Of an ensemble each member has a column, such as `vector_seed_0`.

    With vectors of nodes there is a row for each, with its number in its graph in `node`. A row
    without a vector has null there.
    """

    def __init__(
        self, output: pathlib.Path, header: Sequence[str], *, nodes: bool, members: Sequence[str]
    ):
        try:
            import pyarrow.parquet
        except ImportError as error:
            raise ImportError(
                'Parquet needs pyarrow: pip install "gtx-jax[parquet]". An npz file needs nothing.'
            ) from error
        self._vectors = [f"vector{member}" for member in members]
        names = [*header, "error", *(["node"] if nodes else []), *self._vectors]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UsageError(
                f"--output={output}: the columns {twice} would be there twice, and Parquet needs "
                "different names. Rename them in the input, or write an npz file."
            )
        self._arrow: Any = pyarrow
        self._output, self._header, self._nodes = output, list(header), nodes
        self._aside = output.with_name(f".{output.name}.tmp")
        self._writer: Any = None

    def write(
        self, rows: Rows, errors: Sequence[str], vectors: np.ndarray, places: np.ndarray | None
    ) -> None:
        arrow, dim = self._arrow, vectors.shape[2]
        known = np.array([not error for error in errors], bool)
        if places is None:
            index, there, numbers = np.arange(len(rows)), known, None
            vectors = vectors[:, known]
        else:
            # A row without a vector stands between the nodes of the rows around it.
            alone = np.flatnonzero(~known)
            order = np.argsort(np.concatenate([places, alone]), kind="stable")
            index = np.concatenate([places, alone])[order]
            there = order < len(places)
            inside = np.concatenate([_numbers_inside(places), np.zeros(len(alone), np.int64)])
            numbers = arrow.array(inside[order], mask=~there)
        ends = np.concatenate([[0], np.cumsum(np.where(there, dim, 0))]).astype(np.int32)
        offsets = arrow.array(ends, mask=np.append(~there, False))
        columns = {
            name: arrow.array([rows[place][column] for place in index.tolist()], arrow.string())
            for column, name in enumerate(self._header)
        }
        columns["error"] = arrow.array([errors[place] for place in index.tolist()], arrow.string())
        if self._nodes:
            columns["node"] = numbers
        for name, own in zip(self._vectors, vectors, strict=True):
            values = arrow.array(np.ascontiguousarray(own, np.float32).reshape(-1))
            columns[name] = arrow.ListArray.from_arrays(offsets, values)
        table = arrow.table(columns)
        if self._writer is None:
            self._writer = arrow.parquet.ParquetWriter(self._aside, table.schema)
        self._writer.write_table(table)

    def finish(self) -> None:
        self._writer.close()
        os.replace(self._aside, self._output)

    def remove(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._aside.unlink(missing_ok=True)


def _numbers_inside(places: np.ndarray) -> np.ndarray:
    """The number of each node in its graph, from 0, for ascending places of graphs."""
    _, starts, counts = np.unique(places, return_index=True, return_counts=True)
    return np.arange(len(places), dtype=np.int64) - np.repeat(starts, counts)


def _write_header(file: Any, shape: tuple[int, ...], dtype: np.dtype) -> None:
    described = dict(shape=shape, fortran_order=False, descr=np.lib.format.dtype_to_descr(dtype))
    np.lib.format.write_array_header_1_0(file, described)
