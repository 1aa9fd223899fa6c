"""Every field of a module is explained, once."""

import dataclasses
import re

import flax.linen
import pytest

from gtx import nn

MODULES = [
    value
    for value in vars(nn).values()
    if isinstance(value, type) and issubclass(value, flax.linen.Module)
]


def documented(text):
    """The names that a docstring lists with a colon, each on a line of its own."""
    names = re.findall(r"^ +((?:\w+, )*\w+): ", text or "", re.MULTILINE)
    return {name for line in names for name in line.split(", ")}


COMMON = documented(nn.__doc__)


def test_the_room_explains_what_its_modules_share():
    assert COMMON == {"dtype", "param_dtype", "kernel_init", "bias_init"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_field_is_documented_and_no_other(module):
    fields = {field.name for field in dataclasses.fields(module)} - {"parent", "name"}
    inherited = set().union(*(documented(base.__doc__) for base in module.__mro__))
    assert fields <= COMMON | inherited
    own = documented(module.__doc__.partition("Attributes:")[2])
    assert own <= fields


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_what_the_room_explains_is_not_repeated(module):
    repeated = (
        r"^ +(dtype: computation dtype|param_dtype: storage dtype|kernel_init: of every kernel)[.,]"
    )
    assert not re.search(repeated, module.__doc__, re.MULTILINE)
