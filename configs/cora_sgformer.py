r"""SGFormer on Cora: Wu et al. (2023): test accuracy 84.5 ± 0.8 %; parameters not stated.

    gtx train --config=configs/cora_sgformer.py --config.data.root=data \
        --workdir=runs/cora_sgformer

The authors' `medium/run.sh`. Differs from it in that: the split is the public one, where they draw
20 nodes of each class; the message passing is that of PyG and of their code for large graphs; one
decoupled weight decay, of their graph network, serves both parts; words are divided by their sum.

Here: 64.6 %, seed 0, on 2 shared and busy cores, 2026-11-30. The training loss falls to 1e-4: with
20 labels a class this message passing overfits, and the score is not the paper's.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "planetoid"
    config.data.root = "data"  # the folder that holds planetoid/
    config.data.graph = "cora"

    config.batch.size = 1  # the graph
    config.model = recipes.model_config(
        "sgformer", graph_weight=0.8, dropout_rate=0.5, attention_dropout_rate=0.2
    )

    config.optimizer.learning_rate = 0.01
    config.optimizer.weight_decay = 5e-4
    config.optimizer.schedule = "constant"
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 500
    config.training.checkpoint_every = 100
    return config
