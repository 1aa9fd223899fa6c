"""Makes the parts of modules from factories, and checks that several modules share."""

import operator
from typing import Any

import flax.linen as nn

from gtx.ops.arguments import describe


def make(factory: Any, field: str, /, **options: Any) -> Any:
    """Call the factory in a field of a module.

    Args:
      factory: the value of the field.
      field: its name, for the message.
      **options: arguments of the factory.

    Raises:
      TypeError: the value is not a factory.
    """
    if isinstance(factory, nn.Module):
        name = type(factory).__name__
        raise TypeError(
            f"{field} must be a factory, got a module, {name}(...), whose parameters several "
            f"layers would share. Pass functools.partial({name}, ...), without dim."
        )
    if not callable(factory):
        raise TypeError(
            f"{field} must be a factory, such as a class of gtx.nn or a functools.partial of one, "
            f"got {describe(factory)} {factory!r}."
        )
    return factory(**options)


def check_heads(dim: Any, num_heads: Any) -> None:
    """Raise unless `num_heads` heads can share `dim`."""
    for name, value in (("dim", dim), ("num_heads", num_heads)):
        check_width(value, name)
    if dim % num_heads:
        raise ValueError(f"dim {dim} is not a multiple of num_heads {num_heads}.")


def check_width(value: Any, name: str) -> None:
    """Raise unless `value` is an int of 1 or more."""
    try:
        valid = not isinstance(value, bool) and operator.index(value) >= 1
    except TypeError:
        valid = False
    if not valid:
        raise ValueError(f"{name} must be an int of 1 or more, got {value!r}.")


def check_residual(module: nn.Module, dim: int, **features: Any) -> None:
    """Raise unless features to which a module adds its results have the width of the results."""
    for level, values in features.items():
        if values is not None and values.shape[-1] != dim:
            raise ValueError(
                f"{type(module).__name__} has dim {dim} and adds its results to the {level}, which "
                f"have width {values.shape[-1]}. Encode {level} to width {dim}, or change dim."
            )
