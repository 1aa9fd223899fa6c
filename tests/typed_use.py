"""What a type checker must see of gtx. `make types` reads this file; nothing runs it."""

from typing import assert_type

import gtx
import gtx.predict

assert_type(gtx.Predictor.load("runs/mine"), gtx.predict.Predictor)
assert_type(gtx.nn.GAT(dim=8), gtx.nn.GAT)
assert_type(gtx.__version__, str)

# An unknown name is an error. Without one, the unused comment is the error.
_ = gtx.graph_transformer  # type: ignore[attr-defined]
