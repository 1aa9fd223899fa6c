"""A recipe has what its model cannot do without, or is refused before data are loaded."""

import dataclasses

import pytest
from ml_collections import ConfigDict

from configs import smoke
from gtx import models, recipes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Needy(models.GPS):
    def needs(self):
        return models.Needs(encodings=("spd",), structures=("virtual_nodes",), dense=True)


@pytest.fixture
def config(monkeypatch):
    monkeypatch.setitem(models.MODELS, "needy", Needy)
    config = smoke.get_config()
    config.model.name = "needy"
    config.encodings.spd = ConfigDict()
    config.structures = ConfigDict(dict(virtual_nodes={}))
    return config


def test_a_recipe_that_has_it_passes(config):
    recipes.check(config)


def no_encoding(config):
    del config.encodings.spd


def unused_encoding(config):
    config.encodings_used = "laplacian"


def no_structure(config):
    config.structures = ConfigDict()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (no_encoding, "encodings.spd"),
        (unused_encoding, "encodings.spd"),
        (no_structure, "structures.virtual_nodes"),
    ],
)
def test_what_is_missing_is_named(config, change, field):
    change(config)
    with pytest.raises(recipes.ConfigError, match=f"Give config.{field}, with its settings"):
        recipes.check(config)
