"""Predicts for the molecules of a CSV file of any length, in memory that does not grow with it."""

import codecs
import collections
import concurrent.futures
import contextlib
import csv
import hashlib
import io
import itertools
import json
import os
import pathlib
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import jax
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gtx import Predictor, recipes
from gtx.cli.exit_codes import NOT_ALL
from gtx.cli.predicted_columns import Asked, columns
from gtx.cli.preparation import Preparation, Prepared
from gtx.cli.similarity import TrainingPart
from gtx.cli.warning_lines import as_lines
from gtx.data import CsvError, MoleculeWarning, csv_columns, csv_source
from gtx.data.workers import workers

ROWS = 2048  # that are parsed, predicted and written together
# Bytes of a file whose molecules keep a process busy for longer than it takes to start, without
# descriptors and with them: a row takes 0.1 and 0.7 ms, a process 1.4 s.
PER_WORKER = (2**20, 2**16)
SHOWN = 20  # rows without a prediction that are printed; the output has all of them
Rows = list[tuple[int, tuple[str, ...]]]


def predict_file(
    predictor: Predictor,
    source: str,
    target: str,
    smiles_column: str | None = None,
    num_workers: int | None = None,
    asked: Asked | None = None,
    similar: TrainingPart | None = None,
) -> int:
    """Predict for the molecules of a CSV file, and return the exit code.

    What is predicted is written to a hidden file beside the output, with a second file that says
    what it belongs to and how much of it is whole. A call that was stopped goes on there, with the
    same result, if model, input and column are the same. Otherwise it begins anew.

    Args:
      predictor: the trained model.
      source: the CSV file to read.
      target: the CSV file to write. It appears only when it is complete.
      smiles_column: the column of SMILES; None for the one from which the model was trained.
      num_workers: number of processes that parse molecules and compute what the model reads of
        them; None for `workers_for`. The result does not depend on it.
      asked: what stands beside the predictions.
      similar: the training part, if it is to be compared with.
    """
    path, output = pathlib.Path(source), pathlib.Path(target)
    with path.open("rb") as file:
        # Spreadsheet programs take a file without this mark for another encoding.
        mark = codecs.BOM_UTF8 if file.read(3) == codecs.BOM_UTF8 else b""
        file.seek(0)
        rows = csv_source.iterate(file, path.name)
        header = next(rows)[1]
        place = place_of(predictor, header, path.name, smiles_column)
        others = places_of_columns(predictor, header, path.name)
        added = [
            *columns(predictor.task.label, _no_rows(predictor), asked),
            *(similar.headings if similar is not None else ()),
            "error",
        ]
        taken = sorted(set(added) & set(header))
        if taken:
            raise CsvError(f"{path.name}: has the columns {taken}, which are written. Rename them.")
        if not output.parent.is_dir():
            raise FileNotFoundError(f"--output={target}: there is no folder {output.parent}.")
        size = os.path.getsize(path)
        if num_workers is None:
            num_workers = workers_for(size, predictor.recipe.scaler is not None)
        identity = _identity(predictor, path, place, asked)
        identity["similar"] = similar is not None
        if others:
            identity["columns"] = others
        partial = Partial.open(output, identity, [*header, *added], mark)
        with partial, progress(file, size) as told:
            rows = itertools.islice(rows, partial.rows, None)
            preparation = preparation_of(predictor)
            parts = prepared_parts(rows, place, others, preparation, num_workers)
            # To compare with the training part calls RDKit, which must not work in two threads.
            for part, prepared, predictions in predicted(predictor, parts, ahead=similar is None):
                errors = prepared.errors
                with warnings_as_lines([f"row {number}" for number, _ in part]):
                    far = csv_columns.far(prepared.dataset, predictor.scaled_columns)
                    for row, reason in [*prepared.warnings, *far]:
                        warnings.warn(MoleculeWarning(row, reason), stacklevel=1)
                new = columns(predictor.task.label, predictions, asked)
                if similar is not None:
                    new |= similar.cells(prepared.dataset, len(part))
                reasons = [errors.get(row, "") for row in range(len(part))]
                for row in sorted(errors)[: max(SHOWN - partial.failed, 0)]:
                    print(f"row {part[row][0]}: {errors[row]}", file=sys.stderr)
                cells = zip(part, *new.values(), reasons, strict=True)
                partial.write([[*row, *more] for (_, row), *more in cells], len(errors))
                told(partial.rows)
        if not partial.rows:
            partial.remove()
            raise CsvError(f"{path.name}: has a header and no rows. Give at least one row.")
    partial.finish()
    found = partial.rows - partial.failed
    print(f"{found} of {partial.rows} molecules predicted: {output}")
    return NOT_ALL if partial.failed else 0


class Partial:
    """The part of an output that is written, and what it belongs to.

    Attributes:
      rows: number of rows that are written.
      failed: number of these without a prediction.
    """

    _file: BinaryIO

    def __init__(self, output: pathlib.Path, identity: Mapping[str, Any]):
        self._output = output
        self._path = output.with_name(f".{output.name}.part")
        self._notes = output.with_name(f".{output.name}.part.json")
        self._identity = dict(identity)
        self.rows = self.failed = 0

    @classmethod
    def open(
        cls,
        output: pathlib.Path,
        identity: Mapping[str, Any],
        header: Sequence[str],
        mark: bytes = b"",
    ) -> "Partial":
        """What an earlier call has left, if it belongs to the same output; otherwise a new one.

        Args:
          output: the file that becomes of it.
          identity: JSON data that say what belongs to one output.
          header: of a new one.
          mark: what a new one begins with.
        """
        partial = cls(output, identity)
        size = 0
        if partial._path.exists() and partial._notes.exists():
            try:
                notes = json.loads(partial._notes.read_text())
                known = notes["identity"] == partial._identity
                size = int(notes["bytes"]) if known else 0
                if known and partial._path.stat().st_size >= size:
                    partial.rows, partial.failed = int(notes["rows"]), int(notes["failed"])
                    print(f"going on after row {partial.rows + 1:,}", file=sys.stderr)
                else:
                    print(
                        f"{partial._path} is of another model or input, and is written anew.",
                        file=sys.stderr,
                    )
                    size = 0
            except (ValueError, KeyError, TypeError):
                size = 0
        partial._file = partial._path.open("r+b" if size else "wb")
        partial._file.truncate(size)
        partial._file.seek(size)
        if not size:
            partial.rows = partial.failed = 0
            partial._file.write(mark)
            partial._append([header])
        return partial

    def __enter__(self) -> "Partial":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, rows: Sequence[Sequence[str]], failed: int) -> None:
        """Add rows. A call that is stopped later goes on after them."""
        self.rows += len(rows)
        self.failed += failed
        self._append(rows)

    def _append(self, rows: Sequence[Sequence[str]]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        self._file.write(text.getvalue().encode())
        self._file.flush()
        os.fsync(self._file.fileno())  # before the note, which says that it is there
        notes = dict(
            identity=self._identity, rows=self.rows, failed=self.failed, bytes=self._file.tell()
        )
        aside = self._notes.with_name(f"{self._notes.name}.tmp")
        aside.write_text(json.dumps(notes))
        os.replace(aside, self._notes)

    def finish(self) -> None:
        """Make it the output."""
        os.replace(self._path, self._output)
        self._notes.unlink()

    def remove(self) -> None:
        self._path.unlink()
        self._notes.unlink()


def _no_rows(predictor: Predictor) -> np.ndarray:
    return np.zeros((len(predictor.members), 0, predictor.task.prediction_dim), np.float32)


def are_molecules(predictor: Predictor, path: str | None) -> bool:
    """Whether an input is a CSV of molecules, and not a file or folder of graphs; None: SMILES."""
    if path is not None and (path.endswith(".npz") or pathlib.Path(path).is_dir()):
        return False
    return recipes.reads_smiles(predictor.recipe.config)


def place_of(
    predictor: Predictor, header: tuple[str, ...], name: str, smiles_column: str | None
) -> int:
    """The place of the column of SMILES."""
    column = predictor.smiles_column if smiles_column is None else smiles_column
    if smiles_column is None and column not in header:
        raise CsvError(
            f"{name}: there is no column {column!r}, from which the model was trained, among "
            f"{list(header)}. Name the one that holds SMILES with --smiles_column."
        )
    return csv_source.Table(name, header, (), ()).place(column)


def places_of_columns(predictor: Predictor, header: tuple[str, ...], name: str) -> dict[str, int]:
    """The places of the further columns that the model reads.

    Raises:
      CsvError: the file lacks one of them.
    """
    table = csv_source.Table(name, header, (), ())
    for column in predictor.columns:
        if column not in header:
            raise CsvError(
                f"{name}: there is no column {column!r}, which this model reads beside the "
                f"molecule, among {list(header)}. Add it, with a value in each row."
            )
    return {column: table.place(column) for column in predictor.columns}


def preparation_of(predictor: Predictor) -> Preparation:
    """What is computed of the molecules of a file."""
    recipe = predictor.recipe
    encodings = recipes.encodings(recipe.config)
    return Preparation(predictor.features, recipe.scaler, encodings, predictor.columns)


def _identity(
    predictor: Predictor, path: pathlib.Path, place: int, asked: Asked | None
) -> dict[str, Any]:
    """What the output depends on: parameters, recipe, the file as it is now, and what is asked."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(predictor.members):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    digest.update(recipes.config_hash(predictor.recipe.config).encode())
    state = path.stat()
    return dict(
        model=digest.hexdigest(),
        input=str(path.resolve()),
        size=state.st_size,
        changed=state.st_mtime_ns,
        column=place,
        asked=None if asked is None else hashlib.sha256(repr(asked).encode()).hexdigest(),
    )


def workers_for(size: int, descriptors: bool) -> int:
    """The number of processes for a file of `size` bytes: one for each core, fewer for a small one.

    It is 0 or at least 2: one would do what this process can do in the time in which it starts.
    """
    count = min(size // PER_WORKER[descriptors], len(os.sched_getaffinity(0)))
    return count if count > 1 else 0


def prepared_parts(
    rows: Iterator[tuple[int, tuple[str, ...]]],
    place: int,
    others: Mapping[str, int],
    preparation: Preparation,
    num_workers: int,
) -> Iterator[tuple[Rows, Prepared]]:
    """The molecules of `ROWS` rows at a time, in order; the next ones are prepared meanwhile.

    Args:
      rows: numbers and cells.
      place: of the column of SMILES.
      others: of the further columns that the model reads, by name.
      preparation: what is computed of them.
      num_workers: number of processes; 0 for none.
    """
    parts = iter(lambda: list(itertools.islice(rows, ROWS)), [])

    def read(part: Rows) -> tuple[list[str], dict[str, list[str]]]:
        def column(place: int) -> list[str]:
            return [cells[place].strip() for _, cells in part]

        return column(place), {name: column(other) for name, other in others.items()}

    with workers(num_workers) as pool:
        if pool is None:
            for part in parts:
                yield part, preparation(*read(part))
            return
        waiting: collections.deque[Any] = collections.deque()
        first = next(parts, None)
        for part in parts:
            waiting.append((part, pool.submit(preparation, *read(part))))
            # A bound, so that no more than these wait in memory.
            if len(waiting) > 2 * num_workers:
                if first is not None:  # this process reads it while the others start
                    yield first, preparation(*read(first))
                    first = None
                before, found = waiting.popleft()
                yield before, found.result()
        if first is not None:
            yield first, preparation(*read(first))
        for before, found in waiting:
            yield before, found.result()


def predicted(
    predictor: Predictor, parts: Iterator[tuple[Rows, Prepared]], *, ahead: bool
) -> Iterator[tuple[Rows, Prepared, np.ndarray]]:
    """The predictions of parts, in order.

    Args:
      predictor: the trained model.
      parts: what `prepared_parts` yields.
      ahead: whether the model predicts a part in a thread while the next one is prepared.
    """
    if not ahead:
        for part, prepared in parts:
            yield part, prepared, predictor.of_molecules(prepared.dataset, len(part))
        return
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        before: tuple[Rows, Prepared, concurrent.futures.Future[np.ndarray]] | None = None
        for part, prepared in parts:
            found = thread.submit(predictor.of_molecules, prepared.dataset, len(part))
            if before is not None:
                yield before[0], before[1], before[2].result()
            before = part, prepared, found
        if before is not None:
            yield before[0], before[1], before[2].result()


@contextlib.contextmanager
def progress(file: BinaryIO, size: int) -> Iterator[Any]:
    """A function that is told the number of rows; a bar at a terminal, else a line a minute."""
    console = Console(stderr=True)
    start = before = time.monotonic()
    first: int | None = None

    def text(rows: int) -> str:
        rate = (rows - (first or 0)) / max(time.monotonic() - start, 1e-9)
        return f"{rows:,} molecules, {rate:,.0f} a second"

    if not console.is_terminal:

        def tell(rows: int) -> None:
            nonlocal before, first
            first = rows if first is None else first
            if time.monotonic() - before > 60:
                before = time.monotonic()
                print(text(rows), file=sys.stderr)

        yield tell
        return
    shown = (BarColumn(), TextColumn("{task.fields[text]}"), TimeRemainingColumn())
    with Progress(*shown, console=console, transient=True) as bar:
        task = bar.add_task("", total=size, text="compiling and predicting...")

        def tell(rows: int) -> None:
            nonlocal first
            first = rows if first is None else first
            bar.update(task, completed=file.tell(), text=text(rows))

        yield tell


def warnings_as_lines(names: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Print each warning about a molecule as one line; `names` are the names of the molecules."""
    return as_lines(MoleculeWarning, lambda found: f"{names[found.place]}: {found.reason}")
