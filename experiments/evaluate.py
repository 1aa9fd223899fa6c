"""Score a trained model: `python -m experiments.evaluate --workdir=runs/... --split=test`."""

import sys
from collections.abc import Sequence
from typing import Any

from absl import flags

from experiments import launch, report
from gtx import Predictor, build, training
from gtx.data import GraphSpec, Scaler
from gtx.training.identity import differences

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")
_SPLIT = flags.DEFINE_multi_enum(
    "split", ["test"], ["train", "valid", "test"], "Part of the data; may be given again."
)
_JSON = flags.DEFINE_string("json", "", "Also write the scores to this file; - for stdout alone.")
flags.mark_flag_as_required("workdir")


def main(argv: Sequence[str]) -> None:
    del argv
    predictor = Predictor.load(_WORKDIR.value)
    config = predictor.recipe.config
    prepared = build.prepare(config)
    check_same_data(predictor.recipe, prepared)

    evaluator = training.Evaluator(
        predictor.model, predictor.task, build.budget(config, prepared.dataset)
    )
    scores = {}
    for split in dict.fromkeys(_SPLIT.value):
        part = prepared.dataset.part(split)
        if len(part) == 0:
            raise build.ConfigError(f"the data of this run have no part {split!r}.")
        evaluation = evaluator(predictor.variables, part)
        scores[split] = evaluation.metrics
        for note in evaluation.notes:
            print(f"{split}: {note}", file=sys.stderr)
    if _JSON.value:
        report.write_json(_JSON.value, scores)
    if _JSON.value != "-":
        report.print_scores(scores, None)


def check_same_data(recipe: build.Recipe, prepared: build.Prepared) -> None:
    """Raise unless the data are described as they were when the model was trained.

    Raises:
      ConfigError: names the first differences.
    """

    def facts(spec: GraphSpec, scaler: Scaler | None) -> dict[str, Any]:
        return dict(spec=spec.to_json(), scaler=None if scaler is None else scaler.to_json())

    changes = differences(
        facts(recipe.spec, recipe.scaler), facts(prepared.dataset.spec, prepared.scaler)
    )
    if changes:
        raise build.ConfigError(
            f"the data are not those of the run. They differ in {'; '.join(changes[:5])}. Restore "
            "the file that it was trained on, or use experiments.predict for other molecules."
        )


if __name__ == "__main__":
    launch.run(main)
