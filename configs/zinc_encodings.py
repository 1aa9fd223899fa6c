r"""A small GPS on ZINC-12k with one encoding of four, to see what each is worth.

    gtx train --config=configs/zinc_encodings.py --config.data.root=data \
        --config.encodings_used=rrwp --workdir=runs/zinc_rrwp

`encodings_used` is none, random_walk and laplacian (at the nodes), or rrwp and spd (as a bias
of attention). Everything else is the same for all; `configs/sweeps/zinc_encodings.py` compares.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.encodings.random_walk = ConfigDict(dict(walk_length=20))
    config.encodings.laplacian = ConfigDict(dict(num_vectors=8))
    config.encodings.rrwp = ConfigDict(dict(walk_length=21, diagonal=False))
    config.encodings.spd = ConfigDict(dict(max_distance=20))
    config.encodings_used = "random_walk"

    config.batch.size = 64
    config.model = recipes.model_config(
        "gps", dim=32, num_layers=3, attention_dropout_rate=0.0, encoding_dim=8, pair_dim=8
    )
    config.task.loss = "l1"

    config.optimizer.learning_rate = 2e-3
    config.optimizer.warmup_epochs = 1.0

    config.training.num_epochs = 15
    config.training.evaluate_every = 5
    return config
