"""Names of axes and types that all packages of gtx share.

Axes of arrays, used in every jaxtyping annotation:

    nodes edges pairs graphs    entities of a batch, padding included
    slots                       places for nodes in the dense layout (see `gtx.ops.layout`)
    receivers senders           the two sides of an attention
    heads head_dim feat         widths

`senders`, `receivers`, `n_node` and `n_edge` are jraph's names; `dtype`, `param_dtype`,
`kernel_init`, `dropout_rate` are flax's.
"""

from collections.abc import Callable
from typing import Any, Literal

import jax

Array = jax.Array
PyTree = Any
Shape = tuple[int, ...]
Dtype = Any
Initializer = Callable[[Array, Shape, Dtype], Array]
Activation = Callable[[Array], Array]

# A pluggable part of a module is a factory, usually `functools.partial(Module, ...)`. An instance
# passed to several layers would make them share one set of parameters.
ModuleFactory = Callable[..., Any]

Level = Literal["node", "edge", "pair", "graph"]
# Each level with the field of a dataset, a spec, features, ... that holds its columns.
LEVELS: dict[Level, str] = {"node": "nodes", "edge": "edges", "pair": "pairs", "graph": "graphs"}
Symmetry = Literal["exact", "up_to_sign", "up_to_basis", "none"]
