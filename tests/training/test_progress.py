"""Progress as JSON: what another version or program wrote is refused by the name of its field."""

import copy
import dataclasses
import json

import pytest

from gtx.training import CheckpointError
from gtx.training import progress as module
from gtx.training.progress import Progress, Totals


def some() -> Progress:
    progress = Progress(epoch=2, position=3, totals=Totals(1.5, 4.0, 0.5, 3, 1e-3), best_score=0.5)
    progress.history.append({"epoch": 1, "valid": None})
    return progress


def test_progress_survives_json():
    assert Progress.from_json(json.loads(json.dumps(some().to_json()))) == some()
    assert Progress.from_json(Progress().to_json()) == Progress()


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Progress)])
def test_a_missing_field_is_named(field):
    data = some().to_json()
    del data[field]
    with pytest.raises(CheckpointError, match=rf"progress lacks \['{field}'\].*Another version"):
        Progress.from_json(data)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("epoch", -1),
        ("epoch", 2.5),
        ("epoch", True),
        ("position", "3"),
        ("totals", None),
        ("totals.steps", 1.5),
        ("totals.loss_sum", "1"),
        ("totals.loss_sum", float("nan")),
        ("history", {}),
        ("history", [1]),
        ("best_score", "good"),
        ("best_score", float("inf")),
        ("best_epoch", -1),
    ],
)
def test_a_value_that_it_cannot_be_is_named(path, value):
    data = copy.deepcopy(some().to_json())
    *parents, name = path.split(".")
    inner = data[parents[0]] if parents else data
    inner[name] = value
    with pytest.raises(CheckpointError, match=rf"progress.{path} is|progress.{path} is a"):
        Progress.from_json(data)


def test_an_unknown_field_is_named():
    for data, where in (
        ({**some().to_json(), "replica": 0}, r"progress lacks \[\] .* unknown \['replica'\]"),
        ({**some().to_json(), "totals": {**some().to_json()["totals"], "x": 1}}, "totals .*'x'"),
        ([], "progress is a list"),
        (None, "progress is a NoneType"),
    ):
        with pytest.raises(CheckpointError, match=where):
            Progress.from_json(data)


def test_a_field_that_is_added_later_has_its_default(monkeypatch):
    later = dataclasses.make_dataclass(
        "Later", [("seeds", int, dataclasses.field(default=7))], bases=(Progress,)
    )
    assert set(module._PROGRESS) == set(some().to_json())
    found = later.from_json(some().to_json())
    assert found.seeds == 7 and found.epoch == 2
