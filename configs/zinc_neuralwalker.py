r"""NeuralWalker on ZINC-12k: Chen et al. (2025), table 1: test MAE 0.065 ± 0.001.

    gtx train --config=configs/zinc_neuralwalker.py --config.data.root=data \
        --workdir=runs/zinc_neuralwalker

The recipe of the authors' code (`config/experiment/zinc.yaml` with the model `mamba+vn_3L`), whose
layers have 502,004 parameters. Not trained here. Differs from it in that the walks are drawn once
and not in each epoch, that one draw is tested where the code averages five, and that batches are
stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.data.num_atom_types = 21
    config.structures.walks = ConfigDict(dict(length=50, window=8))

    config.batch.size = 50
    # The defaults of the model are those of this recipe.
    config.model = recipes.model_config("neural_walker")
    config.task.loss = "l1"

    config.optimizer.learning_rate = 2e-3
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 50.0
    config.optimizer.clip_norm = 0.0

    config.training.num_epochs = 500
    return config
