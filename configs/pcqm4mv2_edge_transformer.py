r"""Edge Transformer on PCQM4Mv2: Müller et al. (2024), without RRWP.

    gtx train --config=configs/pcqm4mv2_edge_transformer.py --config.data.root=data \
        --workdir=runs/pcqm4mv2_edge_transformer

The authors' `pcqm4mv2.yaml`: two million steps, of which 60,000 warm up. It validates every 13,198
steps, which are an epoch of batches of 256, and so many molecules are a batch here; the file itself
says 4. Not trained here. Differs from it in that: vectors in tables and weights of norms decay as
`decay` "kernels" says, and the second moment of Adam decays by 0.999 and not 0.95; numbers are
float32 and not bfloat16; batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "pcqm4mv2"
    config.data.root = "data"  # the folder that holds pcqm4mv2/

    config.batch.size = 256
    config.model = recipes.model_config(
        "edge_transformer",
        dim=384,
        num_layers=6,
        num_heads=16,
        dropout_rate=0.1,
        attention_dropout_rate=0.1,
    )
    config.task.loss = "l1"

    config.optimizer.learning_rate = 2e-4
    config.optimizer.weight_decay = 0.1
    config.optimizer.decay = "kernels"
    config.optimizer.warmup_epochs = 4.55  # 60,000 steps of 13,198 an epoch
    config.optimizer.clip_norm = 5.0

    config.training.num_epochs = 152
    return config
