r"""EGT on molhiv: Hussain et al. (2022): test ROC-AUC 80.51 ± 0.30 % after pre-training.

    gtx train --config=configs/molhiv_egt.py --config.data.root=data \
        --workdir=runs/molhiv_egt

The authors' `molhiv/egt_110m.yaml` (shamim-hussain/egt_pytorch, whose README has the score): 30
layers, 8 pairs of singular vectors, 4 virtual nodes that are read together, one epoch of 12
molecules a step, of which 1,000 steps warm up (theirs goes on for another 258 of 3,000 steps).
That is a schedule for fine-tuning: it starts from the weights of their model of PCQM4Mv2, which
`pcqm4mv2_egt` describes. Here it starts from nothing, and no score is published for that.

Their layers have 110,691,201 parameters, as their README rounds to 110.8 million. Here are 128
more: see `pcqm4mv2_egt`. Not trained here. Differs from it further in that batches are stratified
by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "ogbg_molhiv"
    config.data.root = "data"  # the folder that holds ogbg_molhiv/
    config.encodings.spd = ConfigDict(dict(max_distance=16))
    config.encodings.singular_vectors = ConfigDict(dict(num_vectors=8))
    config.structures.virtual_nodes = ConfigDict(dict(num_nodes=4))

    config.batch.size = 12
    config.model = recipes.model_config(
        "egt",
        dim=768,
        num_layers=30,
        num_heads=32,
        attention_dropout_rate=0.3,
        mask_rate=0.0,
        expansion=1,
        scale_degree=True,
        read_virtual_nodes=True,
        head_layers=2,
        head_widths="equal",
        # 128 rows for each feature of an atom and 8 for one of a bond, and one that stays empty.
        node_encoders={"atom": dict(name="categorical", sizes=(129, *[128] * 8))},
        edge_encoders={"bond": dict(name="categorical", sizes=(9, 8, 8))},
    )

    config.optimizer.learning_rate = 1e-4
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 0.36
    config.optimizer.final_factor = 0.01  # of the learning rate: 1e-6
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 1
    return config
