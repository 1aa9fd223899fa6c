"""Data as a recipe asks for them."""

import numpy as np
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


def test_num_train_makes_the_training_part_smaller_and_no_other(tmp_path):
    config = RECIPES["zinc_gps"](tmp_path)
    full = recipes.load(config).dataset
    config.data.num_train = 5
    graphs = recipes.load(config).dataset
    assert len(graphs.part("train")) == 5 and len(graphs) == len(full) - len(full.part("train")) + 5
    assert set(graphs.part("train").ids) < set(full.part("train").ids)
    for part in ("valid", "test"):
        np.testing.assert_array_equal(graphs.part(part).ids, full.part(part).ids)
    config.data.num_train = len(full.part("train")) + 1
    with pytest.raises(DatasetError, match="num_train|train graphs"):
        recipes.load(config)
    config.data.num_train = -1
    with pytest.raises(recipes.ConfigError, match="config.data.num_train: -1"):
        recipes.load(config)


def test_num_train_counts_the_targets_of_a_single_graph(tmp_path):
    config = RECIPES["cora_gcn"](tmp_path)
    full = recipes.load(config).dataset
    config.data.num_train = 3
    graphs = recipes.load(config).dataset
    assert len(graphs) == 1 and len(graphs.part("train").targets) == 3
    assert len(graphs.part("test").targets) == len(full.part("test").targets)
