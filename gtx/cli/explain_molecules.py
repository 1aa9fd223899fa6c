"""Explains predictions for molecules: pictures, tables, and the comparison of a pair."""

import dataclasses
import math
import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from gtx import Predictor
from gtx.cli.exit_codes import NOT_ALL
from gtx.cli.explain_graphs import SUMMARY, summary, table
from gtx.cli.explanations import (
    Explained,
    agreement,
    explained,
    file_names,
    legend_of,
    title,
    with_deviation,
)
from gtx.cli.predict_molecules import place_of, places_of_columns
from gtx.cli.waiting import waiting
from gtx.data import csv_source
from gtx.data.smiles import parse, shortened
from gtx.explain import MeanExplanation, drawing, pairs


@dataclasses.dataclass(frozen=True)
class Given:
    """Molecules that are to be explained.

    Attributes:
      smiles: of each.
      places: where each comes from, for messages.
      columns: by name the cells of the further columns that the model reads.
    """

    smiles: Sequence[str]
    places: Sequence[str]
    columns: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)


def of_flags(smiles: Sequence[str]) -> Given:
    """The molecules of --smiles."""
    return Given(smiles, [f"--smiles {place + 1}" for place in range(len(smiles))])


def of_file(predictor: Predictor, path: str, smiles_column: str | None = None) -> Given:
    """The molecules of a CSV file.

    Args:
      predictor: the trained model.
      path: the file.
      smiles_column: of the file; None for that of the training data.

    Raises:
      CsvError: a column that the model reads is not there.
    """
    table = csv_source.read(path).without_blank_rows()
    place = place_of(predictor, table.header, table.name, smiles_column)
    places_of_columns(predictor, table.header, table.name)
    return Given(
        [cells[place].strip() for cells in table.rows],
        [f"row {number}" for number in table.numbers],
        {name: table.column(name) for name in predictor.columns},
    )


def write(
    predictor: Predictor,
    given: Given,
    output: pathlib.Path,
    *,
    targets: Sequence[str],
    methods: Sequence[str],
    baseline: str,
    pictures: int | None = None,
) -> int:
    """Write pictures and tables to a folder, and return the exit code.

    Args:
      predictor: the trained model.
      given: the molecules; of those that do not parse the reason is printed.
      output: the folder, which is made.
      targets: names of targets or classes; empty for all.
      methods: of `gtx.cli.explanations.METHODS`; the first one is drawn.
      baseline: of `gtx.cli.explanations.BASELINES`.
      pictures: how many molecules are drawn for each target; None for all.
    """
    smiles = given.smiles
    dataset, errors = predictor.molecules(smiles, columns=given.columns)
    for place, reason in errors.items():
        text = shortened(smiles[place])
        print(f"error: {given.places[place]} ({text!r}): {reason}.", file=sys.stderr)
    numbers = [place for place in range(len(smiles)) if place not in errors]
    if not numbers:
        return NOT_ALL
    with waiting("reading, compiling and explaining..."):
        result = explained(predictor, dataset, targets=targets, methods=methods, baseline=baseline)
    molecules, _ = parse([smiles[place] for place in numbers])
    names = [smiles[place].strip() for place in numbers]
    output.mkdir(parents=True, exist_ok=True)
    _tables(output, numbers, names, molecules, result, methods)
    for target, file in zip(result.targets, file_names(result.targets), strict=True):
        found = result.found[target, methods[0]]
        legend = legend_of(target, methods[0], found[0].mean, "atom")
        rows = list(zip(numbers, names, molecules, found, strict=True))
        for number, name, molecule, each in rows[:pictures]:
            (placed,) = drawing.laid_out([molecule])
            panel = drawing.Panel(placed, each.mean.nodes, title(name, each))
            _pictures(output / f"molecule_{number + 1}_{file}", [panel], legend)
        if len(smiles) == len(numbers) == 2:
            _pair(output / f"pair_{file}", target, names, molecules, found, legend, methods[0])
    _print(names, result, methods)
    kinds = "atoms.csv, molecules.csv" if pictures == 0 else "pictures, atoms.csv, molecules.csv"
    print(f"{len(names)} of {len(smiles)} molecules explained, in {output}: {kinds}.")
    return NOT_ALL if errors else 0


def _tables(
    output: pathlib.Path,
    numbers: Sequence[int],
    names: Sequence[str],
    molecules: Sequence[Any],
    result: Explained,
    methods: Sequence[str],
) -> None:
    header = ["molecule", "smiles", "target"]
    atoms: list[list[object]] = []
    whole: list[list[object]] = []
    for target in result.targets:
        for place, (number, name) in enumerate(zip(numbers, names, strict=True)):
            head = [number + 1, name, target]
            each = [result.found[target, method][place] for method in methods]
            for atom in molecules[place].GetAtoms():
                row = atom.GetIdx()
                cells = [
                    float(value)
                    for found in each
                    for value in (found.mean.nodes[row], found.deviations[row])
                ]
                atoms.append([*head, row, atom.GetSymbol(), *cells])
            for method, found in zip(methods, each, strict=True):
                whole.append([*head, method, *summary(found)])
    columns = [name for method in methods for name in (method, f"{method}_deviation")]
    table(output / "atoms.csv", [*header, "atom", "symbol", *columns], atoms)
    table(output / "molecules.csv", [*header, "method", *SUMMARY], whole)


def _pair(
    path: pathlib.Path,
    target: str,
    names: Sequence[str],
    molecules: Sequence[Any],
    found: Sequence[MeanExplanation],
    legend: str,
    method: str,
) -> None:
    """The pictures and the table of two molecules."""
    first, second = (each.mean for each in found)
    core = pairs.common_core((molecules[0], molecules[1]), (first.nodes, second.nodes))
    inside = (set(core.first), set(core.second))
    placed = drawing.laid_out(molecules, (core.first, core.second))
    panels = [
        drawing.Panel(
            placed[place],
            each.mean.nodes,
            title(names[place], each),
            tuple(atom for atom in range(each.mean.num_nodes) if atom not in inside[place]),
        )
        for place, each in enumerate(found)
    ]
    _pictures(path, panels, f"{legend}; rings: not in common")
    symbols = [[atom.GetSymbol() for atom in molecule.GetAtoms()] for molecule in molecules]

    def cells(place: int, atom: int) -> list[object]:
        return [atom, symbols[place][atom], float(found[place].mean.nodes[atom])]

    rows: list[list[object]] = [
        ["both", *cells(0, a), *cells(1, b), float(second.nodes[b] - first.nodes[a])]
        for a, b in zip(core.first, core.second, strict=True)
    ]
    empty: list[object] = ["", "", ""]
    for place, word in enumerate(("first", "second")):
        values = found[place].mean.nodes
        for atom in sorted(set(range(len(values))) - inside[place]):
            own, value = cells(place, atom), float(values[atom])
            if place:
                rows.append([word, *empty, *own, value])
            else:
                rows.append([word, *own, *empty, -value])
    sides_of = [f"{name}_{word}" for word in ("first", "second")
                for name in ("atom", "symbol", "contribution")]  # fmt: skip
    table(path.with_name(f"{path.name}.csv"), ["part", *sides_of, "difference"], rows)
    if method != "gradients":
        return
    parts = pairs.difference(first, second, core)
    shown = Table(f"{target}: second minus first", "", title="The pair")
    for word, value in (
        ("prediction", parts.total),
        (f"{len(core.first)} atoms in common", parts.core),
        ("atoms of the second alone", parts.only_second),
        ("atoms of the first alone", parts.only_first),
        ("columns of the whole molecule", parts.rest),
        ("baselines", parts.baseline),
    ):
        shown.add_row(word, f"{value:+.4g}")
    Console(markup=False, highlight=False).print(shown)


def _print(names: Sequence[str], result: Explained, methods: Sequence[str]) -> None:
    shown = Table("smiles", "target")
    columns = ["prediction"]
    if "gradients" in methods:
        columns += ["baseline", "atoms", "rest"]
    compared = {"gradients", "leave_one_out"} <= set(methods)
    if compared:
        columns.append("rank correlation\nwith leave one out")
    for column in columns:
        shown.add_column(column, justify="right")
    for target in result.targets:
        for place, name in enumerate(names):
            by_method = {method: result.found[target, method][place] for method in methods}
            cells = _cells(by_method)
            if compared:
                value = agreement(by_method["gradients"], by_method["leave_one_out"])
                cells.append("-" if math.isnan(value) else f"{value:.2f}")
            shown.add_row(name, target, *cells)
    Console(markup=False, highlight=False).print(shown)


def _cells(by_method: Mapping[str, MeanExplanation]) -> list[str]:
    known = [each for each in by_method.values() if not math.isnan(each.mean.prediction)]
    cells = [with_deviation(known[0]) if known else "-"]
    if "gradients" in by_method:
        mean = by_method["gradients"].mean
        cells += [f"{mean.baseline:.4g}", f"{mean.nodes.sum():+.4g}", f"{mean.rest:+.4g}"]
    return cells


def _pictures(path: pathlib.Path, panels: Sequence[drawing.Panel], legend: str) -> None:
    svg, png = drawing.draw(panels, legend)
    path.with_name(f"{path.name}.svg").write_text(svg, encoding="utf-8")
    path.with_name(f"{path.name}.png").write_bytes(png)
