r"""SAN on ogbg-molpcba: Kreuzer et al. (2021): test AP 0.2765, not checked against the paper.

    gtx train --config=configs/molpcba_san.py --config.data.root=data \
        --workdir=runs/molpcba_san

The authors' `configs/MOLPCBA/optimized`, with OGB's atom table of 173 rows: 5,885,044 parameters by
their layers.

Not trained here. Differs from it in that: a step is one batch of 1,024, where the authors add the
gradients of two batches of 512; the learning rate falls along a cosine for the 1,000 epochs, where
they halve it when the validation AP does not rise for 20 epochs, and stop below 1e-5 or after 24
hours; signs of the eigenvectors are drawn for each graph and not for each batch; each eigenvector
has length 1, where their code scales the row of each node to length 1; batches are stratified by
size.
"""

from ml_collections import ConfigDict

from configs import molhiv_san


def get_config() -> ConfigDict:
    config = molhiv_san.get_config()
    config.data.name = "ogbg_molpcba"
    config.batch.size = 1024

    config.model.dim = 304
    config.model.num_layers = 5
    config.model.dropout_rate = 0.2

    config.optimizer.learning_rate = 3e-4
    return config
