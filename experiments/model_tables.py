"""Two tables of docs/models.md: what models learn in one budget, and what they tell apart.

They are made from docs/learning.json and docs/model_expressivity.json, which `python -m
experiments.learning` and `python -m experiments.model_expressivity` write.
"""

import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
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

GPS is ahead of GT, as in the papers. GRIT and PPGT are behind GPS here, and ahead in the papers:
losses in training have the order of the scores, so they fit more slowly and do not overfit. Four
times the molecules and steps do not change that for PPGT (the second table). Without its dropout
and stochastic depth it reaches 0.523 in the first budget, so that these explain a fourth of the
distance to GPS. Its paper trains for 2,500 epochs of all molecules, that of GRIT for 2,000. GIN+,
which does not attend at all, is the first here. A likely reason, not tested, is that of few
molecules bonds are learned sooner than all pairs. GT and EGT make 160 steps and Graphormer 80, at a
fifth of the rate of GPS: their batches are larger.

A longer run has a command of the same kind, `--only=zinc_grit --num_train=0 --num_epochs=60`. For
GRIT 60 epochs are about eight hours on one core, and its schedule of 2,000 about 260: estimates.
"""
MORE = """\
The same with {graphs} molecules and {epochs} epochs, `--num_train={graphs} --num_epochs={epochs}`:
"""
TOLD = """\
## What they tell apart

The pairs of graphs of BREC (Wang and Zhang, 2024), by category, and of the ten classes of CSL
(Murphy et al., 2019), that a model tells apart: *untrained*, which is what it can tell, and
*trained* by BREC's protocol, which is what a training of 80 steps finds and a test then sees. 1-WL
tells none of the 400 pairs of BREC apart. A dash is a category that was not counted: models of n³
take long on the CFI graphs, which have up to 198 nodes.

```bash
python -m experiments.model_expressivity --root=data
python -m experiments.model_expressivity --root=data --protocol=trained --seeds=1
```

Both are models of {layers} layers of width {dim} with the encodings of the model's recipe.
No count of a paper stands beside these: none could be read at its source. A copy of table 2 of Wang
and Zhang (2024) has 79 pairs for a trained Graphormer: basic 16, regular 12, extension 41, CFI 10.
The authors of FloydNet test random weights too, in float64 and 256 layers
(`example/BREC/test_BREC.py`, `EPOCH = 0`).
"""
UNTRAINED = """\
### Untrained

Random weights in float64. Two graphs are told apart if a number of the prediction differs by more
than {tolerance:.0e} of the largest, for at least one of a few draws of weights. Graphs and their
renumbered copies differed by {rounding:.0e} at most. It is a lower bound: differences of CFI graphs
fade towards rounding.
"""
TRAINED = """\
### Trained by BREC's protocol

A model is trained on 32 copies of each graph of a pair with other numbers of nodes, to embed the
two apart, and the pair is told apart if a statistic of the embeddings exceeds 72.34, as in the
authors' code: `experiments/paired_comparisons.py` says it in full. The protocol has ten seeds; here
are {seeds}. *Not reliable* are pairs of which the model tells copies of one graph apart, by how
rounding depends on the numbers of nodes; by the protocol a result with one of these is none.

GDT can tell all basic pairs apart and hardly finds any. A likely reason, not tested: its initial
values are small (a deviation of 0.02), so that what tells two graphs apart is lost in rounding, and
80 steps at a rate of 1e-4 hardly move them.
"""


def sections() -> list[str]:
    """The sections of what was measured, each text and table."""
    found = []
    for file, make in (("learning.json", learning), ("model_expressivity.json", told)):
        if (DOCS / file).exists():
            found.append(make(json.loads((DOCS / file).read_text())))
    return found


def learning(runs: Mapping[str, Any]) -> str:
    """The tables of `experiments.learning`, one for each budget, the best run first."""
    budgets: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
    for run in sorted(runs.values(), key=lambda run: (run["num_train"], run["valid_mae"])):
        budgets.setdefault((run["num_train"], run["num_epochs"]), []).append(run)
    (graphs, epochs), first = next(iter(budgets.items()))
    one = first[0]
    parts = [
        LEARNING.format(
            epochs=epochs,
            graphs=graphs,
            seed=one["seed"],
            every=one["evaluate_every"],
            twice=2 * one["evaluate_every"],
        ),
        _runs(first),
    ]
    for (graphs, epochs), others in list(budgets.items())[1:]:
        parts += [MORE.format(graphs=graphs, epochs=epochs), _runs(others)]
    return "\n".join(parts)


def _runs(runs: Sequence[Mapping[str, Any]]) -> str:
    """The table of the runs of one budget."""
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
        for run in runs
    ]
    return table(header, cells)


def _published(run: Mapping[str, Any]) -> str:
    """The paper's score on ZINC, where the model's recipe is this one."""
    kind = MODELS[run["model"]]
    return kind.published if kind.recipe == run["recipe"] else OTHER.get(run["recipe"], "")


# Of recipes that are not the one that their model names.
OTHER = {"zinc_gin_plus": "test MAE 0.065"}


FAMILIES = ("basic", "regular", "strongly reg.", "extension", "CFI", "4-vertex", "dist. reg.")


def told(protocols: Mapping[str, Any]) -> str:
    """The tables of `experiments.model_expressivity`."""
    untrained, trained = (protocols.get(name, {}) for name in ("untrained", "trained"))
    some = next(iter((untrained or trained).values()))
    parts = [TOLD.format(layers=some["num_layers"], dim=some["dim"])]
    if untrained:
        tolerance = some["tolerance"]
        rounding = max(model["rounding"] for model in untrained.values())
        parts.append(UNTRAINED.format(tolerance=tolerance, rounding=rounding))
        parts.append(_counts(untrained, lambda family: str(family["told"]), total=True))
    if trained:
        families = next(iter(trained.values()))["families"]
        seeds = list(next(iter(families.values()))["told"])
        some = ("seeds " if len(seeds) > 1 else "seed ") + " and ".join(seeds)
        parts.append(TRAINED.format(seeds=f"those of {some}"))
        parts.append(_counts(trained, _of_seeds))
    return "\n".join(parts)


def _of_seeds(family: Mapping[str, Any]) -> str:
    """The pairs told apart, and those not reliable if there are any: the least and the most."""
    cells = []
    for field in ("told", "unreliable"):
        numbers = sorted(family[field].values())
        cells.append("–".join(dict.fromkeys(map(str, (numbers[0], numbers[-1])))))
    return cells[0] if cells[1] == "0" else f"{cells[0]} ({cells[1]} not reliable)"


def _counts(
    models: Mapping[str, Any], cell: Callable[[Mapping[str, Any]], str], *, total: bool = False
) -> str:
    """A table with a row for each model and a column for each family that any model has.

    Args:
      models: by name, with their families.
      cell: what is shown of a family.
      total: whether to say how many draws of weights there were, and to add up the families of
        BREC, where a model has them all.
    """
    pairs = {
        name: family["pairs"]
        for model in models.values()
        for name, family in model["families"].items()
    }
    names = [name for name in ("CSL", *FAMILIES) if name in pairs]
    brec = [name for name in names if name != "CSL"]
    header = ["model", "draws", *(f"{name} ({pairs[name]})" for name in names)]
    if not total:
        header.remove("draws")
    if total:
        header.append(f"BREC ({sum(pairs[name] for name in brec)})")
    rows = []
    for model, entry in sorted(models.items()):
        found = entry["families"]
        rows.append([model, *(cell(found[name]) if name in found else "–" for name in names)])
        if total:
            rows[-1].insert(1, str(entry["seeds"]))
            whole = all(name in found for name in brec)
            rows[-1].append(str(sum(found[name]["told"] for name in brec)) if whole else "–")
    return table(header, rows)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of markdown."""
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
