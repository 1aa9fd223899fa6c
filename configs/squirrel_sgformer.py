r"""SGFormer on squirrel without duplicate nodes: Wu et al. (2023): accuracy 41.8 ± 2.2 %.

    gtx train --config=configs/squirrel_sgformer.py --config.data.root=data \
        --workdir=runs/squirrel_sgformer

The authors' `medium/run.sh`, as chameleon_sgformer.py. Their command names another model
(`--method difformer`); its other flags are those of SGFormer. Scores here: docs/scores.md.
"""

from ml_collections import ConfigDict

from configs import chameleon_sgformer


def get_config() -> ConfigDict:
    config = chameleon_sgformer.get_config()
    config.data.graph = "squirrel_filtered"
    config.model.num_layers = 8
    config.model.dropout_rate = 0.3
    config.model.attention_dropout_rate = 0.3
    config.optimizer.weight_decay = 5e-4
    config.training.num_epochs = 500
    return config
