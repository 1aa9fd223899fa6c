"""Score a trained model: `python -m experiments.evaluate --workdir=runs/... --split=test`.

The data are read again and must be those of the run. `--other_data` scores on what its config
reads now, such as corrected labels or further molecules, and says so.
"""

import sys
from collections.abc import Sequence

from absl import flags

from experiments import launch, report
from gtx import Predictor, recipes, training
from gtx.data import Dataset, topology
from gtx.recipes import provenance

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")
_SPLIT = flags.DEFINE_multi_enum(
    "split", ["test"], ["train", "valid", "test"], "Part of the data; may be given again."
)
_JSON = flags.DEFINE_string("json", "", "Also write the scores to this file; - for stdout alone.")
_OTHER_DATA = flags.DEFINE_bool(
    "other_data", False, "Score on the data as they are now, though they are not those of the run."
)
flags.mark_flag_as_required("workdir")


def main(argv: Sequence[str]) -> None:
    del argv
    predictor = Predictor.load(_WORKDIR.value)
    splits = tuple(dict.fromkeys(_SPLIT.value))
    score = _other_scores if _OTHER_DATA.value else _scores
    scores = score(predictor, splits)
    if _JSON.value:
        report.write_json(_JSON.value, scores)
    if _JSON.value != "-":
        report.print_scores(scores, None)


def _scores(predictor: Predictor, splits: Sequence[str]) -> dict[str, dict[str, float]]:
    """Of parts of the run's own data."""
    config = predictor.recipe.config
    prepared = recipes.prepare(config)
    for note in provenance.check_data(predictor.recipe, prepared, splits):
        print(f"note: {note}", file=sys.stderr)
    evaluator = training.Evaluator(
        predictor.model, predictor.task, recipes.budget(config, prepared.dataset)
    )
    scores = {}
    for split in splits:
        part = _part(prepared.dataset, split)
        evaluation = evaluator(predictor.variables, part)
        scores[split] = evaluation.metrics
        for note in evaluation.notes:
            print(f"{split}: {note}", file=sys.stderr)
    return scores


def _other_scores(predictor: Predictor, splits: Sequence[str]) -> dict[str, dict[str, float]]:
    """Of parts of whatever the config reads now."""
    dataset = provenance.other_data(predictor.recipe)
    print("note: these scores are not of the data of the run.", file=sys.stderr)
    scores = {}
    for split in splits:
        part = _part(dataset, split)
        labels = part.labels
        if predictor.task.label.level == "node":
            labels = labels[topology.own_nodes(part)]
        scores[split] = predictor.task.metrics(predictor(part), labels)
        for note in predictor.task.undefined(labels):
            print(f"{split}: {note}", file=sys.stderr)
    return scores


def _part(dataset: Dataset, split: str) -> Dataset:
    part = dataset.part(split)
    if len(part) == 0:
        raise recipes.ConfigError(f"the data of this run have no part {split!r}.")
    return part


if __name__ == "__main__":
    launch.run(main)
