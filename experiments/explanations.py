"""Do explanations find the atoms that made the label: `python -m experiments.explanations`.

Two labels are made of the molecules of the source `solubility`, so that it is known which atoms
they are made of: the number of carbonyl groups, and whether a molecule has both a hydroxyl group
and a carbonyl group, a donor beside an acceptor. One small GPS model is trained on both, without
descriptors. Then the molecules of its test part are explained that have such atoms, and others
beside them: for the pair, those that have it.

The score is the area under the ROC curve over the atoms of a molecule, of the contributions against
the true atoms, and its mean over molecules. It also says how far the contributions are from adding
up to the prediction minus the baseline. Everything goes to docs/explanations.json, docs/explain.md
and docs/figures/explain. With --report_only the trained run is explained again.
"""

import argparse
import csv
import dataclasses
import io
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from sklearn.metrics import roc_auc_score

from experiments.benchmarks import measure
from gtx import Predictor, cli, recipes
from gtx.data.smiles import parse_all, rdkit
from gtx.data.sources import SOURCES
from gtx.explain import Explainer, ExplainError, Explanation, drawing

ROOT = pathlib.Path(__file__).parents[1]
SCORES = ROOT / "docs" / "explanations.json"
PAGE = ROOT / "docs" / "explain.md"
FIGURES = ROOT / "docs" / "figures" / "explain"
START, END = (f"<!-- explanations: {side} -->" for side in ("start", "end"))

CARBONYL, HYDROXYL = "[CX3]=[OX1]", "[OX2H]"
CHANGES = (
    "data.target=carbonyls,donor and acceptor",
    "data.kind=mixed",
    "data.kinds=regression,binary",
    "data.split=column",
    "data.descriptors=()",
    "model.dim=32",
    "model.num_layers=2",
    "model.dropout_rate=0.1",
    "model.attention_dropout_rate=0.0",
    "training.num_epochs=60",
    "training.evaluate_every=10",
)
METHODS = ("integrated gradients", "leave one out", "attention rollout")
_DRAWN = 3  # molecules of each target
_COLOURS = 128


@dataclasses.dataclass(frozen=True)
class Made:
    """A label that is made of known atoms.

    Attributes:
      name: of the target.
      groups: SMARTS of the groups that it is made of.
      counts: whether it is the number of the only group; otherwise whether all are there.
    """

    name: str
    groups: tuple[str, ...]
    counts: bool

    def matches(self, molecule: Any) -> list[list[tuple[int, ...]]]:
        """The atoms of each match of each group."""
        chem = rdkit()
        return [
            [tuple(match) for match in molecule.GetSubstructMatches(chem.MolFromSmarts(group))]
            for group in self.groups
        ]

    def label(self, molecule: Any) -> int:
        counts = [len(matches) for matches in self.matches(molecule)]
        return counts[0] if self.counts else int(all(counts))

    def atoms(self, molecule: Any) -> np.ndarray:
        """True for the atoms of the groups, bool [atoms]."""
        found = np.zeros(molecule.GetNumAtoms(), bool)
        for matches in self.matches(molecule):
            for match in matches:
                found[list(match)] = True
        return found


MADE = (
    Made("carbonyls", (CARBONYL,), True),
    Made("donor and acceptor", (HYDROXYL, CARBONYL), False),
)


def write_data(path: pathlib.Path, smiles: Sequence[str] | None = None) -> None:
    """Write the molecules with both labels; 15 % of them are for the test, 10 % for validation."""
    if smiles is None:
        names = SOURCES["solubility"]().load().names
        assert names is not None
        smiles = list(dict.fromkeys(map(str, names)))
    order = np.random.default_rng(0).permutation(len(smiles))
    split = np.full(len(smiles), "train", object)
    split[order[: int(0.15 * len(smiles))]] = "test"
    split[order[int(0.15 * len(smiles)) : int(0.25 * len(smiles))]] = "valid"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["smiles", *(made.name for made in MADE), "split"])
        for text, molecule, part in zip(smiles, parse_all(smiles), split, strict=True):
            writer.writerow([text, *(made.label(molecule) for made in MADE), part])


def train(workdir: pathlib.Path) -> None:
    """Train the model through the command; a finished run is not trained again.

    Args:
      workdir: folder of the run, and beside it the file of the data.
    """
    path = workdir.with_suffix(".csv")
    if not path.exists():
        write_data(path)
    arguments = [f"--config.{change}" for change in CHANGES]
    config = ROOT / "configs" / "csv_molecules.py"
    code = cli.run(
        "train",
        [f"--config={config}", f"--config.data.path={path}", f"--workdir={workdir}", *arguments],
    )
    if code:
        raise SystemExit(code)


def measured(predictor: Predictor) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The scores of each target and method, and the explained molecules of each target.

    Of each molecule these are its RDKit molecule, its true atoms and its integrated gradients.
    """
    dataset = recipes.prepare(predictor.recipe.config).dataset
    test, train_part = dataset.part("test"), dataset.part("train")
    assert test.names is not None
    explainer = Explainer.of(predictor)
    mean = explainer.mean(train_part)
    found: dict[str, Any] = {}
    shown: dict[str, list[Any]] = {}
    for made in MADE:
        smiles, molecules, truth = [], [], []
        for text, molecule in zip(test.names, parse_all(list(test.names)), strict=True):
            atoms = made.atoms(molecule)
            if made.label(molecule) and atoms.any() and not atoms.all():
                smiles.append(str(text))
                molecules.append(molecule)
                truth.append(atoms)
        explained = {
            "integrated gradients": explainer.integrated_gradients(
                smiles, made.name, baseline=mean
            ),
            "leave one out": explainer.leave_one_out(smiles, made.name),
            "attention rollout": explainer.rollout(smiles),
        }
        found[made.name] = {
            "molecules": len(smiles),
            **{method: scores(each, truth) for method, each in explained.items()},
            "gap": largest_gap(explained["integrated gradients"]),
            "steps": max(each.steps for each in explained["integrated gradients"]),
        }
        shown[made.name] = list(
            zip(molecules, truth, explained["integrated gradients"], smiles, strict=True)
        )
    return found, shown


def scores(explained: Sequence[Explanation], truth: Sequence[np.ndarray]) -> dict[str, float]:
    """The mean over molecules of the area under the curve, and that over all atoms together."""
    each = [
        roc_auc_score(atoms, explanation.nodes)
        for atoms, explanation in zip(truth, explained, strict=True)
    ]
    together = np.concatenate([explanation.nodes for explanation in explained])
    return dict(
        roc_auc=float(np.mean(each)),
        roc_auc_of_all_atoms=float(roc_auc_score(np.concatenate(truth), together)),
    )


def largest_gap(explained: Sequence[Explanation]) -> float:
    """The largest |sum - (prediction - baseline)|, as a part of |prediction - baseline|."""
    return max(
        abs(each.total - (each.prediction - each.baseline)) / abs(each.prediction - each.baseline)
        for each in explained
    )


def draw(name: str, shown: Sequence[Any]) -> bytes:
    """A PNG of a few molecules, the true atoms with rings."""
    order = np.random.default_rng(1).permutation(len(shown))
    sizes = [shown[place][0].GetNumAtoms() for place in order]
    chosen = [place for place, size in zip(order, sizes, strict=True) if 9 <= size <= 20][:_DRAWN]
    panels = []
    for molecule, atoms, explanation, smiles in (
        shown[place] for place in chosen or order[:_DRAWN]
    ):
        (placed,) = drawing.laid_out([molecule])
        title = f"{smiles}: {explanation.prediction:.2f}"
        panels.append(
            drawing.Panel(placed, explanation.nodes, title, tuple(np.flatnonzero(atoms).tolist()))
        )
    _, png = drawing.draw(panels, f"contribution to {name}; rings: the true atoms")
    small = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(_COLOURS)
    picture.save(small, "PNG", optimize=True)
    return small.getvalue()


def table(found: Mapping[str, Any]) -> str:
    """The table of the page."""
    lines = [
        "| target | molecules | ROC AUC of gradients | of leave one out | of rollout "
        "| largest gap | steps |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, each in found["targets"].items():
        areas = " | ".join(f"{each[method]['roc_auc']:.3f}" for method in METHODS)
        lines.append(
            f"| {name} | {each['molecules']} | {areas} | {each['gap']:.2%} | {each['steps']} |"
        )
    lines += ["", f"{found['date']}, {found['seconds']:.0f} s of training: {found['machine']}."]
    return "\n".join(lines)


def write_page() -> None:
    """Replace the table of the page by that of the scores."""
    before, rest = PAGE.read_text().split(START)
    found = json.loads(SCORES.read_text())
    PAGE.write_text(f"{before}{START}\n{table(found)}\n{END}{rest.split(END)[1]}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workdir", type=pathlib.Path, default=pathlib.Path("runs/explanations"))
    parser.add_argument("--report_only", action="store_true", help="do not train")
    options = parser.parse_args(arguments)
    if not options.report_only:
        options.workdir.parent.mkdir(parents=True, exist_ok=True)
        train(options.workdir)
    elif not options.workdir.exists():
        raise ExplainError(f"there is no run in {options.workdir}. Leave out --report_only.")
    found, shown = measured(Predictor.load(options.workdir))
    run = json.loads((options.workdir / "metrics.json").read_text())
    everything = dict(targets=found, seconds=run["train_seconds"], test=run["test"])
    SCORES.write_text(json.dumps({**everything, **measure.machine()}, indent=1) + "\n")
    FIGURES.mkdir(parents=True, exist_ok=True)
    for made in MADE:
        path = FIGURES / f"{made.name.replace(' ', '_')}.png"
        path.write_bytes(draw(made.name, shown[made.name]))
    write_page()
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
