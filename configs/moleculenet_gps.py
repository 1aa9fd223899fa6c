r"""GPS on MoleculeNet (Wu et al. 2018): a small one, held back in every way; none is published.

    gtx train --config=configs/moleculenet_gps.py:esol --config.data.root=data \
        --workdir=runs/esol_gps

The word behind the colon is the set: esol, freesolv, lipo, bbbp, bace, tox21 or clintox. The
split is by scaffold, 8:1:1; --config.data.split=random draws one by --config.data.split_seed.
Scores here, with those of random forests beside them: docs/scores.md.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes

REGRESSION = ("esol", "freesolv", "lipo")


def get_config(graphs: str = "esol") -> ConfigDict:
    config = base.get_config()
    config.data.name = "moleculenet"
    config.data.root = "data"  # the folder that holds moleculenet/
    config.data.graphs = graphs
    config.data.test_fraction = 0.1  # of a random split
    config.data.normalize = True  # targets of a regression: mean 0 and deviation 1 over train
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))

    config.batch.num_tiers = 2
    config.model = recipes.model_config(
        "gps",
        num_layers=3,
        dropout_rate=0.2,
        attention_dropout_rate=0.3,
        readout_dropout_rate=0.2,
        encoding_dim=16,
    )
    if graphs in REGRESSION:
        config.task.loss = "mse"
        config.task.metric = "rmse"

    config.optimizer.weight_decay = 0.1
    config.optimizer.decay = "kernels"
    config.optimizer.ema_decay = 0.995
    config.training.num_epochs = 100
    config.training.evaluate_every = 2
    return config
