"""Can the model tell the graphs of CSL with no encoding, with random walks, with eigenvectors?

    gtx sweep --config=configs/sweeps/csl.py --workdir=runs/csl

Five folds each, 15 runs of half a minute.
"""

from gtx import sweeps

RECIPE = "configs/csl_gps.py"


def get_sweep() -> list[sweeps.Overrides]:
    return sweeps.grid(
        {"encodings_used": ["none", "random_walk", "laplacian"], "data.fold": [0, 1, 2, 3, 4]}
    )
