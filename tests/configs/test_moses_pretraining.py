"""Pre-training on MOSES, and the run that starts from it."""

import csv
import functools
import json

import jax
import numpy as np
import pytest

from configs import csv_molecules_pretrained, moses_pretraining
from gtx import batching, recipes
from gtx.data.labels import parts_of
from gtx.recipes.models import needs_dense
from tests.cli import commands
from tests.trained import SMILES

pytestmark = pytest.mark.usefixtures("quick_compilation")


def parameters(config):
    """The names of the parameters with their shapes."""
    graphs = recipes.example(config)
    batch = batching.batch_graphs(graphs, dense=needs_dense(config))
    init = functools.partial(recipes.model(config, graphs.spec).init, train=False)
    found = jax.eval_shape(init, jax.random.key(0), batch)["params"]
    leaves = jax.tree_util.tree_leaves_with_path(found)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def test_the_model_is_small_and_its_body_is_that_of_other_molecules():
    there = parameters(moses_pretraining.get_config())
    here = parameters(csv_molecules_pretrained.get_config())
    assert sum(leaf.size * 4 for leaf in there.values()) <= 4e6
    # What a file holds is not declared, so the encoders of its atoms and bonds are not known here.
    own = {name.split("/")[0] for name in here.keys() ^ there.keys()}
    assert own == {"auxiliary", "embed"}
    blocks = {name: leaf for name, leaf in here.items() if name.startswith("block_")}
    assert len(blocks) > 40
    assert all(leaf.shape == there[name].shape for name, leaf in blocks.items())


def test_both_heads_have_the_same_weight_and_their_targets_have_names():
    config = moses_pretraining.get_config()
    label = recipes.source(config).label
    (descriptors, columns, _), (bits, _, places) = parts_of(label)
    assert descriptors.names == moses_pretraining.DESCRIPTORS and columns == slice(0, 20)
    assert (bits.kind, bits.dim, places) == ("multilabel", 512, slice(20, 532))
    weights = config.task.head_weights
    np.testing.assert_allclose(weights[0] * descriptors.dim, weights[1] * bits.dim)
    assert recipes.task(config, recipes.example(config).spec).mode == "min"


SMALL = {
    "model.dim": 16,
    "model.num_layers": 1,
    "model.encoding_dim": 4,
    "encodings.random_walk.walk_length": 3,
    "batch.size": 8,
    "batch.num_tiers": 1,
    "training.num_epochs": 1,
}


@pytest.mark.slow
def test_a_run_on_a_file_starts_from_it(tmp_path):
    pytest.importorskip("rdkit", reason="needs the extra `molecules`")
    (tmp_path / "moses").mkdir()
    for name, part in (("train", SMILES[:24]), ("test", SMILES[24:])):
        (tmp_path / "moses" / f"{name}.csv").write_text("\n".join(["SMILES", *part]) + "\n")
    with open(tmp_path / "mine.csv", "w", newline="") as file:
        csv.writer(file).writerows([["smiles", "logS"], *([text, len(text)] for text in SMILES)])

    def train(config, workdir, **fields):
        flags = [f"--config.{name}={value}" for name, value in (SMALL | fields).items()]
        path = f"--config=configs/{config}.py"
        assert commands.run("train", path, *flags, f"--workdir={tmp_path / workdir}") == 0

    fields = {"data.root": tmp_path, "data.num_train": 24, "data.num_test": len(SMILES[24:])}
    train("moses_pretraining", "before", **fields)
    metrics = json.loads((tmp_path / "before" / "metrics.json").read_text())
    assert metrics["main_metric"] == "descriptors/scaled_mae"
    fields = {"data.target": "logS", "data.path": tmp_path / "mine.csv"}
    train("csv_molecules_pretrained", "after", init_from=tmp_path / "before", **fields)
    names = json.loads((tmp_path / "after" / "start.json").read_text())
    assert {name.split("/")[0] for name in names["new"]} == {"head"}
    assert {name.split("/")[0] for name in names["left"]} == {"auxiliary", "head"}
    assert {name.split("/")[0] for name in names["taken"]} == {"block_0", "embed"}
