"""One row for every layer and model of gtx: what the tests of all of them need to know of it.

A new layer gets a row in the file of its room, in a tuple that is joined here. From then on
`tests/test_conformance.py`, `tests/test_golden.py` and `tests/test_shard_map.py` test it. Its
`options` name every field that has a default, with another value that must change the result.
"""

from tests.descriptors.attention import ATTENTION_LAYERS
from tests.descriptors.blocks import BLOCKS
from tests.descriptors.descriptor import Descriptor, by_level, inputs
from tests.descriptors.encoders import ENCODERS
from tests.descriptors.local import LOCAL
from tests.descriptors.models import MODELS
from tests.descriptors.pair_models import PAIR_MODELS
from tests.descriptors.pairs import PAIRS
from tests.descriptors.parts import PARTS
from tests.descriptors.readouts import READOUTS
from tests.descriptors.values import BF16

DESCRIPTORS = (
    *PARTS,
    *ATTENTION_LAYERS,
    *LOCAL,
    *BLOCKS,
    *PAIRS,
    *ENCODERS,
    *READOUTS,
    *MODELS,
    *PAIR_MODELS,
)

__all__ = ["BF16", "DESCRIPTORS", "Descriptor", "by_level", "inputs"]
