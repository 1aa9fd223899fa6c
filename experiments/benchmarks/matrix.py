"""Whether the implementations of attention are one on the device of this process.

Values, log-sum-exps and all gradients, against an oracle in float64 on the CPU. A check for
devices where the test suite cannot run: it needs gtx.ops and numpy. Padding holds NaN.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from gtx.ops import Complete, Edges, Tier, make_layout, pair_mask
from gtx.ops.attention import Additive, BiasFunction, Clamped, Dot, Dynamic, attention

HEADS, HEAD_DIM = 2, 8
NUM_SENDERS, NUM_EDGES = 40, 5000  # of the edge list
# Largest difference, in units of the largest value of each result. In bfloat16 and float16 it
# is the rounding of result and gradients; cuDNN also rounds its weights.
LIMITS = {
    "float64": 1e-12,
    "float32": 1e-5,
    "tf32": 5e-3,
    "bfloat16": 2**-7,
    "float16": 2**-9,
}
FLASH_LIMIT = 2**-6
PRECISIONS = {"float64": "highest", "float32": "highest"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One combination of arguments.

    Attributes:
      score: "dot", "clamped", "additive" or "dynamic".
      bias: "none", "array" or "function".
      dropout: whether weights are dropped.
      extras: whether there are a gate, `edge_key` and `edge_value`.
      lse: whether the log-sum-exp is asked for.
    """

    score: str
    bias: str
    dropout: bool = False
    extras: bool = False
    lse: bool = True


CASES = (
    Case("dot", "none"),
    Case("clamped", "array", dropout=True),
    Case("dynamic", "function", dropout=True, extras=True),
    Case("additive", "none", extras=True),
)
BLOCK_CASES = (Case("dot", "none"), Case("dot", "array"), Case("dynamic", "function", dropout=True))
FLASH_CASES = (Case("dot", "none", lse=False), Case("dot", "array", lse=False))


def graphs() -> Complete:
    """Graphs of 5, 0, 1, 8, 30 and 17 nodes in two tiers, pairs masked, three padding nodes."""
    layout = make_layout(np.array([5, 0, 1, 8, 30, 17]), 64, (Tier(4, 8), Tier(2, 32)))
    return Complete(layout, np.random.default_rng(0).random(layout.num_pairs) < 0.8)


def edge_list() -> Edges:
    """50 receivers, 40 senders; duplicates, masked edges, receivers without any.

    More edges than a block of `chunked` has.
    """
    rng = np.random.default_rng(1)
    receivers = np.sort(rng.integers(0, 45, NUM_EDGES)).astype(np.int32)
    senders = rng.integers(0, NUM_SENDERS, NUM_EDGES).astype(np.int32)
    return Edges(senders, receivers, rng.random(NUM_EDGES) < 0.8, 50, indices_are_sorted=True)


def large_graph() -> Complete:
    """More nodes than a block of `chunked` has rows or columns."""
    return Complete(make_layout(np.array([1100]), 1100, (Tier(1, 1100),)))


def long_tiers() -> Complete:
    """Tiers of 128 slots, whose only mask is the number of nodes, for `flash`."""
    return Complete(make_layout(np.array([3, 0, 90, 128]), 224, (Tier(2, 128), Tier(2, 128))))


@dataclasses.dataclass(frozen=True)
class Block:
    """Implementations to be compared on one structure, and the oracle there."""

    structure: Callable[[], Complete | Edges]
    implementations: tuple[str, ...]
    dtypes: tuple[str, ...]
    cases: tuple[Case, ...]
    oracle: str = "reference"


WIDE = ("float64", "float32", "bfloat16")
BLOCKS = (
    Block(graphs, ("dense", "chunked", "edges"), WIDE, CASES),
    Block(edge_list, ("edges", "chunked"), WIDE, CASES),
    # The memory of the reference grows with the cube of the nodes.
    Block(large_graph, ("chunked",), ("float32", "bfloat16"), BLOCK_CASES, oracle="dense"),
    Block(long_tiers, ("flash", "dense"), ("bfloat16", "float16"), FLASH_CASES),
    # What jax does with float32 on a GPU unless told otherwise.
    Block(long_tiers, ("dense", "chunked"), ("tf32",), CASES[:1]),
)
SMALL = (
    Block(graphs, ("dense", "chunked"), ("float32",), CASES[:1]),
    Block(edge_list, ("edges",), ("bfloat16",), CASES[1:2]),
    Block(long_tiers, ("flash",), ("bfloat16",), FLASH_CASES[:1]),
)


@dataclasses.dataclass(frozen=True)
class Check:
    """The largest error of one implementation in one case, or why there is none.

    Attributes:
      worst: the result with that error: "out", "lse" or the argument whose gradient it is.
    """

    implementation: str
    structure: str
    dtype: str
    case: str
    limit: float
    error: float | None = None
    worst: str = ""
    note: str = ""

    @property
    def failed(self) -> bool:
        """True unless the error is known to be within its limit, or the check did not apply."""
        return self.error is not None and not self.error <= self.limit


def run(blocks: tuple[Block, ...]) -> Iterator[Check]:
    """Compare every implementation in every case; a failure is a result like any other."""
    for block in blocks:
        structure = block.structure()
        for case in block.cases:
            for dtype in block.dtypes:
                arrays = _arguments(structure, dtype)
                expected = functools.cache(
                    functools.partial(_oracle, structure, arrays, case, block.oracle)
                )
                for name in block.implementations:
                    yield _check(name, structure, arrays, case, dtype, expected)


def _oracle(structure, arrays, case, name):
    with jax.default_device(jax.devices("cpu")[0]), jax.enable_x64(True):
        return _results(structure, arrays, case, name, "float64")


def _check(name, structure, arrays, case, dtype, oracle):
    limit = FLASH_LIMIT if name == "flash" else LIMITS[dtype]
    about = f"{case.score}, bias {case.bias}"
    about += ", dropout" if case.dropout else ""
    about += ", gate and edge features" if case.extras else ""
    check = Check(name, _describe(structure), dtype, about, limit)
    try:
        with jax.enable_x64(dtype == "float64"):
            actual = _results(structure, _with_nan(structure, arrays), case, name, dtype)
    except ValueError as error:
        if "does not apply" not in str(error):
            raise
        return dataclasses.replace(check, note=str(error))
    except RuntimeError as error:  # of the compiler or the device
        return dataclasses.replace(check, error=np.inf, note=str(error).splitlines()[0])
    expected = oracle()
    errors = {key: _error(actual[key], expected[key]) for key in expected}
    worst = max(errors, key=errors.__getitem__)
    return dataclasses.replace(check, error=errors[worst], worst=worst)


def _describe(structure):
    if isinstance(structure, Edges):
        return f"{len(structure.senders)} edges"
    return f"graphs in {', '.join(f'{t.num_graphs} x {t.size}' for t in structure.layout.tiers)}"


def _error(actual, expected):
    """Infinite where the result is not finite: NaN compares as no error at all."""
    scale = max(np.abs(expected[expected > -1e29]).max(initial=0), 1e-3)
    difference = np.abs(actual - expected)
    if not np.isfinite(difference).all():
        return float("inf")
    # Without an edge the log-sum-exp is -1e30, and in float32 not exactly.
    difference = np.where(expected > -1e29, difference / scale, difference / 1e30)
    return float(difference.max(initial=0))


def _sizes(structure):
    if isinstance(structure, Edges):
        return structure.num_receivers, NUM_SENDERS, len(structure.senders)
    return structure.layout.num_nodes, structure.layout.num_nodes, structure.num_pairs


def _arguments(structure, dtype):
    """float64 arrays of which every value exists in `dtype` too."""
    rng = np.random.default_rng(2)
    receivers, senders, entries = _sizes(structure)
    shapes = dict(
        query=(receivers, HEADS, HEAD_DIM),
        key=(senders, HEADS, HEAD_DIM),
        value=(senders, HEADS, HEAD_DIM),
        bias=(entries, HEADS),
        gate=(entries, HEADS),
        edge_key=(entries, HEADS, HEAD_DIM),
        edge_value=(entries, HEADS, HEAD_DIM),
        vector=(HEADS, HEAD_DIM),
        decay=(HEADS,),
        receiver_place=(receivers, 3),
        sender_place=(senders, 3),
        out=(receivers, HEADS, HEAD_DIM),
        lse=(receivers, HEADS),
    )
    narrow = jnp.dtype("float32" if dtype == "tf32" else dtype)
    return {
        name: rng.normal(size=shape).astype(narrow).astype(float) for name, shape in shapes.items()
    }


def _with_nan(structure, arrays):
    """NaN wherever no edge or pair reads."""
    if isinstance(structure, Edges):
        entries = ~structure.where
        receivers, senders = np.ones(structure.num_receivers, bool), np.ones(NUM_SENDERS, bool)
        receivers[structure.receivers[structure.where]] = False
        senders[structure.senders[structure.where]] = False
    else:
        receivers = senders = structure.layout.node_slots >= structure.layout.num_slots
        entries = ~pair_mask(structure.layout)
        if structure.where is not None:
            entries |= ~structure.where
    arrays = dict(arrays)
    rows = dict.fromkeys(("bias", "gate", "edge_key", "edge_value"), entries)
    rows |= dict.fromkeys(("query", "receiver_place"), receivers)
    rows |= dict.fromkeys(("key", "value", "sender_place"), senders)
    for name, unread in rows.items():
        arrays[name] = arrays[name].copy()
        arrays[name][unread] = np.nan
    return arrays


def _results(structure, arrays, case, implementation, dtype):
    """Result, log-sum-exp and gradients, as float64 on the host."""
    narrow = jnp.dtype("float32" if dtype == "tf32" else dtype)
    cotangents = [arrays["out"].astype(narrow), arrays["lse"]]
    names = ["query", "key", "value"]
    names += ["gate", "edge_key", "edge_value"] if case.extras else []
    names += ["vector"] if case.score == "dynamic" else []
    names += {"none": [], "array": ["bias"]}.get(
        case.bias, ["decay", "receiver_place", "sender_place"]
    )
    inputs = {name: arrays[name].astype(narrow) for name in names}
    key = jax.random.key(3)
    with jax.default_matmul_precision(PRECISIONS.get(dtype)):
        found = _attend(inputs, cotangents, structure, key, case=case, name=implementation)
    return {name: np.asarray(values, float) for name, values in found.items()}


@functools.partial(jax.jit, static_argnames=("case", "name"))
def _attend(inputs, cotangents, structure, key, *, case, name):
    def attend(inputs):
        bias = inputs.get("bias")
        if case.bias == "function":
            places = inputs["receiver_place"], inputs["sender_place"]
            bias = BiasFunction(_distance, inputs["decay"], *places)
        score = dict(dot=Dot(), clamped=Clamped(0.7), additive=Additive(0.3)).get(case.score)
        out = attention(
            inputs["query"],
            inputs["key"],
            inputs["value"],
            structure,
            score=score or Dynamic(inputs["vector"]),
            bias=bias,
            gate=inputs.get("gate"),
            edge_key=inputs.get("edge_key"),
            edge_value=inputs.get("edge_value"),
            dropout_rate=0.4 if case.dropout else 0.0,
            dropout_key=key if case.dropout else None,
            implementation=name,
            return_lse=case.lse,
        )
        return dict(zip(("out", "lse"), out, strict=True)) if case.lse else dict(out=out)

    results, pull = jax.vjp(attend, inputs)
    cotangents = dict(zip(("out", "lse"), cotangents, strict=True))
    cotangents = {name: cotangents[name].astype(x.dtype) for name, x in results.items()}
    return {**results, **pull(cotangents)[0]}


def _distance(decay, x, y):
    return -decay * jnp.sum((x - y) ** 2, axis=-1)[..., None]
