"""docs/models.md: what the code says, and nothing else."""

import dataclasses

import pytest

from experiments import models
from gtx.models import GPS, MODELS
from tests.configs.test_parameter_counts import COUNTS


def count(recipe):
    """As many parameters as the recipe is tested to have, without building it again."""
    return COUNTS[recipe][0]


def test_the_page_is_what_the_code_says():
    written = models.PAGE.read_text()
    assert written == models.page(count), "run python -m experiments.models"


@pytest.mark.parametrize("name", MODELS)
def test_a_model_says_what_its_row_needs(name):
    kind = MODELS[name]
    assert kind.paper and kind.complexity, "the class variables of gtx.models.Model"
    if kind.recipe:
        assert models.config_of(kind.recipe).model.name == name


def test_a_row_has_parts_needs_parameters_and_scores():
    scores = {"zinc_gps": dict(score="0.127", command="gtx train", date="2026-11-23")}
    cells = dict(zip(models.COLUMNS, models.row("gps", GPS, count, scores), strict=True))
    assert cells["model"] == "[GPS](../gtx/models/gps.py)" and cells["name"] == "gps"
    assert cells["needs"] == "all pairs, RandomWalk" and cells["parameters"] == "423,717"
    assert "GPSBlock" in cells["parts"] and cells["published"] == "test MAE 0.070 ± 0.004"
    assert cells["score here"] == "0.127 (`gtx train`, 2026-11-23)"


def test_parameters_are_counted_at_full_size():
    assert models.parameters("smoke") == COUNTS["smoke"][0]
    assert models.parameters("csv_molecules") is None


def test_a_model_without_a_recipe_has_a_row_all_the_same():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Bare(GPS):
        recipe = ""

    Bare.__module__ = GPS.__module__
    assert len(models.row("bare", Bare, count, {})) == len(models.COLUMNS)
