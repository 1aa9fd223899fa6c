r"""CKGCN on Peptides-func: Ma et al. (2024), CKGConv: AP 0.6952 ± 0.0068, 420,876 parameters.

    gtx train --config=configs/peptides_func_ckgcn.py --config.data.root=data \
        --workdir=runs/peptides_func_ckgcn

The authors' `peptides-func-CKGConvMLP-BN-BS16.yaml`: 24 return probabilities at the nodes, relative
random walks of up to 24 steps at the pairs, OGB's atom table of 173 rows. Their layers have another
496 constants that nothing trains, 421,372 tensor entries in all, and 96 more with the newer table
of 174 rows. The score was not checked against the paper. Not trained here. Differs from it in that:
the scale of the norm of walks starts at 0.1, as in the authors' other files, and not at 1; initial
values of the encoder of walks at nodes are PyTorch's; batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "peptides_func"
    config.data.root = "data"  # the folder that holds peptides_func/
    config.encodings.random_walk = ConfigDict(dict(walk_length=24))
    config.encodings.rrwp = ConfigDict(dict(walk_length=25, diagonal=False))

    config.batch.size = 16
    config.model = recipes.model_config(
        "ckgcn",
        dim=96,
        num_layers=4,
        kernel_dropout_rate=0.2,
        # OGB's tables with GraphGPS's initial values.
        node_encoders={"atom": dict(name="categorical", embedding_init="xavier_uniform")},
        edge_encoders={"bond": dict(name="categorical", embedding_init="xavier_uniform")},
        pool="mean",
        head_layers=3,
        head_widths="equal",
        head_normalize=True,
    )

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 10.0
    config.optimizer.final_factor = 0.1  # of the learning rate: 1e-4

    config.training.num_epochs = 200
    return config
