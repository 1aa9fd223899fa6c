"""The table of predictions that `gtx predict --smiles=...` prints."""

import itertools
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

_WIDE = 4  # so many columns of predictions fit beside the SMILES
_LONG = 40  # lines of a table that is printed


def show(
    smiles: Sequence[str], predicted: Mapping[str, Sequence[str]], errors: Mapping[int, str]
) -> None:
    """A line for each molecule; of many predictions a line for each of them."""
    reasons = {"error": [errors.get(row, "") for row in range(len(smiles))]} if errors else {}
    upright = len(predicted) <= max(_WIDE, len(smiles))
    table = Table(show_header=upright)
    if upright:
        given = {"smiles": smiles, **predicted, **reasons}
        for name in given:
            table.add_column(name, justify="right" if name in predicted else "left")
        for cells in zip(*given.values(), strict=True):
            table.add_row(*cells)
    else:
        lines = {"smiles": smiles, **reasons, **predicted}
        for name in itertools.islice(lines, _LONG):
            table.add_row(name, *lines[name])
    console = Console(markup=False, highlight=False)
    console.print(table)
    if not upright and len(lines) > _LONG:
        console.print(
            f"and {len(lines) - _LONG} predictions more. --input and --output write all to a file."
        )
