r"""PPGT on ZINC-12k: Ma et al. (2026): test MAE 0.0566 ± 0.002.

    gtx train --config=configs/zinc_ppgt.py --config.data.root=data \
        --workdir=runs/zinc_ppgt

The authors' `zinc-PPGT.yaml`: 24 steps of relative random walks, degrees and sizes at the nodes. No
number of parameters is stated. The authors' code has 493,185 for 21 types of atoms; here are those
of 28 types, 493,633.

Differs from it in that: the rate falls to 3.5 % of its peak, as there, along one half of a cosine;
initial values of encoders are PyTorch's; batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.encodings.rrwp = ConfigDict(dict(walk_length=25))  # the identity and 24 steps
    config.encodings.degree = ConfigDict(dict(transform="log"))

    config.model = recipes.model_config("ppgt")  # whose defaults are this recipe's
    config.task.loss = "l1"

    config.optimizer.learning_rate = 2e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 50.0
    config.optimizer.final_factor = 0.035
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 2500
    return config
