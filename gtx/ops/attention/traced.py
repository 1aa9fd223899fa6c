"""Traces a score and a bias function to check which arrays they use and what they return."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from gtx.ops.arguments import describe
from gtx.ops.attention.contract import BiasFunction, Call, Complete, compute_dtype
from gtx.ops.attention.scores import PLAIN, edge_value_of, spread

# Numbers of edges, graphs, receivers and senders with which a score is traced. They are unusual
# primes: other axes hardly ever have these lengths, so an array that lacks one of the axes is not
# mistaken for one that has it.
_EDGES, _GRAPHS, _ROWS, _COLUMNS = 11, 5, 7, 13


def check_functions(call: Call, weights_only: bool = False) -> None:
    """Refuse a score or a bias function that cannot run in every implementation.

    Either may use traced arrays that are not its arguments: from a closure, an attribute, a
    default or a `functools.partial`. Some implementations would differentiate with respect to
    them. Others would fail with an error of jax that does not name the cause.

    Args:
      call: the arguments of one attention.
      weights_only: no values are summed, so the score's `edge_value` is not called.

    Raises:
      ValueError: a function uses such arrays, or the score returns wrong shapes, or no message
        although one is requested.
      TypeError: the score returns something other than real floats.
    """
    name = type(call.score).__name__
    plain = type(call.score) in PLAIN and call.entry is None
    message = None if plain else _trace_score(call, weights_only)
    if call.needs_message and message is None:
        raise ValueError(
            f"return_message needs a score that leaves a message, such as Multiplied, and {name} "
            "returns logits alone."
        )
    if isinstance(call.bias, BiasFunction):
        sides = [
            jax.tree.map(lambda leaf: _like(leaf, (1,), leaf.dtype), side)
            for side in call.bias.sides
        ]
        arguments = (call.bias.params, *sides)
        _trace("bias function", call.bias.function, arguments, "its `params`")


def message_shapes(call: Call) -> Any:
    """The message of one edge or pair: a tree of shapes [*rest] and dtypes."""
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape[len(_axes(call)) :], leaf.dtype),
        _trace_score(call),
    )


def _trace_score(call: Call, weights_only: bool = False) -> Any:
    """The shapes of the score's message, or None; checks all that it returns."""
    axes, dtype, heads = _axes(call), compute_dtype(call), call.query.shape[1]
    # Query and key get axes of length 1 where they do not vary, as in `dense` and `chunked`.
    before = [axes, axes] if len(axes) == 1 else [(*axes[:2], 1), (axes[0], 1, axes[2])]
    query, key = (
        _like(values, places, dtype)
        for values, places in zip((call.query, call.key), before, strict=True)
    )
    entry = jax.tree.map(
        lambda leaf: _like(
            leaf, axes, dtype if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf.dtype
        ),
        call.entry,
    )
    name = f"score {type(call.score).__name__}"

    def run(score: Any, *arguments: Any) -> Any:
        result = score(*arguments)
        if isinstance(result, tuple) and len(result) != 2:
            raise ValueError(
                f"The {name} must return logits or a pair (logits, message), and returns "
                f"{len(result)} things."
            )
        logits, message = result if isinstance(result, tuple) else (result, None)
        _check_axes(f"The logits of the {name}", logits, axes, (heads,))
        for leaf in jax.tree.leaves(message):
            _check_axes(f"Each array in the message of the {name}", leaf, axes, None)
        added = None if weights_only else edge_value_of(score, spread(result, axes)[1])
        if added is not None:
            what = f"The edge_value of the {name}"
            _check_axes(what, added, axes, (heads, call.value.shape[2]))
        return message, added  # both, so that the arrays that either uses are found

    arguments = (call.score, query, key, entry, call.scale)
    message, _ = _trace(name, run, arguments, "its data fields")
    return message if jax.tree.leaves(message) else None


def _axes(call: Call) -> tuple[int, ...]:
    """The leading axes on which a score is traced."""
    complete = isinstance(call.structure, Complete)
    return (_GRAPHS, _ROWS, _COLUMNS) if complete else (_EDGES,)


def _check_axes(what: str, values: Any, axes: Sequence[int], rest: Sequence[int] | None) -> None:
    """Raise unless `values` are real floats [*axes, *rest], with 1 allowed in place of an axis."""
    if not hasattr(values, "shape") or not jnp.issubdtype(values.dtype, jnp.floating):
        raise TypeError(f"{what} must be real floats, got {describe(values)}.")
    found, count = values.shape, len(axes)
    fits = len(found) >= count and all(n in (1, m) for n, m in zip(found, axes, strict=False))
    if not fits or (rest is not None and found[count:] != tuple(rest)):
        names = "" if rest is None else f", here with {list(rest)} as last axes"
        raise ValueError(
            f"{what} must keep the leading axes [...] of query and key{names}; of leading axes "
            f"{list(axes)} it has shape {list(found)}."
        )


def _like(values: Any, axes: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((*axes, *values.shape[1:]), dtype)


def _trace(name: str, function: Any, arguments: tuple[Any, ...], remedy: str) -> Any:
    """The shapes that a function returns; raises if it uses traced arrays besides its arguments."""
    # Arrays from a closure become constants of the jaxpr; those that are traced are the error.
    jaxpr, shapes = jax.make_jaxpr(function, return_shape=True)(*arguments)
    hidden = [jax.typeof(x).str_short() for x in jaxpr.consts if isinstance(x, jax.core.Tracer)]
    if hidden:
        raise ValueError(
            f"The {name} uses traced arrays that it was not handed ({', '.join(hidden)}), which "
            f"get no gradient where it runs block by block: hand them in as {remedy}."
        )
    return shapes
