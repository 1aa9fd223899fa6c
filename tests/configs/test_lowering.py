"""The training step of every config lowers for CPU, CUDA and TPU, from any machine."""

import jax
import pytest

from gtx.models import MODELS
from tests.configs import small
from tests.configs.test_parameter_counts import COUNTS

PLATFORMS = ("cpu", "cuda", "tpu")
SIZES = {name: count for name, (count, _) in COUNTS.items() if count is not None}
KINDS = {name: small.config_of(name).model.name for name in SIZES}
LARGEST = [
    max((name for name in SIZES if KINDS[name] == kind), key=SIZES.__getitem__)
    for kind in MODELS
    if kind in KINDS.values()
]


def lowered(config):
    """The module that XLA gets, in the dialect StableHLO, for all platforms at once."""
    step = small.step_of(config, small.graphs_of(config), values=False)
    exported = jax.export.export(step.program.function, platforms=PLATFORMS)(*step.arguments)
    assert exported.platforms == PLATFORMS
    return exported.mlir_module()


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_of_each_model_lowers_with_one_of_its_layers(name):
    config = small.config_of(name)
    if "num_layers" in config.model:
        config.model.num_layers = 1
    config.batch.size = 3
    assert "stablehlo.while" in lowered(config)  # the loop over steps


@pytest.mark.slow
@pytest.mark.parametrize("name", SIZES)
def test_every_config_lowers_as_it_is(name):
    config = small.config_of(name)
    config.batch.size = 3
    assert "stablehlo.while" in lowered(config)
