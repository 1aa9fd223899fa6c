import pytest

from gtx.data.spec import Label
from gtx.tasks import Binary, Multiclass, Regression, from_label


@pytest.mark.parametrize(
    ("kind", "loss", "expected"),
    [
        ("regression", "auto", (Regression, "scaled_mae", "min")),
        ("regression", "huber", (Regression, "scaled_mae", "min")),
        ("binary", "auto", (Binary, "roc_auc", "max")),
        ("multilabel", "auto", (Binary, "average_precision", "max")),
        ("multiclass", "auto", (Multiclass, "accuracy", "max")),
        ("multiclass", "weighted_cross_entropy", (Multiclass, "weighted_accuracy", "max")),
    ],
)
def test_the_kind_of_label_chooses_the_task_and_its_main_metric(kind, loss, expected):
    task = from_label(Label("graph", kind, 3), loss=loss)
    assert (type(task), task.main_metric, task.mode) == expected
    assert task.output_dim == 3


def test_one_regression_target_is_scored_in_its_own_unit():
    task = from_label(Label("graph", "regression", 1))
    assert task.main_metric == "mae" and task.metric_names == ("mae", "rmse", "r2")


def test_the_main_metric_can_be_chosen():
    assert from_label(Label("graph", "regression", 1), metric="rmse").main_metric == "rmse"


def test_a_loss_that_does_not_fit_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match="choose one of l1, mse, huber"):
        from_label(Label("graph", "regression", 1), loss="cross_entropy")
