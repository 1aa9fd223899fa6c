"""The page of generated data has the scores of its file, by commands of recipes that exist."""

import importlib
import json
import pathlib

from experiments import generated


def test_the_page_has_the_tables_of_the_scores(monkeypatch, tmp_path):
    copy = tmp_path / "generated.md"
    copy.write_text(generated.PAGE.read_text())
    monkeypatch.setattr(generated, "PAGE", copy)
    generated.main([])
    assert copy.read_text() == (generated.ROOT / "docs" / "generated.md").read_text()


def test_every_score_has_the_command_of_its_row():
    scores = json.loads(pathlib.Path(generated.SCORES).read_text())
    for name, rows in generated.TABLES.items():
        for row in rows:
            config = importlib.import_module(f"configs.{row.recipe}").get_config()
            for change in row.changes:
                group, field = change.split("=")[0].split(".")
                # A field that a source has as a default need not be in the recipe.
                assert field in config[group] or field.endswith("_count")
            found = scores.get(name, {}).get(row.name)
            assert found is None or found["command"] == row.command
