r"""SAN with RWSE on Peptides-func: Dwivedi et al. (2022), LRGB: test AP 0.6439 ± 0.0075.

    gtx train --config=configs/peptides_func_san_rwse.py --config.data.root=data \
        --workdir=runs/peptides_func_san_rwse

The authors' `peptides-func-SAN+RWSE.yaml`: return probabilities in place of eigenvectors. The score
is that of the README of vijaydwivedi75/lrgb, which states 500 thousand parameters: their layers
make 499,822 with OGB's atom table of 173 rows, of which 100 are a vector of the pairs without an
edge. 499,722 are here. Not trained here. peptides_func_san.py says in what it differs.
"""

from ml_collections import ConfigDict

from configs import peptides_func_san


def get_config() -> ConfigDict:
    config = peptides_func_san.get_config()
    config.encodings = ConfigDict(dict(random_walk=dict(walk_length=16)))

    config.model.dim = 100
    config.model.encoding_dim = 20
    del config.model.node_encoders["laplacian"]
    return config
