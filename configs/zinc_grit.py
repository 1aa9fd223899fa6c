r"""GRIT on ZINC-12k: Ma et al. (2023): test MAE 0.059 ± 0.002, 473,473 parameters.

    gtx train --config=configs/zinc_grit.py --config.data.root=data \
        --workdir=runs/zinc_grit

The authors' `zinc-GRIT-RRWP.yaml`, with a table of the 21 types of atoms that occur in the 12k. Not
trained here. Differs from it in that batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.data.num_atom_types = 21
    config.encodings.rrwp = ConfigDict(dict(walk_length=21))

    config.batch.size = 32
    config.model = recipes.model_config("grit")  # whose defaults are this recipe's
    config.task.loss = "l1"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 50.0
    config.optimizer.final_factor = 1e-3
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 2000
    return config
