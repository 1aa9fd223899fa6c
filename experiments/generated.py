"""Scores on generated data: `python -m experiments.generated lrim lrim_1024 algorithms`.

Each row is a command, `gtx train` with a recipe and changes that fit two slow cores. Its scores go
to docs/generated_scores.json, and from there into the tables of docs/generated.md. Without a name
only the page is written.
"""

import argparse
import dataclasses
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

ROOT = pathlib.Path(__file__).parents[1]
PAGE, SCORES = ROOT / "docs" / "generated.md", ROOT / "docs" / "generated_scores.json"


@dataclasses.dataclass(frozen=True)
class Row:
    """A run.

    Attributes:
      name: what is compared, for the table.
      recipe: in configs/.
      changes: fields of the recipe and their values.
    """

    name: str
    recipe: str
    changes: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        flags = " ".join(f"--config.{change}" for change in self.changes)
        return f"gtx train --config=configs/{self.recipe}.py {flags} --workdir=runs/{self.recipe}"


SCORED = ("roc_auc", "rmse")  # which score of a task is told
LRIM = (
    "data.num_graphs=640", "batch.size=16", "model.dim=32", "model.num_layers=4",
    "optimizer.learning_rate=3e-3", "training.num_epochs=10",
)  # fmt: skip
SMALL = (
    "data.train_count=5000", "data.valid_count=500", "data.test_count=100", "model.dim=32",
    "model.num_layers=3", "optimizer.learning_rate=3e-3", "training.num_epochs=10",
)  # fmt: skip
# The same number of nodes and of steps, in lattices of 1,024.
LARGER = ("data.side=32", "data.num_graphs=160", "batch.size=4", *LRIM[2:])
# On the graphs and by the score of the others.
GDT = (
    "data.test_nodes=128", "model.num_heads=4", "model.drop_path_rate=0.0",
    "model.dropout_rate=0.0", "model.attention_dropout_rate=0.0", "optimizer.warmup_epochs=0.5",
    "batch.size=64", "task.kind=binary", "task.metric=roc_auc",
)  # fmt: skip
TABLES = {
    "lrim": (
        Row("message passing (GatedGCN)", "lrim_gated_gcn", LRIM),
        Row("GPS", "lrim_gps", LRIM),
        Row("full attention, in chunks", "lrim_attention", LRIM),
    ),
    "lrim_1024": (
        Row("message passing (GatedGCN)", "lrim_gated_gcn", LARGER),
        Row("GPS", "lrim_gps", LARGER),
        Row("full attention, in chunks", "lrim_attention", LARGER),
    ),
    "algorithms": tuple(
        Row(f"{name}, {task}", f"algorithms_{name.lower()}", (f"data.task={task}", *SMALL, *more))
        for task in ("topological_order", "minimum_spanning_tree", "bridges")
        for name, more in (("GPS", ()), ("GRIT", ()), ("GDT", GDT))
        if task != "topological_order" or name != "GDT"
    ),
}


def measure(row: Row) -> dict[str, Any]:
    """Train a row in a folder that is thrown away; its scores and what they took."""
    with tempfile.TemporaryDirectory() as folder:
        command = row.command.split()[1:-1] + [f"--workdir={folder}"]
        subprocess.run([sys.executable, "-m", "gtx", *command], check=True, cwd=ROOT)
        found = json.loads((pathlib.Path(folder) / "metrics.json").read_text())
    return dict(
        command=row.command,
        date=datetime.date.today().isoformat(),
        scores={part: found[part] for part in ("train", "valid", "test")},
        parameters=found["parameters"],
        seconds=round(found["train_seconds"]),
    )


def table(name: str, scores: dict[str, dict[str, Any]]) -> str:
    """The rows of a table that were measured, in Markdown."""
    parts = ("train", "valid", "test")
    lines = ["| what | parameters | score | train | valid | test | seconds | date |"]
    lines.append("|" + "---|" * 8)
    for row in TABLES[name]:
        found = scores.get(name, {}).get(row.name)
        if found is None:
            continue
        metric = next(each for each in SCORED if each in found["scores"]["test"])
        values = " | ".join(f"{found['scores'][part][metric]:.3f}" for part in parts)
        lines.append(
            f"| {row.name} | {found['parameters']:,} | {metric} | {values} | {found['seconds']} "
            f"| {found['date']} |"
        )
    return "\n".join(lines)


def write_page() -> None:
    """Replace the tables of the page by those of the scores."""
    scores, page = json.loads(SCORES.read_text()), PAGE.read_text()
    for name in TABLES:
        start, end = (f"<!-- {name}: {side} -->" for side in ("start", "end"))
        before, rest = page.split(start)
        page = f"{before}{start}\n{table(name, scores)}\n{end}{rest.split(end)[1]}"
    PAGE.write_text(page)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", choices=[[], *TABLES], help="what is trained")
    chosen = parser.parse_args(arguments).tables
    for table in chosen:
        for row in TABLES[table]:
            scores = json.loads(SCORES.read_text()) if SCORES.exists() else {}
            scores.setdefault(table, {})[row.name] = measure(row)
            SCORES.write_text(json.dumps(scores, indent=1) + "\n")
    write_page()


if __name__ == "__main__":
    main()
