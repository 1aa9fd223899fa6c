r"""SAT with k-subgraphs on ZINC-12k: Chen, O'Bray and Borgwardt (2022), table 1: MAE 0.094 ± 0.008.

    gtx train --config=configs/zinc_sat_subgraph.py --config.data.root=data \
        --workdir=runs/zinc_sat_subgraph

The authors' `train_zinc.py --abs-pe rw --se khopgnn --gnn-type pna2 --dropout 0.2 --k-hop 3
--use-edge-attr`: k-subgraphs by a PNA with towers. Its layers have
473,953 parameters; the paper states no number. Not trained here. Batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import zinc_sat


def get_config() -> ConfigDict:
    config = zinc_sat.get_config()
    config.structures.subgraphs = ConfigDict(dict(hops=3))
    config.model.extractor = "subgraph"
    config.model.dropout_rate = 0.2
    return config
