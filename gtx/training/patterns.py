"""Patterns over the names of parameters, which are their paths, such as `block_0/norm/scale`.

A pattern with `*`, `?` or `[...]` of a shell is matched against a parameter and against every
module that contains it: `embed` and `block_[01]` stand for all that is in these modules.
"""

import difflib
import fnmatch
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import jax

from gtx.typing import PyTree


class PatternError(ValueError):
    """A pattern matches no parameter, or those that it matches make no sense."""


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern stands for a parameter, or for a module that contains it."""
    return any(
        outer == pattern or fnmatch.fnmatchcase(outer, pattern) for outer in _enclosing(name)
    )


def matching(names: Iterable[str], patterns: Collection[str]) -> set[str]:
    """The names for which at least one of the patterns stands."""
    return {name for name in names if any(matches(name, pattern) for pattern in patterns)}


def check_patterns(field: str, patterns: Iterable[str], names: Sequence[str]) -> None:
    """Raise a PatternError for the first pattern that stands for none of the names."""
    for pattern in patterns:
        if not any(matches(name, pattern) for name in names):
            modules = list(dict.fromkeys(outer for name in names for outer in _enclosing(name)))
            near = difflib.get_close_matches(pattern, modules, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            first = ", ".join(dict.fromkeys(name.split("/")[0] for name in names))
            raise PatternError(
                f"{field}: {pattern!r} matches no parameter. The outermost modules are "
                f"{first}{hint}"
            )


def names_of(tree: PyTree) -> list[str]:
    """The names of the leaves of a tree, in their order."""
    return [leaf_name(path) for path, _ in jax.tree_util.tree_leaves_with_path(tree)]


def leaf_name(path: tuple) -> str:
    """A key path as `a/b/c`."""
    return "/".join(_key_name(key) for key in path)


def covering(names: Collection[str], others: Collection[str]) -> list[str]:
    """The outermost modules that contain some of `names` and none of `others`, for a message."""
    taken = {outer for name in others for outer in _enclosing(name)}
    found = (
        next((outer for outer in _enclosing(name) if outer not in taken), name) for name in names
    )
    return list(dict.fromkeys(found))


def _enclosing(name: str) -> list[str]:
    """The name of each module that contains a parameter, the outermost first, and its own."""
    parts = name.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _key_name(key: Any) -> str:
    for attribute in ("key", "name", "idx"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)
