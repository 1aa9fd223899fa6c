"""Settings that would copy a memory-mapped folder to memory are refused by name."""

import pytest

from configs import packed as recipe
from gtx import recipes
from gtx.data import packed_folder
from tests.training import small


@pytest.mark.parametrize(
    "field, value, message",
    [
        ("data.split", "random", "config.data.split: it is 'random'"),
        ("encodings_used", "all", "config.encodings.*--config.encodings_used=none"),
        ("data.standardize", True, r"config.data.standardize: \['nodes.feat'\]"),
    ],
)
def test_what_would_copy_the_folder_is_refused(field, value, message, tmp_path):
    packed_folder.save(small.dataset(22).with_split([0] * 18 + [1] * 4), tmp_path / "mine")
    config = recipe.get_config()
    config.data.path = str(tmp_path / "mine")
    config.encodings_used, config.data.standardize = "none", False
    assert packed_folder.is_mapped(recipes.prepare(config).dataset)
    with config.unlocked():
        config.update_from_flattened_dict({field: value})
    with pytest.raises(recipes.ConfigError, match=message):
        recipes.prepare(config)
