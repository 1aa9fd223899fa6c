"""GraphSpec as data."""

import json

from gtx.data import Categorical, Continuous, GraphSpec, Label


def test_a_spec_survives_json():
    spec = GraphSpec(
        nodes={"atom": Categorical((119, 5)), "x": Continuous(3)},
        edges={"bond": Categorical((5,))},
        pairs={"d": Continuous(1)},
        graphs={"u": Continuous(2)},
        label=Label("graph", "regression", 2, ("a", "b"), (0.5, 1.0), (2.0, 3.0)),
    )
    assert GraphSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert GraphSpec.from_json(json.loads(json.dumps(GraphSpec().to_json()))) == GraphSpec()
