r"""PPGT on Peptides-struct: Ma et al. (2026), table 2.

    gtx train --config=configs/peptides_struct_ppgt.py --config.data.root=data \
        --workdir=runs/peptides_struct_ppgt

The authors' `struct-PPGT.yaml`. They state no number of parameters; this model has 488,123.
Not trained here. Differs from it in that initial values of encoders are PyTorch's, and batches are
stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "peptides_struct"
    config.data.root = "data"  # the folder that holds peptides_struct/
    config.encodings.rrwp = ConfigDict(dict(walk_length=25))  # the identity and 24 steps
    config.encodings.degree = ConfigDict(dict(transform="log"))

    config.batch.size = 32
    config.model = recipes.model_config(
        "ppgt",
        dim=96,
        num_layers=5,
        num_heads=8,
        attention_dropout_rate=0.1,
        drop_path_rate=0.1,
        stem_layers=1,
        pool="mean",
        head_layers=2,
    )
    config.task.loss = "l1"

    config.optimizer.learning_rate = 7e-4
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 10.0
    config.optimizer.final_factor = 0.143
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 250
    return config
