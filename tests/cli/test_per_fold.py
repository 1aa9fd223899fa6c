"""Means over folds of which some have no score."""

import math

import numpy as np

from gtx.cli import per_fold


def test_a_fold_without_a_score_is_left_out_of_the_mean_and_told():
    values = [0.5, math.nan, 0.75]
    assert per_fold._mean_known(values) == 0.625
    np.testing.assert_allclose(per_fold._deviation_known(values), np.std([0.5, 0.75], ddof=1))
    assert math.isnan(per_fold._mean_known([math.nan]))
    assert math.isnan(per_fold._deviation_known([0.5, math.nan]))
    folds = [{"test": {"roc_auc": value}} for value in values]
    (line,) = per_fold._undefined(folds, "roc_auc")
    assert line.startswith("test roc_auc is not defined in 1 of 3 folds (1); ")
    assert not per_fold._undefined(folds[::2], "roc_auc")
