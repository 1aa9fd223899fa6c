"""Show what a recipe will train, and what that costs.

    gtx describe --config=configs/smoke.py

Sizes of the graphs, labels, padding, parameters, FLOPs, memory, and which attention runs. The
data are loaded and one step is compiled; nothing is trained. Where the files of a published data
set are absent, its columns and the parameters are told all the same.
"""

import re
import sys
from collections.abc import Mapping
from typing import Any

from absl.flags import FlagValues
from rich.console import Console
from rich.table import Table

from gtx import describe
from gtx.cli import outcome, recipe_flag, shared_flags
from gtx.cli.waiting import waiting


def define(values: FlagValues) -> None:
    recipe_flag.define(values)
    shared_flags.define_json(values, "the figures")


def main(values: FlagValues) -> None:
    with waiting("reading data and compiling a step..."):
        figures = describe.describe(values.config)
    if values.json:
        outcome.write_json(values.json, figures)
    if values.json != "-":
        print_figures(figures, Console(highlight=False, markup=False))
    else:
        for note in figures["notes"]:
            print(note, file=sys.stderr)


def print_figures(figures: Mapping[str, Any], console: Console) -> None:
    """Print the result of `gtx.describe.describe` as tables."""
    _print_data(figures["data"], console)
    for name, seconds in figures["encodings"].items():
        console.print(f"Encoding {name}: {seconds:.2f} s")
    if figures["batches"] is not None:
        _print_batches(figures["batches"], console)
    _print_parameters(figures["parameters"], console)
    choices = {
        (each["implementation"], each["structure"], each["reason"])
        for each in figures["attention"] or ()
    }
    for implementation, structure, reason in sorted(choices):
        console.print(f"Attention over {structure}: {implementation} ({reason})")
    if figures["step"] is not None:
        _print_step(figures["step"], console)
    for note in figures["notes"]:
        console.print(f"Note: {note}")


def _print_step(step: Mapping[str, Any], console: Console) -> None:
    console.print(
        f"A training step: {_amount(step['flops'], 1000, 'FLOP')}, "
        f"{_amount(step['temporary_bytes'], 1024, 'B')} of temporary memory at its peak, "
        f"{_amount(step['argument_bytes'], 1024, 'B')} kept; {step['steps_per_call']} steps a "
        f"call, compiled in {step['compile_seconds']:.1f} s"
    )


def _print_data(data: Mapping[str, Any], console: Console) -> None:
    if data["splits"]:
        _print_splits(data, console)
    for level, columns in data["columns"].items():
        for name, column in columns.items():
            console.print(f"Column {name} of {level}: {column}")


def _print_splits(data: Mapping[str, Any], console: Console) -> None:
    table = Table("split", "graphs", "nodes", "edges", "isolated nodes", "largest degree")
    for name, part in data["splits"].items():
        sizes = ["{min} to {max}, mean {mean:.1f}".format(**part[k]) for k in ("nodes", "edges")]
        counts = [str(part[key]) for key in ("isolated_nodes", "max_degree")]
        table.add_row(name, str(part["graphs"]), *sizes, *counts)
    table.title = "Graphs"
    console.print(table)
    table = Table("split", "label", "known", "missing", "values", title="Labels")
    for name, part in data["splits"].items():
        for entry in part["labels"]:
            counts = [str(entry[key]) for key in ("known", "missing")]
            table.add_row(name, entry["name"], *counts, _values(entry))
    console.print(table)


def _values(entry: Mapping[str, Any]) -> str:
    if "classes" in entry:
        return ", ".join(f"{name}: {count}" for name, count in entry["classes"].items())
    if "positive" in entry:
        return f"{entry['positive']} positive"
    if "mean" not in entry:
        return ""
    return "{mean:.4g} ± {std:.4g}, {min:.4g} to {max:.4g}".format(**entry)


def _print_batches(batches: Mapping[str, Any], console: Console) -> None:
    tiers = " + ".join(f"{tier['num_graphs']} x {tier['size']}" for tier in batches["tiers"])
    console.print(
        f"A batch: {batches['batch_size']} {batches['unit']}s on {batches['num_shards']} "
        f"device(s), each with room for {batches['num_nodes']} nodes, {batches['num_edges']} edges "
        f"and, in attention, {tiers} nodes; {batches['steps_per_epoch']} steps an epoch"
    )
    # Not every batch has pairs of nodes, or an axis of targets, so the columns are read here.
    sizes = [key for key in next(iter(batches["padding"].values())) if key != "steps"]
    table = Table("batches", *sizes, "steps", title="Padded / useful size")
    for name, cost in batches["padding"].items():
        shares = [f"{cost[key]:.3f}" for key in sizes]
        table.add_row(name, *shares, str(cost["steps"]))
    console.print(table)
    total = sum(batches["compilations"].values())
    parts = ", ".join(f"{count} to {name}" for name, count in batches["compilations"].items())
    console.print(f"Compilations in a run: {total} ({parts})")


def _print_parameters(parameters: Mapping[str, Any], console: Console) -> None:
    """Print a table of the modules. Modules of the same name are summed over all blocks."""
    rows: dict[str, list[int]] = {}
    for name, count in parameters["modules"].items():
        rows.setdefault(re.sub(r"^block_\d+", "block_*", name), []).append(count)
    table = Table("module", "times", "parameters", title="Parameters")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, counts in rows.items():
        table.add_row(name, str(len(counts)), f"{sum(counts):,}")
    table.add_section()
    table.add_row("total", "", f"{parameters['total']:,}")
    console.print(table)


def _amount(value: int | float | None, base: int, unit: str) -> str:
    """A number with a unit prefix: decimal prefixes for base 1000, binary ones for 1024."""
    if value is None:
        return f"unknown {unit}"
    prefixes = ("", "k", "M", "G", "T") if base == 1000 else ("", "Ki", "Mi", "Gi", "Ti")
    place = 0
    while value >= base and place < len(prefixes) - 1:
        value, place = value / base, place + 1
    return f"{value:.3g} {prefixes[place]}{unit}"
