r"""GINE on Peptides-struct: Dwivedi et al. (2022), LRGB: test MAE 0.3547 ± 0.0045.

    gtx train --config=configs/peptides_struct_gine.py --config.data.root=data \
        --workdir=runs/peptides_struct_gine

The authors' `peptides-struct-GINE.yaml`, which is that of Peptides-func; the score and 476 thousand
parameters are those of the README of vijaydwivedi75/lrgb: 475,915 by the layers and here. Not
trained here. peptides_func_gcn.py says in what it differs.
"""

from ml_collections import ConfigDict

from configs import peptides_func_gine


def get_config() -> ConfigDict:
    config = peptides_func_gine.get_config()
    config.data.name = "peptides_struct"
    config.task.loss = "l1"
    config.task.metric = "mae"
    return config
