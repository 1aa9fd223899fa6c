"""What a score and a bias function compute from: what they are handed, and constants."""

from typing import Any

import jax

from gtx.ops.attention.contract import BiasFunction, Call
from gtx.ops.attention.scores import Score


def check_closures(call: Call) -> None:
    """Refuse a score or a bias function that uses traced arrays which it was not handed.

    Wherever these hide: in a closure, an attribute, a default, a `functools.partial`. Some
    implementations would differentiate by them and others fail, with an error of jax's own.

    Raises:
      ValueError: it does.
    """
    if type(call.score).__module__ != Score.__module__:
        rows = [_one_row(values) for values in (call.query, call.key)]
        name = f"score {type(call.score).__name__}"
        arguments = (call.score, *rows, call.scale)
        _refuse_hidden(name, lambda score, *x: score(*x), arguments, "its data fields")
    if isinstance(call.bias, BiasFunction):
        sides = [jax.tree.map(_one_row, side) for side in call.bias.sides]
        _refuse_hidden(
            "bias function", call.bias.function, (call.bias.params, *sides), "its `params`"
        )


def _one_row(values: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, *values.shape[1:]), values.dtype)


def _refuse_hidden(name: str, function: Any, arguments: tuple[Any, ...], remedy: str) -> None:
    constants = jax.make_jaxpr(function)(*arguments).consts
    hidden = [jax.typeof(x).str_short() for x in constants if isinstance(x, jax.core.Tracer)]
    if hidden:
        raise ValueError(
            f"The {name} uses traced arrays that it was not handed ({', '.join(hidden)}), which "
            f"get no gradient where it runs block by block: hand them in as {remedy}."
        )
