"""Every config builds, takes a step of training, and documents itself."""

import importlib

import jax
import numpy as np
import pytest
from flax import traverse_util

from gtx import recipes, training
from tests.configs import small
from tests.configs.shrunk import RECIPES

# Their files are those of users, so that no graphs can be drawn for them.
OF_FILES = (
    "csv_graphs", "csv_large_graph", "csv_molecules", "csv_molecules_pretrained", "graph6",
    "packed",
)  # fmt: skip
REPRESENTATIVE = ("csv_molecules", "zinc_gps", "cora_links")

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.mark.parametrize("name", small.NAMES)
def test_a_recipe_says_how_to_run_it(name):
    doc = importlib.import_module(f"configs.{name}").__doc__
    assert f"gtx train --config=configs/{name}.py" in doc


DRAWN = [name for name in small.NAMES if name not in OF_FILES]


def first_of_each_level() -> set[str]:
    """A config of each level of labels."""
    first = {}
    for name in DRAWN:
        spec = recipes.source(small.config_of(name)).declared_spec()
        first.setdefault(spec.label.level, name)
    return set(first.values())


FIRST = first_of_each_level()


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in FIRST else pytest.mark.slow) for name in DRAWN],
)
def test_a_recipe_has_a_loss_and_a_gradient(name):
    """By default one of each level. The step of one of each model is lowered in `test_lowering`,
    and the loss of every recipe is traced in `test_parameter_counts`."""
    config = small.shrink(small.config_of(name))
    recipes.check(config)
    step = small.step_of(config, small.graphs_of(config))
    state = step.arguments[0]
    gradient = jax.jit(jax.value_and_grad(step.loss))
    loss, gradients = gradient(state.params, state.batch_stats, step.batch)
    assert np.isfinite(loss)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients))
    # What reaches the first part that has parameters has gone through all that the step reads.
    first = gradients["embed" if "embed" in gradients else "block_0"]
    assert any(np.any(leaf != 0) for leaf in jax.tree.leaves(first))


@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_a_recipe_trains_and_scores(name, tmp_path):
    """A whole epoch: one recipe of a file of molecules, one of a packed file, one of one graph."""
    pytest.importorskip("rdkit", reason="recipes of molecules need the extra `molecules`")
    config = RECIPES[name](tmp_path)
    graphs = recipes.prepare(config).dataset
    budget = recipes.budget(config, graphs)
    model, task = recipes.model(config, graphs.spec), recipes.task(config, graphs.spec)
    result = training.fit(
        model,
        task,
        recipes.batches(config, graphs.part("train"), budget),
        graphs.part("valid"),
        optimizer=recipes.optimizer(config, steps_per_epoch=3),
        num_epochs=1,
        workdir=tmp_path / "run",
    )
    assert result.history[0]["step"] == -(-len(graphs.part("train")) // config.batch.size)
    assert result.history[0]["valid"][task.main_metric] is not None
    assert result.num_compilations == {"train": 1, "evaluate": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "present", "absent"),
    [
        (
            {"model.dtype": "bfloat16", "batch.stratified": False, "model.activation": "swiglu"},
            {"feed_forward/hidden/kernel": (16, 2 * 2 * 16)},
            (),
        ),
        (
            {"batch.resident": False, "model.attention": "edges", "model.norm": "rms"},
            {"norm_local/scale": (16,)},
            ("norm_local/bias",),
        ),
        (
            {"model.local": "gated_gcn", "model.attention": "none", "model.norm": "layer"},
            {"local/nodes/kernel": (16, 64), "norm_local/bias": (16,)},
            ("attention/output/kernel",),
        ),
        (
            {"model.local": "none", "model.remat": True, "optimizer.schedule": "inverse_sqrt"},
            {"attention/output/kernel": (16, 16)},
            ("local/nodes/kernel",),
        ),
    ],
    ids=lambda value: ",".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_the_choices_of_the_base_config_train(
    changes, present, absent, tmp_path, quick_compilation
):
    config = RECIPES["smoke"](tmp_path)
    config.update_from_flattened_dict(changes)
    config.data.num_graphs, config.data.min_size, config.data.max_size = 12, 2, 3
    graphs = recipes.prepare(config).dataset
    result = training.fit(
        recipes.model(config, graphs.spec),
        recipes.task(config, graphs.spec),
        recipes.batches(config, graphs.part("train"), recipes.budget(config, graphs)),
        graphs.part("valid"),
        optimizer=recipes.optimizer(config, steps_per_epoch=3),
        num_epochs=2,
        workdir=tmp_path / "run",
    )
    block = traverse_util.flatten_dict(result.variables["params"]["block_0"], sep="/")
    assert {name: block[name].shape for name in present} == present
    assert not set(absent) & set(block)
    first, second = (entry["loss"] for entry in result.history)
    assert first != second and first < 10


def test_a_name_that_does_not_exist_is_answered_with_those_that_do(tmp_path):
    config = RECIPES["smoke"](tmp_path)
    config.model.norm = "bach"
    with pytest.raises(recipes.ConfigError, match="config.model.norm.*did you mean 'batch'"):
        recipes.prepare(config)
