r"""GatedGCN with RWSE on Peptides-struct: Dwivedi et al. (2022), LRGB: test MAE 0.3357 ± 0.0006.

    gtx train --config=configs/peptides_struct_gatedgcn.py --config.data.root=data \
        --workdir=runs/peptides_struct_gatedgcn

The authors' `peptides-struct-GatedGCN+RWSE.yaml`, which is that of Peptides-func; the score and 506
thousand parameters are those of the README of vijaydwivedi75/lrgb: 506,419 by their layers and
here. Not trained here. peptides_func_gatedgcn.py says in what it differs.
"""

from ml_collections import ConfigDict

from configs import peptides_func_gatedgcn


def get_config() -> ConfigDict:
    config = peptides_func_gatedgcn.get_config()
    config.data.name = "peptides_struct"
    config.task.loss = "l1"
    config.task.metric = "mae"
    return config
