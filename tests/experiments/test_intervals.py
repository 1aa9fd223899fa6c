"""What is measured of intervals, and the page that tells it."""

import json

import numpy as np
import pytest

from experiments import intervals


def said(noise, count=4000, seed=0):
    """An ensemble whose errors have the deviation that its members show, times `noise`."""
    rng = np.random.default_rng(seed)
    found = {}
    for part in intervals.PARTS:
        scale = rng.uniform(0.1, 1.0, count)
        truth = rng.normal(size=count)
        centre = truth + noise * scale * rng.normal(size=count)
        members = centre + scale * rng.normal(size=(20, count))
        found[part] = members[:, :, None].astype(np.float32)
        found[f"{part}_labels"] = truth[:, None].astype(np.float32)
    return found


def test_intervals_cover_what_they_say_and_the_uncertain_are_those_with_large_errors():
    found = intervals.measured(said(noise=2.0))
    for name in ("spread", "same", "unseen"):
        assert found[name] == pytest.approx(0.9, abs=0.02)
    assert found["spread_width"] < 0.95 * found["same_width"]
    assert found["rmse"] < found["rmse_member"]
    assert found["left_out"][0] == pytest.approx(found["rmse"])
    assert all(np.diff(found["left_out"]) < 0) and found["left_out"][-1] < 0.5 * found["rmse"]


def test_a_table_has_a_row_for_each_set_and_one_for_all():
    one = intervals.measured(said(noise=2.0, count=100))
    scores = {"esol_0": one, "esol_1": intervals.measured(said(1.0, 100, 1)), "lipo_0": one}
    lines = intervals.table(scores).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| esol", "| lipo", "| all"]
    assert "±" in lines[2] and "±" not in lines[3] and " 3 " in lines[4]


def test_the_page_has_the_table_of_its_scores(tmp_path, monkeypatch):
    page = tmp_path / "uncertainty.md"
    page.write_text(intervals.PAGE.read_text())
    monkeypatch.setattr(intervals, "PAGE", page)
    monkeypatch.setattr(intervals, "PICTURES", tmp_path)
    intervals.write()
    assert page.read_text() == (intervals.ROOT / "docs" / "uncertainty.md").read_text()
    for ending in ("svg", "png"):
        name = f"{intervals.PICTURE}.{ending}"
        assert (tmp_path / name).stat().st_size > 3000


def test_every_split_that_was_measured_is_one_of_a_set():
    scores = json.loads(intervals.SCORES.read_text())
    splits = intervals.of_sets(scores)
    assert sum(map(len, splits.values())) == len(scores) and set(splits) == set(intervals.SETS)
    assert all(len(each["left_out"]) == len(intervals.KEPT) for each in scores.values())


def test_a_recipe_is_a_small_ensemble_on_a_random_split():
    from gtx import recipes

    config = intervals.recipe("lipo", 3, "data")
    recipes.check(config)
    assert recipes.seeds(config) == (12, 13, 14, 15) and config.data.split_seed == 3
