r"""SAN with RWSE on Peptides-struct: Dwivedi et al. (2022), LRGB: test MAE 0.2545 ± 0.0012.

    gtx train --config=configs/peptides_struct_san_rwse.py --config.data.root=data \
        --workdir=runs/peptides_struct_san_rwse

The authors' `peptides-struct-SAN+RWSE.yaml`, which is that of Peptides-func; the score and 500
thousand parameters are those of the README of vijaydwivedi75/lrgb. 499,823 are here. Not trained
here. peptides_func_san.py says in what it differs.
"""

from ml_collections import ConfigDict

from configs import peptides_func_san_rwse


def get_config() -> ConfigDict:
    config = peptides_func_san_rwse.get_config()
    config.data.name = "peptides_struct"
    config.task.loss = "l1"
    config.task.metric = "mae"
    return config
