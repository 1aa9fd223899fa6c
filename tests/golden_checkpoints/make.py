"""Makes a golden checkpoint: a finished run, graphs, and what its model predicts for them.

    python -m tests.golden_checkpoints.make <name of the archive>

Made once for each released version and each format, and never again: every later version reads
them. Needs no extras and no files. The encoding is one whose values no solver decides.
"""

import pathlib
import shutil
import sys
import tempfile

import numpy as np
from ml_collections import ConfigDict

from gtx import Predictor, recipes, training
from gtx.data import packed
from tests.trained import node_config


def config() -> ConfigDict:
    settings = node_config()
    settings.encodings = ConfigDict(dict(random_walk=dict(walk_length=3)))
    settings.training.num_epochs = 2
    settings.training.checkpoint_every = 2
    return settings


def make(folder: pathlib.Path) -> None:
    settings = config()
    prepared = recipes.prepare(settings)
    graphs, raw = prepared.dataset, recipes.load(settings).dataset
    train = graphs.part("train")
    training.fit(
        recipes.model(settings, graphs.spec),
        recipes.task(settings, graphs.spec),
        recipes.batches(settings, train, recipes.budget(settings, graphs)),
        graphs.part("valid"),
        optimizer=recipes.optimizer(settings, -(-len(train) // settings.batch.size)),
        num_epochs=settings.training.num_epochs,
        checkpoint_every=settings.training.checkpoint_every,
        workdir=folder,
        recipe=recipes.recipe(settings, prepared),
    )
    packed.save(raw, folder / "graphs.npz")
    np.save(folder / "predictions.npy", Predictor.load(folder)(raw))


if __name__ == "__main__":
    here = pathlib.Path(__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        make(pathlib.Path(folder))
        shutil.make_archive(str(here / sys.argv[1]), "zip", folder)
