r"""GCN on Peptides-struct: Dwivedi et al. (2022), LRGB: test MAE 0.3496 ± 0.0013.

    gtx train --config=configs/peptides_struct_gcn.py --config.data.root=data \
        --workdir=runs/peptides_struct_gcn

The authors' `peptides-struct-GCN.yaml`, which is that of Peptides-func; the score and 508 thousand
parameters are those of the README of vijaydwivedi75/lrgb: 508,511 by the layers and here. Not
trained here. peptides_func_gcn.py says in what it differs.
"""

from ml_collections import ConfigDict

from configs import peptides_func_gcn


def get_config() -> ConfigDict:
    config = peptides_func_gcn.get_config()
    config.data.name = "peptides_struct"
    config.task.loss = "l1"
    config.task.metric = "mae"
    return config
