"""Data as a recipe asks for them."""

import pytest
from ml_collections import ConfigDict

from gtx import recipes
from gtx.data import Categorical, DatasetError
from tests.configs.shrunk import RECIPES


def recipe(folder, rows):
    config = RECIPES["zinc_gps"](folder)
    table = dict(name="categorical", sizes=(rows,))
    config.model.node_encoders = ConfigDict(dict(type=table))
    return config


def test_a_table_may_have_fewer_rows_than_the_source_declares_as_long_as_none_is_missing(tmp_path):
    config = recipe(tmp_path, 28)
    full = recipes.load(config).dataset
    assert full.spec.nodes["type"] == Categorical((28,))
    rows = int(full.nodes["type"].max()) + 1
    config.model.node_encoders.type.sizes = (rows,)
    graphs = recipes.load(config).dataset
    assert graphs.spec.nodes["type"].sizes == (rows,)
    assert recipes.model(config, graphs.spec).embed().nodes["type"].keywords["sizes"] == (rows,)
    config.model.node_encoders.type.sizes = (rows - 1,)
    with pytest.raises(DatasetError, match=f"type.*{rows - 1}"):
        recipes.load(config)


def test_a_table_may_have_more_rows(tmp_path):
    config = recipe(tmp_path, 64)
    graphs = recipes.load(config).dataset
    assert graphs.spec.nodes["type"].sizes == (28,)
    assert recipes.model(config, graphs.spec).embed().nodes["type"].keywords["sizes"] == (64,)
