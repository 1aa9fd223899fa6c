r"""NodeFormer on CiteSeer: Wu et al. (2022): test accuracy 73.0 ± 0.3 %, parameters not stated.

    gtx train --config=configs/citeseer_nodeformer.py --config.data.root=data \
        --workdir=runs/citeseer_nodeformer

The command for CiteSeer with the public split in the authors' `run_extra.sh`; the score is that of
their README for 20 labels a class. Differs from it as cora_nodeformer.py does.
"""

from ml_collections import ConfigDict

from configs import cora_nodeformer


def get_config() -> ConfigDict:
    config = cora_nodeformer.get_config()
    config.data.graph = "citeseer"
    config.model.dropout_rate = 0.5
    config.optimizer.weight_decay = 5e-3
    return config
