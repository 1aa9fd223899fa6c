"""SDF files of version V2000 (Dalby et al. 1992): atoms, their places and bonds, as they are.

Nothing is computed and no molecule is refused because of its chemistry: published labels are those
of the molecules in the file. `gtx.data.convert.from_sdf` reads files of molecules to be checked.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gtx.data.exact import DatasetError


@dataclasses.dataclass(frozen=True)
class Block:
    """One molecule.

    Attributes:
      name: the first line.
      symbols: of the atoms, such as "C".
      positions: float64 [atoms, 3], in the unit of the file.
      bonds: int64 [bonds, 3]: two atoms, counted from 0, and the type (1 single, 2 double, 3
        triple, 4 aromatic).
    """

    name: str
    symbols: list[str]
    positions: np.ndarray
    bonds: np.ndarray


def read(path: Path) -> Iterator[Block]:
    """The molecules of a file, one after the other.

    Raises:
      DatasetError: names the molecule that is not in this form.
    """
    with path.open(encoding="ascii", errors="replace") as stream:
        lines: list[str] = []
        number = 0
        for line in stream:
            if line.startswith("$$$$"):
                yield _block(lines, path.name, number)
                lines, number = [], number + 1
            else:
                lines.append(line)
    if any(map(str.strip, lines)):
        raise DatasetError(f"{path.name}: molecule {number} has no end. Fetch the file again.")


def _block(lines: list[str], name: str, number: int) -> Block:
    try:
        counts = lines[3]
        if "V3000" in counts:
            raise ValueError("it is of version V3000")
        num_atoms, num_bonds = int(counts[0:3]), int(counts[3:6])
        rows = lines[4 : 4 + num_atoms]
        bonds = lines[4 + num_atoms : 4 + num_atoms + num_bonds]
        end = lines[4 + num_atoms + num_bonds :]
        if len(rows) != num_atoms or len(bonds) != num_bonds or not end:
            raise ValueError("it has fewer lines than atoms and bonds")
        if not any(line.startswith("M  END") for line in end):
            raise ValueError("its block has no end")
        found = np.array(
            [(int(line[0:3]) - 1, int(line[3:6]) - 1, int(line[6:9])) for line in bonds], np.int64
        ).reshape(-1, 3)
        if len(found) and (found[:, :2].min() < 0 or found[:, :2].max() >= num_atoms):
            raise ValueError("a bond ends at an atom that does not exist")
        positions = [(float(line[:10]), float(line[10:20]), float(line[20:30])) for line in rows]
    except (ValueError, IndexError) as error:
        raise DatasetError(
            f"{name}: molecule {number} cannot be read ({error}). Fetch the file again."
        ) from error
    return Block(
        name=lines[0].strip(),
        symbols=[line[31:34].strip() for line in rows],
        positions=np.array(positions, np.float64).reshape(-1, 3),
        bonds=found,
    )
