"""Tests of gtx; here, what checks the types of its arguments and results while they run."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jaxtyping

# A test checks so many calls of a function: later ones, in a loop over layers, say, are alike.
CHECKED_CALLS = 3
_tests_begun = 0
_jaxtyped = jaxtyping.jaxtyped


def begin_test() -> None:
    """From here on the calls of every function are counted anew."""
    global _tests_begun
    _tests_begun += 1


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose first calls in each test are checked by beartype.

    setup.cfg names it to jaxtyping. Both take milliseconds to read a function, so they read those
    that are called.
    """
    found: list[Callable[..., Any]] = []
    test, calls = -1, 0

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal test, calls
        if test != _tests_begun:
            test, calls = _tests_begun, 0
        calls += 1
        if calls > CHECKED_CALLS or jaxtyping.config.jaxtyping_disable:
            return function(*args, **kwargs)
        if not found:
            from beartype import beartype

            found.append(_jaxtyped(function, typechecker=beartype))
        return found[0](*args, **kwargs)

    return call


def jaxtyped(thing: Any = None, *, typechecker: Any = None) -> Any:
    """In place of `jaxtyping.jaxtyped`, which its import hook applies to all of gtx.

    That one reads the signature of every function at import, and binds the arguments of every call.
    A function inside of a function is made anew by each call of the outer one, and is not checked.
    """
    if thing is None:
        return functools.partial(jaxtyped, typechecker=typechecker)
    if "<locals>" in thing.__qualname__:
        return thing
    if not inspect.isclass(thing):
        return typechecker(thing)
    if {"__dataclass_fields__", "__init__"} <= vars(thing).keys():
        setattr(thing, "__init__", typechecker(thing.__init__))  # noqa: B010
    return thing


setattr(jaxtyping, "jaxtyped", jaxtyped)  # noqa: B010
