"""Every option of every layer is listed, and changes what the layer computes."""

import dataclasses
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import jaxtyping
import pytest
from flax import errors

from tests.descriptors import DESCRIPTORS, Descriptor, inputs
from tests.descriptors.batches import LOOSE
from tests.layer_programs import call, every_layer, init, is_edges, shapes, start

pytestmark = pytest.mark.usefixtures("quick_compilation")


@every_layer
def test_every_option_is_listed(layer):
    module = layer.factory()
    if layer.kind == "model":
        return
    fields = {
        f.name
        for f in dataclasses.fields(module)
        if has_default(f) and not is_edges(f) and f.name not in ("parent", "name")
    }
    assert fields == {*layer.options, *layer.neutral}


def has_default(field):
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


def lowered(layer, module):
    """The program of a call while training, without what no result depends on.

    To compare programs takes a tenth of the time that compiling and comparing results takes.
    """

    def training(variables, features, batch):
        return call(layer, module, variables, features, batch)

    return jax.jit(training).lower(start(layer), inputs(LOOSE), LOOSE).as_text()


@functools.cache
def program(layer):
    """Of the layer as it is."""
    return lowered(layer, layer.factory())


def other_shapes(layer, module):
    return str(jax.eval_shape(lambda: init(layer, module))) != str(shapes(layer))


def other_program(layer, module):
    try:
        return lowered(layer, module) != program(layer)
    except (errors.FlaxError, jaxtyping.TypeCheckError):  # it has other variables
        return True


OPTIONS = [
    pytest.param(
        layer,
        option,
        id=f"{layer.name}-{option}",
        marks=[pytest.mark.slow] if (layer.kind, option) == ("model", "dtype") else [],
    )
    for layer in DESCRIPTORS
    for option in layer.options
    if not option.endswith("_init")
]


@pytest.mark.parametrize("layer, option", OPTIONS)
def test_every_option_changes_the_result(layer, option):
    module = layer.factory(**{option: layer.options[option]})
    # The one that more likely decides comes first.
    checks = (other_shapes, other_program) if "dtype" in option else (other_program, other_shapes)
    assert any(differs(layer, module) for differs in checks)


class Idle(nn.Module):
    """Nothing reads the first option; what the second makes reaches no result."""

    unread: float = 1.0
    lost: float = 1.0
    read: float = 1.0

    def __call__(self, x, *, train=False):
        (x * self.lost).sum()
        return jnp.tanh(x * self.read)


@pytest.mark.parametrize("option, changes", [("unread", False), ("lost", False), ("read", True)])
def test_an_option_that_reaches_no_result_would_be_found(option, changes):
    layer = Descriptor("idle", Idle, "rows")
    assert not other_program(layer, Idle())
    module = Idle(**{option: 2.0})
    assert other_program(layer, module) == changes and not other_shapes(layer, module)


with_initial = [d for d in DESCRIPTORS if any(name.endswith("_init") for name in d.options)]


@pytest.mark.parametrize("layer", with_initial, ids=lambda layer: layer.name)
def test_every_option_for_initial_values_is_read(layer):
    names = [name for name in layer.options if name.endswith("_init")]
    called = set()

    def recorded(name):
        def initial(key, shape, dtype=jnp.float32):
            called.add(name)
            return layer.options[name](key, shape, dtype)

        return initial

    module = layer.factory(**{name: recorded(name) for name in names})
    jax.eval_shape(lambda: init(layer, module))
    assert called == set(names)
