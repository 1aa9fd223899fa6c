"""A jitted function that counts its compilations and their time."""

import contextlib
import contextvars
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax

# By the text of a program and the structure of its arguments and results, what it was compiled to.
_Shared = dict[Any, Callable[..., Any]]
_shared: contextvars.ContextVar[_Shared | None] = contextvars.ContextVar("shared", default=None)


class Program:
    """Compiles ahead of time, once per signature of its arguments, and counts it.

    All compilations of training and evaluation use this class, so that none is missed.

    Attributes:
      function: the jitted function, for `jax.export` or `lower`.
      num_compilations: number of signatures compiled so far.
      compile_seconds: total time of tracing, lowering and compiling.
    """

    def __init__(self, function: Callable[..., Any], donate_argnums: tuple[int, ...] = ()):
        self.function = jax.jit(function, donate_argnums=donate_argnums)
        self.num_compilations = 0
        self.compile_seconds = 0.0
        self._compiled: dict[Any, Callable[..., Any]] = {}

    def __call__(self, *args: Any) -> Any:
        signature = _signature(args)
        compiled = self._compiled.get(signature)
        if compiled is None:
            start = time.perf_counter()
            lowered, known = self.function.lower(*args), _shared.get()
            place = None
            if known is not None:
                place = lowered.as_text(), lowered.in_tree, lowered.out_tree
                compiled = known.get(place)
            if compiled is None:
                compiled = lowered.compile()
                self.num_compilations += 1
                if known is not None:
                    known[place] = compiled
            self.compile_seconds += time.perf_counter() - start
            self._compiled[signature] = compiled
        return compiled(*args)


@contextlib.contextmanager
def shared_programs() -> Iterator[None]:
    """Within this block a program is compiled once, however many runs make it.

    Runs whose models and shapes are the same, and which differ in arrays alone, have the same
    program. Their programs are compared by their whole text, constants included.
    """
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


def _signature(args: Any) -> Any:
    # weak_type is part of it: jax compiles a Python float and a float32 array differently.
    leaves, treedef = jax.tree.flatten(args)
    avals = tuple(jax.typeof(leaf) for leaf in leaves)
    return treedef, tuple((aval.shape, aval.dtype, aval.weak_type) for aval in avals)
