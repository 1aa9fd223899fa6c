r"""SGFormer on actor: Wu et al. (2023): accuracy 37.9 ± 1.1 %.

    gtx train --config=configs/actor_sgformer.py --config.data.root=data \
        --workdir=runs/actor_sgformer

The authors' `medium/run.sh`, as chameleon_sgformer.py, but for the learning rate: 0.1 there, 0.01
here. Their command names another model (`--method difformer`); its other flags are those of
SGFormer. Scores here: docs/scores.md.
"""

from ml_collections import ConfigDict

from configs import chameleon_sgformer


def get_config() -> ConfigDict:
    config = chameleon_sgformer.get_config()
    config.data.graph = "actor"
    config.model.num_layers = 8
    config.model.graph_weight = 0.5
    config.optimizer.learning_rate = 0.01
    config.optimizer.weight_decay = 5e-4
    config.training.num_epochs = 500
    return config
