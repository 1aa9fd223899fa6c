from gtx.training import EarlyStopping
from gtx.training.hooks.base import RunInfo


def stopped(tmp_path, scores, patience=2):
    hook = EarlyStopping(patience)
    hook.start(
        RunInfo(
            workdir=tmp_path, num_epochs=9, steps_per_epoch=1, step=0, history=(),
            main_metric="mae", mode="min",
        )
    )  # fmt: skip
    return hook.stop([{"valid": None if s == "none" else {"mae": s}} for s in scores])


def test_a_score_that_does_not_improve_stops(tmp_path):
    assert stopped(tmp_path, [3.0, 2.0, 2.5]) is None
    assert "no better mae in 2 evaluations" in stopped(tmp_path, [3.0, 2.0, 2.5, "none", 2.0])


def test_scores_that_are_undefined_stop_nothing(tmp_path):
    assert stopped(tmp_path, [None] * 5) is None
    assert stopped(tmp_path, [3.0, None, None, 3.5]) is None
