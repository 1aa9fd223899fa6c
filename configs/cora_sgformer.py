r"""SGFormer on Cora: Wu et al. (2023): test accuracy 84.5 ± 0.8 %; parameters not stated.

    gtx train --config=configs/cora_sgformer.py --config.data.root=data \
        --workdir=runs/cora_sgformer

The authors' `medium/run.sh`. Differs from it in that: the weight decay of their graph network
serves both parts; the attention has norms, a residual and a map of values, as in the paper, which
flags of their code turn off here: --config.model.alpha=1.0 --config.model.attention_norm=none
--config.model.use_value=False; the split is the public one. Theirs is one draw of 20 nodes a
class, kept for all seeds: --config.data.nodes_per_class=20 --config.data.split_seed=123.
Scores on that split are in docs/scores.md. On the public one: 80.5 %, 150 epochs, seed 0, with a
warm-up of 5 epochs, 2026-11-30.

With residual message passing, words divided by their sum and AdamW the accuracy was 16 % lower.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "planetoid"
    config.data.root = "data"  # the folder that holds planetoid/
    config.data.graph = "cora"
    config.data.normalize_words = False
    config.data.nodes_per_class = 0  # the public split

    config.batch.size = 1  # the graph
    config.model = recipes.model_config(
        "sgformer",
        message_passing="plain",
        node_encoders={"words": "identity"},
        graph_weight=0.8,
        dropout_rate=0.5,
        attention_dropout_rate=0.2,
    )

    config.optimizer.learning_rate = 0.01
    config.optimizer.weight_decay = 5e-4
    config.optimizer.decoupled = False
    config.optimizer.schedule = "constant"
    config.optimizer.warmup_epochs = 0.0
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 500
    config.training.patience = 200
    config.training.checkpoint_every = 100
    return config
