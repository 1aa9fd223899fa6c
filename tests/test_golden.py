"""Names, shapes and dtypes of parameters are API: a checkpoint holds them."""

import json
import pathlib

import jax
import pytest

from tests.batches import build_batch, random_graphs
from tests.descriptors import DESCRIPTORS, inputs

FOLDER = pathlib.Path(__file__).parent / "golden"
COMMAND = "python -m tests.test_golden"


def tree_of(layer):
    """Each variable's path, shape and dtype."""
    batch = build_batch(random_graphs())

    def init(key):
        keys = dict(params=key, dropout=key)
        _, variables = layer.outputs(
            layer.factory(), {}, inputs(batch), batch, train=True, mutable=True, rngs=keys
        )
        return {name: variables.get(name, {}) for name in ("params", "batch_stats")}

    leaves = jax.tree_util.tree_leaves_with_path(jax.eval_shape(init, jax.random.key(0)))
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): f"{x.dtype}{list(x.shape)}"
        for path, x in leaves
    }


def file_of(layer):
    return FOLDER / f"{layer.name}.json"


@pytest.mark.parametrize("layer", DESCRIPTORS, ids=lambda layer: layer.name)
def test_parameters_have_the_names_and_shapes_on_file(layer):
    path = file_of(layer)
    expected = json.loads(path.read_text()) if path.exists() else None
    assert tree_of(layer) == expected, (
        f"The parameters of {layer.name} are not those of {path.name}; checkpoints of the one "
        f"do not load into the other. If that is meant, run: {COMMAND}"
    )


def test_no_file_is_left_over():
    assert {p.name for p in FOLDER.iterdir()} == {file_of(layer).name for layer in DESCRIPTORS}


if __name__ == "__main__":
    for descriptor in DESCRIPTORS:
        text = json.dumps(tree_of(descriptor), indent=1, sort_keys=True)
        file_of(descriptor).write_text(text + "\n")
