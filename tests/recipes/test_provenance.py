"""Data that are read again, as they were and changed in one thing."""

import csv
import dataclasses

import pytest

from gtx import recipes
from gtx.recipes import provenance
from tests import trained

pytestmark = pytest.mark.usefixtures("quick_compilation")
pytest.importorskip("rdkit")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """The recipe of a run on molecules in a file; it was never trained."""
    path = tmp_path_factory.mktemp("provenance") / "molecules.csv"
    write(path, ROWS)
    return recipe_of(trained.config(path))


ROWS = [(text, 0.5 * len(text)) for text in trained.SMILES]


def write(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("smiles", "logS"), *rows])


def recipe_of(config):
    return recipes.read_recipe(recipes.recipe(config, recipes.prepare(config)))


def check(recipe, path, rows, *parts, **fields):
    write(path, rows)
    config = type(recipe.config)(recipe.config.to_dict())
    config.data.update({"path": str(path), **fields})
    return provenance.check_data(recipe, recipes.prepare(config), parts)


def places(recipe, part):
    """Rows of the file that stand in a part."""
    split = recipes.load(recipe.config).dataset
    return split.part(part).ids


def relabelled(rows, places):
    return [(text, label + (row in places)) for row, (text, label) in enumerate(rows)]


def test_equal_content_in_another_file_is_the_same_data(recipe, tmp_path):
    assert check(recipe, tmp_path / "moved.csv", ROWS, "train", "valid", "test") == ()
    spelled = [(text, f"{label:.3f}") for text, label in ROWS]
    assert check(recipe, tmp_path / "spelled.csv", spelled, "test") == ()


@pytest.mark.parametrize("how_many", [1, 3])
def test_changed_labels_of_the_part_are_refused_by_its_name(recipe, tmp_path, how_many):
    rows = relabelled(ROWS, places(recipe, "test")[:how_many])
    with pytest.raises(provenance.OtherDataError, match="test: labels differ") as error:
        check(recipe, tmp_path / "a.csv", rows, "test")
    assert "train:" not in str(error.value) and "\n" not in str(error.value)


def test_a_swap_of_two_labels_is_seen(recipe, tmp_path):
    first, second = places(recipe, "test")[:2]
    rows = list(ROWS)
    rows[first], rows[second] = (ROWS[first][0], ROWS[second][1]), (ROWS[second][0], ROWS[first][1])
    assert rows != ROWS
    with pytest.raises(provenance.OtherDataError, match="test: labels differ"):
        check(recipe, tmp_path / "a.csv", rows, "test")


def test_changed_labels_of_another_part_are_a_note_where_scales_stay(recipe, tmp_path):
    rows = relabelled(ROWS, places(recipe, "valid"))
    (note,) = check(recipe, tmp_path / "a.csv", rows, "test")
    assert note == "the part valid: labels differ; it is not that of the run any more."
    with pytest.raises(provenance.OtherDataError, match="valid: labels differ"):
        check(recipe, tmp_path / "a.csv", rows, "test", "valid")


def test_changed_labels_of_train_change_the_scale_and_are_refused(recipe, tmp_path):
    rows = relabelled(ROWS, places(recipe, "train"))
    with pytest.raises(provenance.OtherDataError, match=r"train: labels differ; spec.label.mean"):
        check(recipe, tmp_path / "a.csv", rows, "test")


@pytest.mark.parametrize(
    ("rows", "fields", "said"),
    [
        (ROWS[::-1], {}, "differs"),
        (ROWS[:-1], {}, "graphs instead of|differs"),
        ([*ROWS, ("CCCCCO", 1.0)], {}, "graphs instead of|differs"),
        (ROWS, {"split_seed": 3}, "differs"),
        (ROWS, {"test_fraction": 0.3}, "graphs instead of"),
        (
            [("C" + text, label) for text, label in ROWS],
            {},
            "structure differs, labels differ, column atom",
        ),
    ],
    ids=["order", "one-less", "one-more", "split", "fractions", "molecules"],
)
def test_other_graphs_in_the_part_are_refused(recipe, tmp_path, rows, fields, said):
    with pytest.raises(provenance.OtherDataError, match=said):
        check(recipe, tmp_path / "a.csv", rows, "test", **fields)


def test_other_features_are_refused(recipe, tmp_path):
    with pytest.raises(provenance.OtherDataError, match=r"test: column atom of the nodes is gone"):
        check(recipe, tmp_path / "a.csv", ROWS, "test", features="types")


def test_a_run_that_kept_no_content_is_compared_by_its_spec(recipe, tmp_path):
    older = dataclasses.replace(recipe, content=None)
    (note,) = check(older, tmp_path / "a.csv", ROWS, "test")
    assert "kept no hash of its data" in note
    with pytest.raises(provenance.OtherDataError, match=r"spec.label.mean"):
        check(older, tmp_path / "a.csv", relabelled(ROWS, range(30)), "test")


def test_encodings_of_another_machine_are_the_same_data(recipe, monkeypatch):
    prepared = recipes.prepare(recipe.config)
    prepared.dataset.nodes["rwse"][...] += 1e-7
    assert provenance.check_data(recipe, prepared, ["test"]) == ()


def test_other_data_are_read_with_the_scales_of_the_run(tmp_path):
    path = tmp_path / "a.csv"
    write(path, ROWS)
    config = trained.config(path)
    config.data.descriptors = ("MolWt",)
    data = recipes.recipe(config, recipes.prepare(config))
    predictor = trained.invented(data)
    write(path, [(text, 2 * value) for text, value in ROWS])  # no other graphs, no other parts
    assert not provenance.drawn_anew(predictor.recipe, provenance.other_data(predictor.recipe))
    write(path, [*ROWS, ("CCCCCCCCCCCCO", 99.0)])
    dataset = provenance.other_data(predictor.recipe)
    assert len(dataset) == len(ROWS) + 1 and not dataset.graphs
    assert provenance.drawn_anew(predictor.recipe, dataset)
    expected = trained.invented(data)([text for text, _ in ROWS])
    assert predictor(dataset)[: len(ROWS)] == pytest.approx(expected, abs=1e-5)


def test_labels_of_another_kind_are_refused(recipe, tmp_path):
    path = tmp_path / "a.csv"
    write(path, [(text, row % 2) for row, (text, _) in enumerate(ROWS)])
    config = type(recipe.config)(recipe.config.to_dict())
    config.data.update(path=str(path), kind="binary")
    with pytest.raises(provenance.OtherDataError, match='label.kind: "regression" -> "binary"'):
        provenance.other_data(dataclasses.replace(recipe, config=config))


def test_a_run_that_started_from_another_is_read_again_without_it(recipe):
    config = type(recipe.config)(recipe.config.to_dict())
    config.init_from = "runs/removed"
    label = recipe.spec.label  # another scale than that of these labels
    label = dataclasses.replace(label, mean=(7.0,), std=(3.0,))
    started = dataclasses.replace(recipe, config=config, spec=recipe.spec.replace(label=label))
    found = provenance.read_again(started)
    assert found.dataset.spec == started.spec
    assert provenance.read_again(recipe).dataset.spec == recipe.spec
