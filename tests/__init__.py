"""Tests of gtx; here, what checks the types of its arguments and results while they run."""

import functools
from collections.abc import Callable
from typing import Any


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """`beartype`, which takes milliseconds to read a function, for those that are called.

    setup.cfg names it to jaxtyping, which applies it to every function of gtx at import.
    """
    found: list[Callable[..., Any]] = []

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not found:
            from beartype import beartype

            found.append(beartype(function))
        return found[0](*args, **kwargs)

    return call
