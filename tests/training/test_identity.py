import numpy as np

from gtx.training.identity import fingerprint
from tests.training import small


def test_a_fingerprint_changes_with_every_part_that_is_read():
    base = fingerprint(small.dataset(5))
    assert fingerprint(small.dataset(5)) == base
    for change in ("labels", "senders", "ids"):
        other = small.dataset(5)
        array = other.targets.labels if change == "labels" else getattr(other, change)
        array[...] = np.roll(array, 1, axis=0)
        assert fingerprint(other) != base, change
    other = small.dataset(5)
    other.nodes["feat"][0, 0] += 1e-3
    assert fingerprint(other) != base
