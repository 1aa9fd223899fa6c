"""Two tables of docs/models.md: what models learn in one budget, and what they tell apart.

They are made from docs/learning.json and docs/model_expressivity.json, which `python -m
experiments.learning` and `python -m experiments.model_expressivity` write.
"""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from gtx.models import MODELS

DOCS = pathlib.Path(__file__).parents[1] / "docs"

LEARNING = """\
## One budget

{epochs} epochs of {graphs} of the 10,000 training molecules of ZINC-12k (rebuilt), the same for
all, seed {seed}, scored on the 1,000 molecules of the validation part, at the best of the epochs
{every}, {twice}, ... Batch size, learning rate and weight decay are those of each recipe; schedules
end with the last epoch, and a warm-up takes a tenth of the epochs at most.

```bash
python -m experiments.learning --root=data --num_train={graphs} --num_epochs={epochs}
```

These are a few hundredths of the steps of the recipes, or less: the table shows how models start,
not where they end. *Steps* are those of the optimizer: a recipe of large batches takes few.
*Seconds per epoch* are the processor time of one thread, on a core that other work shared; *memory*
is the most that the process had. *Published* is the paper's number, after its whole schedule.

GPS is ahead of GT, as in the papers. PPGT is behind GPS here, and ahead in the papers: losses in
training have the same order, so it fits more slowly and does not overfit. It starts at twice the
rate, with gradients of norm 20 where those of GPS have 5, and both are clipped to 1. GIN+, which
does not attend at all, is the first here. A likely reason, not tested, is that of few molecules
bonds are learned sooner than all pairs. Graphormer makes 80 steps at a fifth of the rate of GPS.
Recipes that the table lacks were not trained to the end: their steps take many times as long.

A whole schedule has a command of the same kind, `--only=zinc_grit --num_train=0 --num_epochs=60`.
For GRIT that is about eight hours on one core, an estimate.
"""
TOLD = """\
## What they tell apart

The pairs of graphs of BREC (Wang and Zhang, 2023), by category, and of the ten classes of CSL
(Murphy et al., 2019), that a model tells apart.

```bash
python -m experiments.model_expressivity --root=data
```

*Untrained* is measured here: random weights in float64, {layers} layers of width {dim} with the
encodings of the model's recipe. Two graphs are told apart if a number of the prediction differs by
more than {tolerance:.0e} of the largest, for at least one draw of weights. Graphs and their
renumbered copies differed by {rounding:.0e} at most. It is what a model can tell, which training
may not find, and a lower bound: differences of CFI graphs fade towards rounding. *Trained* is
published, as cited elsewhere and not compared with the papers' tables, and was not measured here:
by BREC's protocol a model is trained on each pair. 1-WL tells none of the 400 pairs apart.
"""
# Trained. As they are cited elsewhere; the tables of the papers were not at hand to compare.
PUBLISHED = {
    "graphormer": "79",
    "edge_transformer": "258: basic 60, regular 50, extension 100, CFI 48",
    "floydnet": "as 3-WL, which tells 270",
}


def sections() -> list[str]:
    """The sections of what was measured, each text and table."""
    found = []
    for file, make in (("learning.json", learning), ("model_expressivity.json", told)):
        if (DOCS / file).exists():
            found.append(make(json.loads((DOCS / file).read_text())))
    return found


def learning(runs: Mapping[str, Any]) -> str:
    """The table of `experiments.learning`, the best first: runs of its default budget."""
    rows = sorted(runs.values(), key=lambda run: run["valid_mae"])
    header = [
        "recipe", "validation MAE", "train loss", "steps", "batch", "parameters",
        "seconds per epoch", "memory, GB", "published", "measured",
    ]  # fmt: skip
    cells = [
        [
            f"[{run['recipe']}](../configs/{run['recipe']}.py)",
            f"{run['valid_mae']:.3f}",
            f"{run['train_loss']:.3f}",
            str(run["num_epochs"] * -(-run["num_train"] // run["batch_size"])),
            str(run["batch_size"]),
            f"{run['parameters']:,}",
            f"{run['cpu_seconds_per_epoch']:.1f}",
            f"{run['peak_memory'] / 1e9:.1f}",
            _published(run),
            f"{run['date']}, {run['machine'].split(',')[0]}",
        ]
        for run in rows
    ]
    one = rows[0]
    text = LEARNING.format(
        epochs=one["num_epochs"],
        graphs=one["num_train"],
        seed=one["seed"],
        every=one["evaluate_every"],
        twice=2 * one["evaluate_every"],
    )
    return f"{text}\n{table(header, cells)}"


def _published(run: Mapping[str, Any]) -> str:
    """The paper's score on ZINC, where the model's recipe is this one."""
    kind = MODELS[run["model"]]
    return kind.published if kind.recipe == run["recipe"] else OTHER.get(run["recipe"], "")


# Of recipes that are not the one that their model names.
OTHER = {"zinc_gin_plus": "test MAE 0.065"}


def told(models: Mapping[str, Any]) -> str:
    """The table of `experiments.model_expressivity`."""
    first = next(iter(models.values()))
    families = list(first["families"])
    brec = [family for family in families if family != "CSL"]
    pairs = {family: first["families"][family]["pairs"] for family in families}
    header = ["model", f"CSL ({pairs['CSL']})", *(f"{name} ({pairs[name]})" for name in brec)]
    header += [f"BREC ({sum(pairs[name] for name in brec)}), untrained", "trained, published"]
    cells = []
    for name, model in models.items():
        counts = {family: one["told"] for family, one in model["families"].items()}
        cells.append(
            [
                name,
                str(counts["CSL"]),
                *(str(counts[family]) for family in brec),
                str(sum(counts[family] for family in brec)),
                PUBLISHED.get(name, "none found"),
            ]
        )
    text = TOLD.format(
        layers=first["num_layers"],
        dim=first["dim"],
        tolerance=first["tolerance"],
        rounding=max(model["rounding"] for model in models.values()),
    )
    return f"{text}\n{table(header, cells)}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of markdown."""
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
