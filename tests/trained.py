"""A small run from the data to the checkpoint, and models with invented parameters."""

import dataclasses
import pathlib

import jax
import numpy as np
from ml_collections import ConfigDict

from configs import csv_molecules, smoke
from gtx import Predictor, recipes, training
from gtx.data import Dataset

SMILES = (
    "CCO CCN CCC c1ccccc1 CC(=O)O CCCl CCBr c1ccncc1 CCCC CCCCC CC(C)O CNC COC C1CC1 C1CCC1 CC#N "
    "C=C C=CC OCC=O CCS CO CN CF C#C O=C=O CCCO CCCN CC=O CC(C)C CC(=O)N OCCO NCCN c1ccoc1 "
    "c1ccsc1 CSC CC(F)F N#CC#N CCOC CCNC C1CCOC1"
).split()
LARGE = "CC(C)Cc1ccc(cc1)C(C)C(=O)O"  # ibuprofen: 15 atoms, where the others have 2 to 6


@dataclasses.dataclass(frozen=True)
class Trained:
    """A finished run and what it was made of."""

    workdir: pathlib.Path
    config: ConfigDict
    graphs: Dataset
    result: training.FitResult
    recipe: dict


def config(path: pathlib.Path) -> ConfigDict:
    """A small model of the molecules in a CSV file."""
    settings = csv_molecules.get_config()
    settings.data.path = str(path)
    settings.data.target = "logS"
    settings.data.descriptors = ()
    settings.batch.size = 8
    settings.batch.num_tiers = 1
    settings.encodings.random_walk.walk_length = 3
    settings.optimizer.warmup_epochs = 0.0
    settings.optimizer.ema_decay = 0.0
    settings.training.num_epochs = 2
    return shrink(settings)


def shrink(settings: ConfigDict) -> ConfigDict:
    """The smallest model that still has every kind of part."""
    settings.model.dim = 8
    settings.model.num_layers = 1
    settings.model.num_heads = 2
    settings.model.encoding_dim = 3
    settings.model.head_layers = 1
    settings.model.dropout_rate = 0.0
    settings.model.attention_dropout_rate = 0.0
    return settings


def node_config() -> ConfigDict:
    """A small model of the communities of nodes."""
    settings = smoke.get_config()
    settings.data.num_graphs = 12
    settings.data.min_size = 1
    settings.data.max_size = 3
    settings.batch.size = 4
    settings.batch.num_tiers = 1
    settings.encodings.laplacian.num_vectors = 2
    return shrink(settings)


def train(folder: pathlib.Path) -> Trained:
    """Write the molecules and train on them, through the public functions."""
    path = folder / "molecules.csv"
    rows = [f"{text},{0.5 * len(text) - text.count('O')}" for text in SMILES]
    path.write_text("\n".join(["smiles,logS", *rows]) + "\n")
    settings = config(path)
    prepared = recipes.prepare(settings)
    graphs = prepared.dataset
    budget = recipes.budget(settings, graphs)
    train_set = graphs.part("train")
    recipe = recipes.recipe(settings, prepared)
    result = training.fit(
        recipes.model(settings, graphs.spec),
        recipes.task(settings, graphs.spec),
        recipes.batches(settings, train_set, budget),
        graphs.part("valid"),
        optimizer=recipes.optimizer(settings, -(-len(train_set) // budget.batch_size)),
        num_epochs=settings.training.num_epochs,
        workdir=folder / "run",
        recipe=recipe,
    )
    return Trained(folder / "run", settings, graphs, result, recipe)


def invented(recipe: dict, seed: int = 0) -> Predictor:
    """A predictor with random parameters: what it says is as good as what a trained one says."""
    predictor = Predictor(recipes.read_recipe(recipe), variables={})
    rng = np.random.default_rng(seed)

    def draw(leaf):
        return rng.normal(0.5, 0.2, leaf.shape).astype(leaf.dtype)

    predictor.variables = jax.tree.map(draw, predictor.shapes())
    return predictor
