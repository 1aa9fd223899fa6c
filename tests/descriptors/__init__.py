"""One row for every layer and model of gtx: what the tests of all of them need to know of it.

A new layer gets a row in the file of its room, in a tuple that is joined here. From then on
`tests/test_conformance.py` and `tests/test_shard_map.py` test it. Its
`options` name every field that has a default, with another value that must change the result.

A row may cost the default run about three CPU seconds. Nearly all of them go into tracing and
compiling, so what counts is how many operations the module has and how many programs are made of
it, not how large its arrays are:

* One layer, two heads, `DIM` features and a head of one layer show what more of them would show.
* The checks share three programs: outputs and gradients while training (`trained`), outputs
  while training in another padding (`forward`), and outputs in evaluation (`evaluate`). All other
  batches have the shapes of these, and go through the same programs.
* Every option costs one call of the layer, except where it changes a parameter's shape. So
  options belong to rows of layers. The row of a model has none, or those of its own loop.
* Rows of models are tested in bfloat16, with remat, without jit and in shards by slow tests.

Before a new row is landed, run all of its tests:

    pytest tests/test_conformance*.py tests/test_shard_map.py \
      -k "[my_layer" -m "not torch" --durations=10
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
