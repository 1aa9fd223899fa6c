"""Parts of a model as a recipe says them: by name, or by name with settings.

    local="gat"    local=dict(name="gat", self_loops=True)    local=functools.partial(GAT, ...)

The names are those of the dicts of `gtx.nn`. Settings are the fields of the part and are checked by
its annotations; those that take a part or a function are said by name in their turn.
"""

import dataclasses
import difflib
import functools
import inspect
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import jax

from gtx.limits import AnyOf, Anything, Nothing, OneOf, Rule, rule_of, unknown
from gtx.nn.attention import ATTENTION
from gtx.nn.encoders import ENCODERS
from gtx.nn.local import LOCAL
from gtx.nn.parts import ACTIVATIONS, NORMS, FeedForward
from gtx.nn.parts.initializers import INITIALIZERS
from gtx.ops.attention.select import IMPLEMENTATIONS
from gtx.typing import ModuleFactory

FEED_FORWARD: dict[str, ModuleFactory] = {"mlp": FeedForward}

# What the model that a part stands in says to it, so that its settings do not.
BOUND = ("parent", "name", "column", "level", "dim", "dtype", "param_dtype")


def unwrapped(factory: Any) -> tuple[Any, dict[str, Any]]:
    """The class or function under partials, and what they bind."""
    bound: dict[str, Any] = {}
    while isinstance(factory, functools.partial):
        bound = {**factory.keywords, **bound}
        factory = factory.func
    return factory, bound


def fields_of(factory: Any) -> dict[str, Any]:
    """The annotations of the fields of a part by name, `Any` where there is none."""
    kind, _ = unwrapped(factory)
    names = [name for name in inspect.signature(kind).parameters]
    hints = typing.get_type_hints(
        kind if inspect.isclass(kind) or inspect.isfunction(kind) else type(kind),
        include_extras=True,
    )
    return {name: hints.get(name, Any) for name in names}


def bind(factory: Any, **values: Any) -> Any:
    """The factory with these fields, of those that it has and that are not bound yet."""
    (kind, bound), known = unwrapped(factory), fields_of(factory)
    parameters = inspect.signature(kind).parameters.values()
    takes_all = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters)
    new = {
        name: value
        for name, value in values.items()
        if name not in bound and (takes_all or name in known)
    }
    return functools.partial(factory, **new) if new else factory


def needs_layout(factory: Any) -> bool:
    """Whether a part reads all pairs of nodes: its class has `needs_layout(settings)` to say so."""
    if factory is None:
        return False
    kind, bound = unwrapped(factory)
    says = getattr(kind, "needs_layout", None)
    return says is not None and bool(says(bound))


@dataclasses.dataclass(frozen=True)
class FunctionOf(Rule):
    """A rule: the name of a function among some, or a function."""

    functions: Mapping[str, Any]
    optional: bool = False

    @property
    def wanted(self) -> str:
        return f"one of {', '.join(self._names())}"

    def _names(self) -> list[str]:
        return sorted(self.functions) + ["none"] * self.optional

    def allows(self, value: Any) -> bool:
        return callable(value) or (isinstance(value, str) and value in self._names())

    def problem(self, field: str, value: Any) -> str | None:
        if isinstance(value, str) and not self.allows(value):
            return f"{field}: {unknown(value, self._names())}"
        return super().problem(field, value)

    def make(self, value: Any) -> Any:
        """The function that a value stands for, None for "none"."""
        return self.functions.get(value) if isinstance(value, str) else value


@dataclasses.dataclass(frozen=True)
class PartOf(Rule):
    """A rule: a part by name, by a dict of its name and settings, or a factory.

    Attributes:
      parts: by name.
      optional: whether there may be none, which is said as "none".
      bound: fields that settings cannot hold.
    """

    parts: Mapping[str, Any]
    optional: bool = False
    bound: tuple[str, ...] = BOUND

    @property
    def wanted(self) -> str:
        names = sorted(self.parts) + ["none"] * self.optional
        return f"one of {', '.join(names)}, or dict(name=..., ...) with settings"

    def allows(self, value: Any) -> bool:
        return self.problem("", value) is None

    def problem(self, field: str, value: Any) -> str | None:
        if callable(value) or (self.optional and value == "none"):
            return None
        if isinstance(value, str):
            names = [*self.parts, *(["none"] if self.optional else [])]
            return None if value in self.parts else f"{field}: {unknown(value, names)}"
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            return f"{field}: {value!r} is not allowed. Give {self.wanted}."
        name = value["name"]
        if name not in self.parts:
            return f"{field}.name: {unknown(name, self.parts)}"
        rules = self.settings(name)
        for key, setting in value.items():
            if key == "name":
                continue
            if key not in rules:
                near = difflib.get_close_matches(str(key), rules, n=1)
                hint = f", did you mean {near[0]!r}?" if near else ""
                return (
                    f"{field}.{key}: {name!r} has no such field{hint}; its fields are "
                    f"{', '.join(rules)}."
                )
            problem = rules[key].problem(f"{field}.{key}", setting)
            if problem is not None:
                return problem
        return None

    def settings(self, name: str) -> dict[str, Rule]:
        """The rule of each field that settings of this part may hold."""
        annotations = fields_of(self.parts[name])
        return {
            field: rule_of_field(field, annotation)
            for field, annotation in annotations.items()
            if field not in self.bound
        }

    def make(self, value: Any) -> ModuleFactory | None:
        """The factory that a value stands for, None for none."""
        if value == "none" and self.optional:
            return None
        if callable(value):
            return value
        if isinstance(value, str):
            return self.parts[value]
        rules = self.settings(value["name"])
        made = {key: _made(rules[key], each) for key, each in value.items() if key != "name"}
        part = self.parts[value["name"]]
        return functools.partial(part, **made) if made else part


@dataclasses.dataclass(frozen=True)
class PartsOf(Rule):
    """A rule: parts by the names of columns."""

    each: PartOf

    @property
    def wanted(self) -> str:
        return f"a dict from names of columns to parts, each {self.each.wanted}; {{}} for none"

    def allows(self, value: Any) -> bool:
        return self.problem("", value) is None

    def problem(self, field: str, value: Any) -> str | None:
        if not isinstance(value, Mapping):
            return f"{field}: {value!r} is not allowed. Give {self.wanted}."
        problems = (self.each.problem(f"{field}.{key}", part) for key, part in value.items())
        return next((problem for problem in problems if problem is not None), None)

    def make(self, value: Any) -> dict[str, Any]:
        return {key: self.each.make(part) for key, part in value.items()}


@dataclasses.dataclass(frozen=True)
class NotInConfigs(Rule):
    """A rule for a field that only Python can fill."""

    wanted: str = "it in Python; no recipe can say it"

    def allows(self, value: Any) -> bool:
        return False


# Encoders of columns get their width from the model; those of encodings may say it.
ENCODER = PartOf(ENCODERS, bound=tuple(name for name in BOUND if name != "dim"))
Local = Annotated[Any, PartOf(LOCAL, optional=True)]
Attention = Annotated[Any, PartOf(ATTENTION, optional=True)]
FeedForwardPart = Annotated[Any, PartOf(FEED_FORWARD)]
Norm = Annotated[Any, PartOf(NORMS)]
ActivationName = Annotated[Any, FunctionOf(ACTIVATIONS)]
# Of a feed-forward layer: "swiglu" is its SiLU with a gate, see `LayeredModel.feed_forward_fields`.
FeedForwardActivation = Annotated[Any, FunctionOf({**ACTIVATIONS, "swiglu": jax.nn.silu})]
Implementation = Annotated[str, OneOf(("auto", *IMPLEMENTATIONS))]
Float = Literal["float32", "bfloat16", "float16", "float64"]
Encoders = Annotated[Mapping[str, Any], PartsOf(ENCODER)]


def rule_of_field(name: str, annotation: Any) -> Rule:
    """What settings may hold at a field of a part: by its annotation, or by its name for parts."""
    rule = rule_of(annotation)
    inner = rule.rules if isinstance(rule, AnyOf) else (rule,)
    if not any(isinstance(each, Anything) for each in inner):
        return rule
    optional = any(isinstance(each, Nothing) for each in inner)
    if name.endswith("_init"):
        return FunctionOf(INITIALIZERS, optional=True)
    by_name: dict[str, Rule] = {
        "activation": FunctionOf(ACTIVATIONS),
        "edges": PartsOf(PartOf(ENCODERS)),
        "norm": PartOf(NORMS, optional=optional),
    }
    return by_name.get(name, NotInConfigs())


def _made(rule: Rule, value: Any) -> Any:
    return rule.make(value) if isinstance(rule, FunctionOf | PartOf | PartsOf) else value


def part(model: Any, field: str) -> Any:
    """What a field of a model stands for: a factory, a dict of them, a function, or None."""
    annotation = typing.get_type_hints(type(model), include_extras=True)[field]
    return _made(rule_of(annotation), getattr(model, field))
