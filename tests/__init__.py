"""Tests of gtx; here, what checks the types of its arguments and results while they run."""

import functools
from collections.abc import Callable
from typing import Any

# A test checks so many calls of a function: later ones, in a loop over layers, say, are alike.
CHECKED_CALLS = 3
_tests_begun = 0


def begin_test() -> None:
    """From here on the calls of every function are counted anew."""
    global _tests_begun
    _tests_begun += 1


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """`beartype`, which takes milliseconds to read a function, for those that are called.

    setup.cfg names it to jaxtyping, which applies it to every function of gtx at import. A function
    inside of a function is made anew by each call of the outer one, and is not checked.
    """
    if "<locals>" in function.__qualname__:
        return function
    found: list[Callable[..., Any]] = []
    test, calls = -1, 0

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal test, calls
        if test != _tests_begun:
            test, calls = _tests_begun, 0
        calls += 1
        if calls > CHECKED_CALLS:
            return function(*args, **kwargs)
        if not found:
            from beartype import beartype

            found.append(beartype(function))
        return found[0](*args, **kwargs)

    return call
