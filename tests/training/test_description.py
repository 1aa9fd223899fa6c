import dataclasses
import functools
import json

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gtx.training import Constant, Optimizer
from gtx.training.description import describe
from tests.training import small


def layer(dim, depth=2, *, rate=0.0):
    return dim, depth, rate


@dataclasses.dataclass
class Holder:
    value: object = 3
    own: list = dataclasses.field(default_factory=list)


def test_a_module_is_its_fields_and_nothing_of_flax():
    assert describe(small.Small(dim=4)) == {
        "class": "Small", "dim": 4, "outputs": 1, "rate": 0.25, "level": "graph",
        "sown": 0.0,
    }  # fmt: skip
    assert describe(small.Small(dim=4), defaults=False) == {"class": "Small", "dim": 4}


def test_a_partial_is_its_arguments_by_name_however_they_were_bound():
    by_place, by_name = functools.partial(layer, 3), functools.partial(layer, dim=3)
    assert describe(by_place) == describe(by_name) == {"class": "layer", "dim": 3}
    nested = functools.partial(functools.partial(layer, 3, rate=0.5), depth=2)
    assert describe(nested) == {"class": "layer", "dim": 3, "depth": 2, "rate": 0.5}
    assert describe(nested, defaults=False) == {"class": "layer", "dim": 3, "rate": 0.5}


def test_functions_and_types_are_names():
    values = [jax.nn.relu, jnp.tanh, np.tile, jnp.float32, np.dtype("float32"), nn.Dense, layer]
    names = ["relu", "tanh", "tile", "float32", "float32", "Dense", "layer"]
    assert [describe(value) for value in values] == names


@pytest.mark.parametrize(
    "make",
    [
        lambda number: lambda step: number * step,  # what it closes over
        lambda number: jax.jit(lambda step: number * step),
        lambda number: Optimizer(lambda rate: optax.sgd(rate, momentum=number), Constant(0.1)),
        lambda number: optax.chain(optax.clip(1.0), optax.sgd(number)),
        lambda number: {"deep": [Holder(np.full(3, number))]},
        lambda number: Holder(jnp.full(3, number)),
        lambda number: Holder(own=[number]),
    ],
    ids=["closure", "jitted", "rule", "optax", "array", "jax", "list"],
)
def test_what_differs_in_a_number_is_told_apart_and_what_is_equal_is_not(make):
    assert describe(make(0.25)) == describe(make(0.25)) != describe(make(0.5))


def test_lambdas_are_told_apart_by_their_numbers():
    assert describe(lambda step: 0.25 * step) == describe(lambda step: 0.25 * step)
    assert describe(lambda step: 0.25 * step) != describe(lambda step: 0.5 * step)
    assert describe(lambda step, rate=1: rate) != describe(lambda step, rate=2: rate)


def test_everything_is_json_and_has_no_addresses():
    loop = Holder()
    loop.value = loop
    values = [loop, object(), {1, 2}, float("nan"), np.float32(2), Holder(object()), b"bytes", ...]
    text = json.dumps(describe(values), allow_nan=False)
    assert " at 0x" not in text and '"..."' in text
    assert describe(values) == describe(values)
