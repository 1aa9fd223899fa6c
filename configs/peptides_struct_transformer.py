r"""Transformer+LapPE on Peptides-struct: Dwivedi et al. (2022), LRGB: test MAE 0.2529 ± 0.0016.

    gtx train --config=configs/peptides_struct_transformer.py --config.data.root=data \
        --workdir=runs/peptides_struct_transformer

The authors' `peptides-struct-Transformer+LapPE.yaml`, which is that of Peptides-func; the score and
488 thousand parameters are those of the README of vijaydwivedi75/lrgb. 487,587 are here. Not
trained here. peptides_func_transformer.py says in what it differs.
"""

from ml_collections import ConfigDict

from configs import peptides_func_transformer


def get_config() -> ConfigDict:
    config = peptides_func_transformer.get_config()
    config.data.name = "peptides_struct"
    config.task.loss = "l1"
    config.task.metric = "mae"
    return config
