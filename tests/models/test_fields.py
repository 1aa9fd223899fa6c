"""Every field of every model changes what is built, or the model says that it does not read it."""

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import pytest

from gtx import recipes
from gtx.data import Continuous, Label
from gtx.encodings import RandomWalk, ShortestPathDistance
from gtx.limits import AnyOf, Flag, Nothing, OneOf, Real, Rule, Text, TupleOf, Whole, rules_of
from gtx.models import MODELS
from gtx.models.model import Model
from gtx.models.parts import FunctionOf, PartOf, PartsOf
from gtx.recipes.models import model_of
from gtx.training.description import describe
from tests.configs.small import NAMES, config_of

# Fields that no other value suits: names of what the data hold, and parts with one choice.
NAMES_OF_DATA = (Text, TupleOf, PartsOf, Nothing)
ONE_CHOICE = {"feed_forward"}
# What some fields need before they are read.
WITH = {
    "gpspp": [dict(positions="coordinates")],
    "mpnn": [dict(local="gat"), dict(local="gine")],
    "gps": [dict(pair_bias=True, attention="complete")],
}
WALKS, DISTANCES = RandomWalk(6, name="walks"), ShortestPathDistance(5, name="distances")


def simple(rule: Rule) -> list[Rule]:
    return list(rule.rules) if isinstance(rule, AnyOf) else [rule]


def other_values(rule: Rule, value: Any) -> list[Any]:
    found: list[Any] = []
    for each in simple(rule):
        if isinstance(each, PartOf):
            found += each.parts
        elif isinstance(each, FunctionOf):
            found += each.functions
        elif isinstance(each, Flag):
            found.append(not value)
        elif isinstance(each, OneOf):
            found += each.names
        elif isinstance(each, Whole):
            found += [value + 1, 2 * value, 1] if isinstance(value, int) else [2, 4]
        elif isinstance(each, Real):
            found += [0.25, 0.5, 2.0]
    return [other for other in found if other != value]


@dataclasses.dataclass(frozen=True)
class Case:
    """A model and data that it can be built for."""

    model: Model
    spec: Any
    encodings: tuple[Any, ...]
    structures: tuple[str, ...]

    def built(self, **changes: Any) -> Any:
        """A description of the module; None where the model or the data forbid it."""
        try:
            model = dataclasses.replace(self.model, **changes)
            return describe(
                model.build(self.spec, encodings=self.encodings, structures=self.structures)
            )
        except (TypeError, ValueError):
            return None


@functools.cache
def all_configs() -> list[Any]:
    return [config_of(name) for name in NAMES]


def cases(name: str) -> Iterator[Case]:
    """For each config of a model, or for the data of ZINC: labels of all levels, more encodings."""
    configs = [config for config in all_configs() if config.model.name == name]
    for config in configs or [config_of("zinc_gt")]:
        if recipes.declared_spec(config) is None:
            continue  # a user's own file
        model = model_of(config) if configs else MODELS[name]()
        spec = recipes.example(config).spec
        encodings = tuple(recipes.encodings(config)) if configs else ()
        for changes in [{}, *WITH.get(name, [])]:
            columns = {"coordinates": Continuous(3)} if "positions" in changes else {}
            for level in ("graph", "node", "edge", "pair"):
                for more in ((), (WALKS,), (DISTANCES,)):
                    added = {column for one in more for column in one.columns().items()}
                    yield Case(
                        dataclasses.replace(model, **changes),
                        dataclasses.replace(
                            spec,
                            label=Label(level, "multiclass", 3),
                            nodes={
                                **spec.nodes,
                                **columns,
                                **{key: column for (at, key), column in added if at == "node"},
                            },
                            pairs={
                                **spec.pairs,
                                **{key: column for (at, key), column in added if at == "pair"},
                            },
                        ),
                        encodings + more,
                        tuple(config.get("structures", {})) if configs else (),
                    )


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_field_changes_the_module_or_is_declared_unread(name):
    kind = MODELS[name]
    rules = rules_of(kind)
    wanted = {
        field: rule
        for field, rule in rules.items()
        if field not in {*kind.unread, *ONE_CHOICE}
        and not all(isinstance(each, NAMES_OF_DATA) for each in simple(rule))
    }
    for case in cases(name):
        first = case.built()
        for field in list(wanted):
            for value in other_values(rules[field], getattr(case.model, field)):
                changed = case.built(**{field: value})
                if changed is not None and changed != first:
                    del wanted[field]
                    break
        if not wanted:
            break
    assert not wanted, f"{name} does not read {sorted(wanted)}"


@pytest.mark.parametrize("name", sorted(name for name, kind in MODELS.items() if kind.unread))
def test_an_unread_field_is_refused_and_no_field_of_a_config(name):
    kind = MODELS[name]
    rules = rules_of(kind)
    given = {field.name: field.default for field in dataclasses.fields(kind)}
    for field in kind.unread:
        assert field not in recipes.model_config(name)
        kind(**{field: given[field]})  # older recipes hold the default
        value = next(iter(other_values(rules[field], given[field])), ("other",))
        with pytest.raises(ValueError, match=f"{field}: {kind.__name__} does not read it"):
            kind(**{field: value})
