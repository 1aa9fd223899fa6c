r"""Attention alone on LRIM: every node to all, in chunks, told where it is by waves of the torus.

    gtx train --config=configs/lrim_attention.py --workdir=runs/lrim_attention

The recipe of lrim_gps.py without message passing; docs/generated.md has scores.
"""

from ml_collections import ConfigDict

from configs import lrim_gps


def get_config() -> ConfigDict:
    config = lrim_gps.get_config()
    config.model.local = "none"
    return config
