"""Noise in recipes whose structures add nodes."""

import importlib

import pytest

from gtx import recipes


@pytest.mark.parametrize("name", ["zinc_graphormer", "zinc_gdt", "zinc_tokengt"])
def test_a_recipe_with_added_nodes_has_noise_on_the_columns_of_nodes(name):
    config = importlib.import_module(f"configs.{name}").get_config()
    config.model.num_layers, config.task.noise = 1, 0.05
    config.task.noise_columns = "nodes.type"
    recipes.check(config)
    recipes.check_model(config)
    config.task.noise_columns = "nodes.kind"  # which a structure writes
    with pytest.raises(recipes.ConfigError, match=r"config\.task\.noise_columns"):
        recipes.check_model(config)
    config.task.noise_columns = ""
    with pytest.raises(recipes.ConfigError, match="no features of edges .* columns of nodes alone"):
        recipes.check_model(config)
