r"""SAT on ZINC-12k: Chen, O'Bray and Borgwardt (2022), table 1: test MAE 0.102 ± 0.005.

    gtx train --config=configs/zinc_sat.py --config.data.root=data \
        --workdir=runs/zinc_sat

The authors' `train_zinc.py --abs-pe rw --se gnn --gnn-type pna2 --dropout 0.3 --k-hop 3
--use-edge-attr`: k-subtrees by a PNA with towers. Its layers have
524,641 parameters; the paper states no number. Not trained here. Batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.encodings.random_walk = ConfigDict(dict(walk_length=20))
    config.batch.size = 128

    config.model = recipes.model_config("sat", node_encoders={"rwse": "linear"})
    config.task.loss = "l1"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.schedule = "inverse_sqrt"
    config.optimizer.warmup_epochs = 63.3  # 5,000 steps of 79 an epoch
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 2000
    return config
