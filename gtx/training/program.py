"""A jitted function that counts its compilations and their time."""

import time
from collections.abc import Callable
from typing import Any

import jax


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
            compiled = self.function.lower(*args).compile()
            self.compile_seconds += time.perf_counter() - start
            self.num_compilations += 1
            self._compiled[signature] = compiled
        return compiled(*args)


def _signature(args: Any) -> Any:
    # weak_type is part of it: jax compiles a Python float and a float32 array differently.
    leaves, treedef = jax.tree.flatten(args)
    avals = tuple(jax.typeof(leaf) for leaf in leaves)
    return treedef, tuple((aval.shape, aval.dtype, aval.weak_type) for aval in avals)
