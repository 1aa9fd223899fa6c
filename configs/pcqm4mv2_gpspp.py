r"""GPS++ on PCQM4Mv2: Masters et al. (2022): validation MAE about 0.077 with positions in space.

    gtx train --config=configs/pcqm4mv2_gpspp.py --config.data.root=data \
        --workdir=runs/pcqm4mv2_gpspp

The authors' `GPS_PCQ_16gps_44M.yaml`, 44 million parameters. Not trained here. Differs from it in
that: the source has no positions of the atoms, which `config.model.positions` names where there are
any; columns are added and not joined; atoms and bonds have OGB's features; batches are stratified
by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "pcqm4mv2"
    config.data.root = "data"  # the folder that holds pcqm4mv2/
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))
    config.encodings.laplacian = ConfigDict(dict(num_vectors=8, trivial=False))
    config.encodings.degree_class = ConfigDict(dict(max_degree=8))
    config.encodings.spd = ConfigDict(dict(max_distance=20))
    config.batch.size = 900

    config.model = recipes.model_config("gpspp")
    config.task.loss = "l1"
    config.task.noise = 0.01  # of the categories of atoms and bonds
    config.task.noise_weight = 1.2

    config.optimizer.learning_rate = 4e-4
    config.optimizer.weight_decay = 0.0
    config.optimizer.schedule = "linear"
    config.optimizer.warmup_epochs = 10.0
    config.optimizer.clip_norm = 5.0

    config.training.num_epochs = 450
    return config
