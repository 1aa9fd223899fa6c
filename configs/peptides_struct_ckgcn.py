r"""CKGCN on Peptides-struct: Ma et al. (2024), CKGConv: MAE 0.2477 ± 0.0018, 411,661 parameters.

    gtx train --config=configs/peptides_struct_ckgcn.py --config.data.root=data \
        --workdir=runs/peptides_struct_ckgcn

The authors' `peptides-struct-CKGConvMLP-BN-BS16.yaml`, with OGB's atom table of 173 rows. Their
layers have another 496 constants that nothing trains, 412,157 tensor entries in all, and 96 more
with the newer table of 174 rows. The score was not checked against the paper. Not trained here.
Differs from it in that: initial values of the encoder of walks at nodes are PyTorch's; batches are
stratified by size.
"""

from ml_collections import ConfigDict

from configs import peptides_func_ckgcn


def get_config() -> ConfigDict:
    config = peptides_func_ckgcn.get_config()
    config.data.name = "peptides_struct"

    config.model.dropout_rate = 0.05
    config.model.weight_dropout_rate = 0.2
    config.model.head_layers = 2
    config.task.loss = "l1"
    config.task.metric = "mae"

    config.optimizer.warmup_epochs = 5.0
    return config
