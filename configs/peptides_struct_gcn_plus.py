r"""GCN+ on Peptides-struct: Luo et al. (2025): test MAE 0.2421, 506,127 parameters.

    gtx train --config=configs/peptides_struct_gcn_plus.py --config.data.root=data \
        --workdir=runs/peptides_struct_gcn_plus

The recipe of GNN+ (`configs/gcn/peptides-struct.yaml`): GCN, which reads no bonds; their table
of 3,315 numbers is counted and has no gradient. Not trained here: 15,535 graphs of 150 nodes want a
GPU. Differs from it in that the head has dropout before its first map alone, its gelu is the
approximation by tanh, and batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "peptides_struct"
    config.data.root = "data"  # the folder that holds peptides_struct/
    config.encodings.random_walk = ConfigDict(dict(walk_length=32))

    config.batch.size = 32
    # OGB's table of atoms of today, with five chiralities, where the data have four.
    sizes = (119, 5, 12, 12, 10, 6, 6, 2, 2)
    atom = dict(name="categorical", sizes=sizes, embedding_init="xavier_uniform")
    bond = dict(name="categorical", embedding_init="xavier_uniform")
    config.model = recipes.model_config(
        "mpnn",
        local="gcn",
        dim=255,
        num_layers=5,
        residual="none",
        feed_forward="none",
        activation="gelu_exact",
        dropout_rate=0.2,
        readout_dropout_rate=0.2,
        node_encoders={"atom": atom},
        edge_encoders={"bond": bond},  # that nobody reads
        pool="mean",
        head_layers=3,
        head_widths="equal",
    )
    config.task.loss = "l1"
    config.task.metric = "mae"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 5.0
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 300
    return config
