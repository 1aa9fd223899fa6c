r"""NodeFormer on PubMed: Wu et al. (2022): test accuracy 81.5 ± 0.4 %, parameters not stated.

    gtx train --config=configs/pubmed_nodeformer.py --config.data.root=data \
        --workdir=runs/pubmed_nodeformer

The command for PubMed with the public split in the authors' `run_extra.sh`; the score is that of
their README for 20 labels a class. Differs from it in that the second order of adjacency is that of
nodes one or two edges apart.
"""

from ml_collections import ConfigDict

from configs import cora_nodeformer


def get_config() -> ConfigDict:
    config = cora_nodeformer.get_config()
    config.data.graph = "pubmed"
    config.model.dropout_rate = 0.3
    config.optimizer.learning_rate = 1e-3
    return config
