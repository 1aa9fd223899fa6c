"""Names, shapes and dtypes of parameters are API: a checkpoint holds them.

Each row of `tests/descriptors/` has a file with those of its layer. To write them anew:

    python -m tests.golden_trees
"""

import json
import pathlib

import jax

from tests.descriptors import DESCRIPTORS
from tests.layer_programs import shapes

FOLDER = pathlib.Path(__file__).parent / "golden"
COMMAND = "python -m tests.golden_trees"


def tree_of(layer):
    """Each variable's path, shape and dtype."""
    found = {name: shapes(layer)[1].get(name, {}) for name in ("params", "batch_stats")}
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): f"{x.dtype}{list(x.shape)}"
        for path, x in jax.tree_util.tree_leaves_with_path(found)
    }


def file_of(layer):
    return FOLDER / f"{layer.name}.json"


if __name__ == "__main__":
    for descriptor in DESCRIPTORS:
        text = json.dumps(tree_of(descriptor), indent=1, sort_keys=True)
        file_of(descriptor).write_text(text + "\n")
