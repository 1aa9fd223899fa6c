"""CSV files with a head: one column of texts, such as SMILES, and columns of numbers."""

import csv
import gzip
from pathlib import Path

import numpy as np

from gtx.data.exact import DatasetError


def read(path: Path, column: str, names: tuple[str, ...]) -> tuple[list[str], np.ndarray]:
    """The texts of a file, and its numbers [rows, names] with NaN where there is none.

    Args:
      path: the file, compressed if its name ends in `.gz`.
      column: name of the column of texts.
      names: of the columns of numbers.

    Raises:
      DatasetError: it is no such file, or lacks a column.
    """
    texts: list[str] = []
    numbers: list[list[float]] = []
    try:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream, strict=True)
            head = next(rows, [])
            lacking = sorted({column, *names} - set(head))
            if lacking:
                raise ValueError(f"it has no columns {lacking}")
            text, places = head.index(column), [head.index(name) for name in names]
            for row in filter(None, rows):
                if len(row) != len(head):
                    raise ValueError(f"row {len(texts) + 1} has {len(row)} of {len(head)} columns")
                texts.append(row[text])
                numbers.append([float(row[place] or "nan") for place in places])
    except (OSError, EOFError, ValueError, csv.Error) as error:
        raise DatasetError(f"{path.name}: cannot be read ({error}). Fetch it again.") from error
    return texts, np.array(numbers, np.float64).reshape(-1, len(names))
