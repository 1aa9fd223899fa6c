"""Parts of a model by name: every one of them, and every field of each."""

import dataclasses
import pathlib
import re

import jax
import pytest

from gtx import encodings, limits, models, nn, structures
from gtx.data import sources
from gtx.models import parts
from gtx.models.parts import FunctionOf, PartOf, PartsOf, unwrapped

ROOT = pathlib.Path(__file__).parents[2]
KINDS = {
    "attention": PartOf(parts.ATTENTION),
    "encoder": parts.ENCODER,
    "feed_forward": PartOf(parts.FEED_FORWARD),
    "local": PartOf(parts.LOCAL, optional=True),
    "norm": PartOf(parts.NORMS),
}
FIELDS = [
    pytest.param(rule, name, field, each, id=f"{name}-{field}")
    for kind, rule in KINDS.items()
    for name in rule.parts
    for field, each in rule.settings(name).items()
]


def value_of(rule):
    """A value that a recipe may have for a field of this rule."""
    if isinstance(rule, limits.AnyOf):
        return value_of(rule.rules[0])
    if isinstance(rule, limits.TupleOf):
        return (value_of(rule.each),) * (rule.length or 2)
    if isinstance(rule, limits.OneOf):
        return rule.names[-1]
    if isinstance(rule, FunctionOf):
        return sorted(rule.functions)[0]
    if isinstance(rule, PartOf):
        return sorted(rule.parts)[0]
    if isinstance(rule, PartsOf):
        return {"column": "constant"}
    values = {limits.Flag: True, limits.Whole: 3, limits.Real: 0.25, limits.Text: "reference"}
    return values[type(rule)]


@pytest.mark.parametrize(("kind", "name", "field", "rule"), FIELDS)
def test_every_field_of_every_part_is_reachable_from_a_recipe(kind, name, field, rule):
    part = dict(name=name, **{field: value_of(rule)})
    assert kind.problem("config.model.part", part) is None
    _, bound = unwrapped(kind.make(part))
    expected = value_of(rule)
    if isinstance(rule, FunctionOf):
        expected = rule.functions[expected]
    if isinstance(rule, PartOf):
        expected = rule.parts[expected]
    if isinstance(rule, PartsOf):
        expected = {"column": nn.ConstantEncoder}
    assert bound[field] == expected


def test_parts_in_parts_are_made_too():
    made = parts.ENCODER.make(dict(name="linear", norm=dict(name="batch", momentum=0.5)))
    assert made.keywords["norm"].func is nn.BatchNorm
    assert made.keywords["norm"].keywords == {"momentum": 0.5}
    assert parts.ENCODER.make(dict(name="random_walk", norm="none")).keywords == {"norm": None}
    gated = KINDS["local"].make(dict(name="gated_gcn", activation="gelu"))
    assert gated.keywords == {"activation": jax.nn.gelu}
    assert KINDS["local"].make("none") is None


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("gxt", "p: there is no 'gxt' among .*none"),
        (dict(name="gat", dim=3), "p.dim: 'gat' has no such field"),
        (dict(name="gat", num_head=3), "p.num_head: .*did you mean 'num_heads'.*its fields are"),
        (dict(name="gat", num_heads="3"), "p.num_heads: '3' is not allowed. Give an integer"),
        (dict(name="gat", kernel_init="zero"), "p.kernel_init: .*did you mean 'zeros'"),
        (dict(name="gated_gcn", norm=dict(name="batch", momntum=1.0)), "p.norm.momntum: 'batch'"),
        (3, "p: 3 is not allowed. Give one of"),
        (None, "p: None is not allowed"),
    ],
)
def test_a_part_that_cannot_be_is_named_with_its_place(part, says):
    assert re.match(says, KINDS["local"].problem("p", part))


# One built-in of each kind, and its name in Python.
BUILT_IN = {
    "layer": (nn.TransformerConv, "nn/local"),
    "encoder": (nn.SignNetEncoder, "nn/encoders"),
    "encoding": (encodings.Sinusoidal, "encodings"),
    "source": (sources.PeptidesFunc, "data/sources"),
    "model": (models.GPS, "models"),
    "structure": (structures.KHop, "structures"),
}


@pytest.mark.parametrize("kind", BUILT_IN)
def test_a_built_in_stands_in_its_file_and_in_its_room_and_nowhere_else(kind):
    built_in, room = BUILT_IN[kind]
    word = re.compile(rf"\b{built_in.__name__}\b")
    named = {
        str(path.relative_to(ROOT / "gtx"))
        for path in (ROOT / "gtx").rglob("*.py")
        if any(
            word.search(line) and not line.lstrip().startswith(("#", '"'))
            for line in path.read_text().splitlines()
            if "import" in line or "class " in line
        )
    }
    own = built_in.__module__.removeprefix("gtx.").replace(".", "/") + ".py"
    # gtx.nn hands on the names of its rooms.
    assert named - {"nn/__init__.py"} == {own, f"{room}/__init__.py"}


def test_fields_of_models_have_rules():
    for model in models.MODELS.values():
        assert dataclasses.is_dataclass(model)
        for field, rule in limits.rules_of(model).items():
            assert not isinstance(rule, limits.Anything), field
