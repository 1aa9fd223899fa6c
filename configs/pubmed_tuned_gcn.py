r"""A tuned GCN on Pubmed: Luo et al. (2024): accuracy 81.1 %.

    gtx train --config=configs/pubmed_tuned_gcn.py --config.data.root=data \
        --workdir=runs/pubmed_tuned_gcn

The authors' command for pubmed in `medium_graph/run_gnn.sh`: dropout, no norm, no residual. The
first layer reads the words themselves. Not trained here. Differs from it in that the split is the
public one, where the authors draw 20 papers a class; weight decay is apart from the gradient, where
theirs is a part of it.
"""

from ml_collections import ConfigDict

from configs import cora_tuned_gcn


def get_config() -> ConfigDict:
    config = cora_tuned_gcn.get_config()
    config.data.graph = "pubmed"
    config.model.dim = 256
    config.model.num_layers = 2
    config.optimizer.learning_rate = 5e-3
    return config
