r"""TGT-At on PCQM4Mv2 without distances in space: Hussain, Zaki and Subramanian (2024).

    gtx train --config=configs/pcqm4mv2_tgt.py --config.data.root=data \
        --workdir=runs/pcqm4mv2_tgt

The model and schedule of the authors' `tgt_at_200m/pretrain/tgt_at_tp.yaml`: 300,000 steps of 2,048
molecules, of which 15,000 warm up. The paper's validation MAE of 0.0686 eV and its 102 million
parameters are those of a model that also reads the distances of atoms, which another model
predicts, and that is fine-tuned on these.

Not trained here. Differs from it in that: there are no distances in space, nor the second loss that
predicts them; no drop path, no dropout of hidden layers and of whole senders; the tables are OGB's;
batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "pcqm4mv2"
    config.data.root = "data"  # the folder that holds pcqm4mv2/
    config.encodings.spd = ConfigDict(dict(max_distance=32))

    config.batch.size = 2048  # 64 on each of 32 devices
    config.model = recipes.model_config("tgt")  # whose defaults are this recipe's
    config.task.loss = "l1"

    config.optimizer.learning_rate = 2e-3
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 9.1  # 15,000 steps of 1,650 an epoch
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 182
    return config
