r"""CKGCN on ZINC-12k: Ma et al. (2024), CKGConv: test MAE 0.059 ± 0.003; 432,919 parameters.

    gtx train --config=configs/zinc_ckgcn.py --config.data.root=data \
        --workdir=runs/zinc_ckgcn

The authors' `zinc-CKGConvMLP-BN-BS32.yaml`: 21 return probabilities at the nodes, relative random
walks of up to 21 steps at the pairs. The paper counts 744 constants too, 433,663 in all, and 21
types of atoms. Differs from it in that: initial values of the encoders of nodes are PyTorch's;
batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.encodings.random_walk = ConfigDict(dict(walk_length=21))
    config.encodings.rrwp = ConfigDict(dict(walk_length=22, diagonal=False))
    config.batch.size = 32

    types = dict(name="categorical", sizes=(21,))  # those that occur in the 12,000 molecules
    config.model = recipes.model_config("ckgcn", node_encoders={"type": types})
    config.task.loss = "l1"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 50.0
    config.optimizer.final_factor = 1e-3  # of the learning rate: 1e-6

    config.training.num_epochs = 2000
    return config
