"""Describes models, tasks and optimisers as JSON data, so that two runs can be compared.

A module or dataclass becomes a dict of its fields, and a partial a dict of its bound arguments,
with the name of the class under `class`. A function becomes its name. The data do not depend on the
process or the machine.
"""

import contextlib
import dataclasses
import functools
import hashlib
import inspect
import math
import pathlib
import re
import types
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import numpy as np

CLASS = "class"


def describe(value: Any, *, defaults: bool = True) -> Any:
    """A value as JSON data.

    Args:
      value: a module, factory, dataclass, function, array or plain value, nested in any way.
      defaults: whether to include fields and arguments that have their default value.
    """
    return _describe(value, defaults, ())


def _describe(value: Any, defaults: bool, outer: tuple[int, ...]) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, np.generic):
        return _describe(value.item(), defaults, outer)
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, np.ndarray | jax.Array):
        array = np.asarray(value)
        digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
        return f"{array.dtype}{list(array.shape)} sha256 {digest[:16]}"
    if isinstance(value, type):
        return value.__qualname__
    if id(value) in outer:  # an object that contains itself
        return "..."
    outer = (*outer, id(value))

    def inner(items: Mapping[Any, Any]) -> dict[str, Any]:
        return {str(name): _describe(item, defaults, outer) for name, item in items.items()}

    if isinstance(value, Mapping):
        return inner(value)
    if isinstance(value, list | tuple):
        return [_describe(item, defaults, outer) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_describe(item, defaults, outer) for item in value), key=str)
    if isinstance(value, functools.partial):
        arguments, standard = _bound(value)
        name = _describe(value.func, defaults, outer)
        head = name if isinstance(name, dict) else {CLASS: name}
        return head | inner(arguments if defaults else _changed(arguments, standard))
    if dataclasses.is_dataclass(value):
        hidden = ("parent", "name") if isinstance(value, nn.Module) else ()
        fields = [field for field in dataclasses.fields(value) if field.name not in hidden]
        found = {field.name: getattr(value, field.name) for field in fields}
        standard = {field.name: _default(field) for field in fields}
        return {CLASS: type(value).__qualname__} | inner(
            found if defaults else _changed(found, standard)
        )
    if isinstance(value, types.MethodType):
        return {CLASS: value.__func__.__qualname__} | inner({"self": value.__self__})
    if isinstance(value, types.FunctionType):
        return _function(value, inner)
    if isinstance(value, pathlib.PurePath):
        return str(value)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if isinstance(name, str):  # a jitted or built-in function
        wrapped = getattr(value, "__wrapped__", None)
        return name if wrapped is None or "<" not in name else _describe(wrapped, defaults, outer)
    if type(value).__repr__ is object.__repr__ and hasattr(value, "__dict__"):
        return {CLASS: type(value).__qualname__} | inner(vars(value))
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _function(function: types.FunctionType, inner: Callable[[Mapping], dict]) -> Any:
    """A function's name. For a lambda or an inner function also its closure and defaults.

    Several of these may have the same name.
    """
    if "<" not in function.__qualname__:
        return function.__qualname__
    closure = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # the variable is not assigned yet
            closure[name] = cell.cell_contents
    held = {
        "closure": closure,
        "defaults": function.__defaults__,
        "keywords": function.__kwdefaults__,
    }
    held = {name: item for name, item in held.items() if item}
    constants = _constants(function.__code__)
    return {CLASS: function.__qualname__, "constants": constants} | inner(held)


def _constants(code: types.CodeType) -> list[str]:
    """The literals in the code of a function, by which two lambdas differ."""
    found = []
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found += _constants(constant)
        elif constant is not None:
            found.append(repr(constant))
    return sorted(found)


def _bound(factory: functools.partial) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of a partial by name, and the default values of its parameters."""
    try:
        signature = inspect.signature(factory.func)
        bound = signature.bind_partial(*factory.args, **factory.keywords)
    except (TypeError, ValueError):
        numbered = {str(place): value for place, value in enumerate(factory.args)}
        return numbered | factory.keywords, {}
    found: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            found |= value
        else:
            found[name] = value
    return found, {name: entry.default for name, entry in signature.parameters.items()}


def _default(field: dataclasses.Field) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _changed(found: Mapping[str, Any], standard: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that do not have their default value."""
    return {
        name: value
        for name, value in found.items()
        if name not in standard or describe(value) != describe(standard[name])
    }
