"""What is each encoding worth on ZINC-12k, at equal budget? Five choices, three seeds.

    gtx sweep --config=configs/sweeps/zinc_encodings.py --workdir=runs/zinc_enc

The data are looked for in data/zinc12k. Here, test MAE over the seeds: none 0.396 ± 0.007, rrwp
0.387 ± 0.008, spd 0.383 ± 0.009, laplacian 0.379 ± 0.006, random_walk 0.235 ± 0.010, on ZINC-12k
(rebuilt), 34 minutes on 2 shared and busy cores of an AMD EPYC, 2026-11-23. docs/encodings.md has
more.
"""

from gtx import sweeps

RECIPE = "configs/zinc_encodings.py"


def get_sweep() -> list[sweeps.Overrides]:
    used = ["none", "random_walk", "laplacian", "rrwp", "spd"]
    return sweeps.grid({"seed": [0, 1, 2], "encodings_used": used})
