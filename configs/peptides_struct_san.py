r"""SAN with LapPE on Peptides-struct: Dwivedi et al. (2022), LRGB: test MAE 0.2683 ± 0.0043.

    gtx train --config=configs/peptides_struct_san.py --config.data.root=data \
        --workdir=runs/peptides_struct_san

The authors' `peptides-struct-SAN.yaml`, which is that of Peptides-func; the score and 493 thousand
parameters are those of the README of vijaydwivedi75/lrgb. 492,719 are here. Not trained here.
peptides_func_san.py says in what it differs.
"""

from ml_collections import ConfigDict

from configs import peptides_func_san


def get_config() -> ConfigDict:
    config = peptides_func_san.get_config()
    config.data.name = "peptides_struct"
    config.task.loss = "l1"
    config.task.metric = "mae"
    return config
