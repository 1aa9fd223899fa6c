"""A CSV file as a table of texts, whatever its cells mean."""

import contextlib
import csv
import dataclasses
import difflib
import io
import itertools
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from gtx.data.exact import DatasetError

MISSING = ("", "nan", "na", "n/a")  # cells in lower case that hold nothing


class CsvError(DatasetError):
    """A CSV file that cannot be used; the message names the file, the row and the column."""


@dataclasses.dataclass(frozen=True)
class Table:
    """A CSV file as text, rows in the order of the file.

    Attributes:
      name: name of the file.
      header: names of the columns; unused columns may have an empty name or the same name.
      rows: one cell per column, unchanged from the file; short and blank rows are padded with
        empty cells.
      numbers: the row number of each row in the file.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]

    def column(self, name: str) -> list[str]:
        """The cells of a column without blanks around them.

        Raises:
          CsvError: see `place`.
        """
        place = self.place(name)
        return [row[place].strip() for row in self.rows]

    def place(self, name: str) -> int:
        """The place of a column.

        Raises:
          CsvError: there is no such column (the message lists the columns), or several of them.
        """
        if self.header.count(name) > 1:
            raise CsvError(
                f"{self.name}: the column {name!r} occurs {self.header.count(name)} times. Rename "
                "the others."
            )
        if name not in self.header:
            close = difflib.get_close_matches(name.lower(), map(str.lower, self.header), 1, 0.5)
            near = [column for column in self.header if column.lower() in close]
            hint = f" Did you mean {near[0]!r}?" if near else ""
            if any(mark in cell for mark in ";\t" for cell in self.header):
                hint = " The cells seem to be parted by semicolons or tabs; use commas."
            raise CsvError(
                f"{self.name}: there is no column {name!r} among {_listing(self.header)}.{hint}"
            )
        return self.header.index(name)

    def without_blank_rows(self) -> "Table":
        """The rows in which at least one cell is not blank; a CsvError if there is none."""
        kept = [row for row, cells in enumerate(self.rows) if any(map(str.strip, cells))]
        if not kept:
            raise CsvError(f"{self.name}: has a header and no rows. Give at least one row.")
        return dataclasses.replace(
            self,
            rows=tuple(self.rows[row] for row in kept),
            numbers=tuple(self.numbers[row] for row in kept),
        )


def read(path: str | Path, *, empty: bool = False) -> Table:
    """Read a CSV file (UTF-8, commas) without interpreting its cells; every row is kept.

    Args:
      path: the file.
      empty: whether a file with a header and no rows is right.

    Raises:
      CsvError: there is no header or no row, a row has more cells than the header, the file is not
        text in UTF-8, or its quotes are not closed.
    """
    path = Path(path)
    with path.open("rb") as file:
        rows = iterate(file, path.name)
        header = next(rows)[1]
        numbered = list(rows)
    if not numbered and not empty:
        raise CsvError(f"{path.name}: has a header and no rows. Give at least one row.")
    cells = tuple(row for _, row in numbered)
    return Table(path.name, header, cells, tuple(number for number, _ in numbered))


def iterate(file: BinaryIO, name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The rows of a CSV file one after the other, with their numbers; the header is row 1.

    Args:
      file: the file, of which no more is held in memory than a row.
      name: its name in messages.

    Raises:
      CsvError: as `read`, but for a file without rows.
    """
    number = 1
    try:
        # "utf-8-sig" also reads files of spreadsheet programs, which begin with a byte order mark.
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        with _cells_of_any_length():
            reader = csv.reader(text, strict=True)
            header = tuple(cell.strip() for cell in next(reader, []))
        if not any(header):
            raise CsvError(f"{name}: is empty. The first row must name the columns.")
        yield 1, header
        rows, failed = [()], None
        while rows and failed is None:
            rows, failed = _next_rows(reader)
            for row in rows:
                number += 1
                if len(row) > len(header) and any(map(str.strip, row[len(header) :])):
                    raise CsvError(
                        f"{name}: row {number} has {len(row)} cells, the header "
                        f"{len(header)}. Put quotes around cells with commas."
                    )
                padding = [""] * (len(header) - len(row))
                yield number, tuple([*row, *padding][: len(header)])
        if failed is not None:
            raise failed
        text.detach()
    except UnicodeDecodeError as error:
        raise CsvError(
            f"{name}: is not text in UTF-8 ({error}). Save it as one, which spreadsheet programs "
            "call CSV UTF-8."
        ) from error
    except csv.Error as error:
        raise CsvError(
            f"{name}: is not a CSV file: {error}, after row {number}. Close every quote, "
            'and write a quote inside of quotes twice ("").'
        ) from error


def _next_rows(reader: Any) -> tuple[list[Any], Exception | None]:
    """Some rows, and the error that ended them, if there was one."""
    rows: list[Any] = []
    # The limit is changed for many rows at once, and never while another generator runs.
    with _cells_of_any_length():
        try:
            for row in itertools.islice(reader, _AT_ONCE):
                rows.append(row)  # those before an error are kept
        except (csv.Error, UnicodeDecodeError) as error:
            return rows, error
    return rows, None


_AT_ONCE = 256
_LIMIT = threading.Lock()


@contextlib.contextmanager
def _cells_of_any_length() -> Iterator[None]:
    """Raise the limit of the csv module, which refuses cells of more than 131,072 characters."""
    with _LIMIT:  # the limit is global to the process, so only one thread may change it
        before = csv.field_size_limit(2**31 - 1)
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _listing(names: Sequence[str]) -> str:
    """Names for a message: twenty at most."""
    shown = ", ".join(repr(name) for name in names[:20])
    return f"[{shown}, ...] ({len(names)} columns)" if len(names) > 20 else f"[{shown}]"


def meaning(name: str) -> float | str:
    """A form that is equal for two spellings of one class: the number, or the text without case."""
    try:
        return float(name)
    except ValueError:
        return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
