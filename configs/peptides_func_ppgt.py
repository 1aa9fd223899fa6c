r"""PPGT on Peptides-func: Ma et al. (2026), table 2.

    gtx train --config=configs/peptides_func_ppgt.py --config.data.root=data \
        --workdir=runs/peptides_func_ppgt

The authors' `func-PPGT.yaml`. They state no number of parameters; their layers make 192 more than
this model has, those of a batch norm. Not trained here. Differs from it in that: there is no batch
norm between the mean of the nodes and the head; initial values of encoders are PyTorch's; batches
are stratified by size.
"""

from ml_collections import ConfigDict

from configs import peptides_struct_ppgt


def get_config() -> ConfigDict:
    config = peptides_struct_ppgt.get_config()
    config.data.name = "peptides_func"
    config.encodings.rrwp.walk_length = 33  # the identity and 32 steps

    config.model.num_heads = 12
    config.model.attention_dropout_rate = 0.2
    config.model.head_layers = 3
    config.task.loss = "auto"

    config.training.num_epochs = 400
    return config
