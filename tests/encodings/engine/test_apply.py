import dataclasses
import io
import logging
import multiprocessing
import os
import stat
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from gtx import structures
from gtx.data import Dataset
from gtx.data.spec import Categorical, Continuous
from gtx.encodings import (
    RRWP,
    Degree,
    EncodingError,
    LaplacianEigenvectors,
    RandomWalk,
    Sinusoidal,
    apply,
)
from gtx.encodings.base import storage
from gtx.encodings.engine import cache, parts, values
from gtx.encodings.engine.cache import cache_file
from tests.encodings.graphs import complete, cycle, dataset_of, irregular, multigraphs, path, star
from tests.encodings.test_base import Codes, Powers

ENCODINGS = (RandomWalk(5), LaplacianEigenvectors(3), Sinusoidal(4), Powers(), Codes(size=40))
FEW = [irregular(), np.zeros((1, 1)), cycle(5), np.zeros((0, 0)), star(4), complete(5)]


@given(st.lists(multigraphs(5), max_size=9))
@settings(deadline=None, max_examples=25)
def test_a_dataset_is_encoded_graph_by_graph(adjacencies):
    dataset = dataset_of(adjacencies)
    encoded = apply(dataset, ENCODINGS)
    pointers = dict(node=dataset.node_ptr, pair=dataset.pair_ptr, graph=range(len(dataset) + 1))
    fields = dict(node=encoded.nodes, pair=encoded.pairs, graph=encoded.graphs)
    for encoding in ENCODINGS:
        for (level, name), column in encoding.columns().items():
            array, pointer = fields[level][name], pointers[level]
            width, dtype = storage(column)
            assert array.dtype == dtype and array.shape == (pointer[-1], width)
            for number, adjacency in enumerate(adjacencies):
                expected = encoding(adjacency[None])[level, name].reshape(-1, width)
                found = array[pointer[number] : pointer[number + 1]]
                if encoding.symmetry == "up_to_basis" and level == "node":
                    found, expected = found @ found.T, expected @ expected.T
                np.testing.assert_allclose(found, expected, atol=1e-5)


def test_columns_are_described_in_the_spec_and_travel_with_the_graphs():
    encoded = apply(dataset_of(FEW), ENCODINGS)
    assert encoded.spec.nodes["rwse"] == Continuous(5)
    assert encoded.spec.graphs["laplacian_mask"] == Continuous(3)
    assert encoded.spec.pairs["codes"] == Categorical((40, 3))
    part = encoded.select([4])
    assert part.nodes["rwse"].shape == (5, 5) and part.pairs["powers"].shape == (25, 2)
    receiver, sender = 2, 0  # of the star, whose centre is 0
    assert part.pairs["codes"][receiver * 5 + sender].tolist() == [0, 1]
    assert part.nodes["codes_degree"][:, 0].tolist() == [4, 1, 1, 1, 1]


@pytest.mark.parametrize("encoding", [Codes(size=4), Codes(offset=-1)], ids=str)
def test_a_code_outside_its_vocabulary_is_refused_with_graph_and_column(encoding, tmp_path):
    dataset = dataset_of([irregular(), complete(3), star(4)]).select([2, 1])
    with pytest.raises(EncodingError, match=r"graph [12]: codes gives (4|-1) in pair column"):
        apply(dataset, [encoding], cache_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_values_that_are_no_numbers_of_their_column_are_refused(monkeypatch):
    monkeypatch.setattr(RandomWalk, "columns", lambda self: {("node", "rwse"): Categorical((2,))})
    with pytest.raises(EncodingError, match="rwse: node column 'rwse' is categorical.*float64"):
        apply(dataset_of(FEW), [RandomWalk(1)])
    monkeypatch.setattr(Powers, "__call__", lambda self, adjacency: _powers(adjacency))
    with pytest.raises(
        EncodingError, match=r"graph 4: powers gives nan in pair column .*\[12, 1\]"
    ):
        apply(dataset_of([*FEW[:4], irregular(7)]), [Powers()])


def _powers(adjacency):
    values = np.zeros((*adjacency.shape, 2))
    if adjacency.shape[1] == 7:
        values[0, 1, 5, 1] = np.nan
    return {("pair", "powers"): values}


def test_chunks_do_not_change_the_values(monkeypatch):
    dataset = dataset_of([irregular(6, seed) for seed in range(7)])
    whole = apply(dataset, [RandomWalk(5)])
    monkeypatch.setattr(sys.modules["gtx.encodings.engine.values"], "CHUNK_ENTRIES", 80)
    parts = apply(dataset, [RandomWalk(5)])
    np.testing.assert_array_equal(whole.nodes["rwse"], parts.nodes["rwse"])


def forbid_computing(monkeypatch):
    for name in ("compute", "compute_into"):
        monkeypatch.delattr(sys.modules["gtx.encodings.engine.apply"], name)


def test_a_second_run_reads_the_cache_and_gives_the_same(tmp_path, monkeypatch):
    first = apply(dataset_of(FEW), ENCODINGS, cache_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == len(ENCODINGS)
    forbid_computing(monkeypatch)
    second = apply(dataset_of(FEW), ENCODINGS, cache_dir=tmp_path)
    for field in ("nodes", "pairs", "graphs"):
        for name, array in getattr(first, field).items():
            np.testing.assert_array_equal(getattr(second, field)[name], array)


def test_other_graphs_other_settings_and_other_versions_are_other_files(tmp_path):
    dataset, encoding = dataset_of(FEW), Powers()
    others = [
        cache_file(tmp_path, dataset, encoding),
        cache_file(tmp_path, dataset, Powers(version=2)),
        cache_file(tmp_path, dataset, RandomWalk(5)),
        cache_file(tmp_path, dataset, RandomWalk(6)),
        cache_file(tmp_path, dataset.select([0, 1]), encoding),
        cache_file(tmp_path, dataset_of([*FEW[:-1], cycle(5)]), encoding),
    ]
    assert len(set(others)) == len(others)
    features = dataset.with_columns("node", dict(x=np.ones(dataset.node_ptr[-1])))
    assert cache_file(tmp_path, features, encoding) == others[0]


def test_eigenvectors_of_another_machine_numpy_or_scipy_are_not_used(tmp_path, monkeypatch):
    dataset = dataset_of(FEW)
    encodings = [LaplacianEigenvectors(3), RandomWalk(5), Sinusoidal(4)]
    before = [cache_file(tmp_path, dataset, encoding) for encoding in encodings]
    monkeypatch.setattr(cache.platform, "machine", lambda: "abacus")
    other_machine = [cache_file(tmp_path, dataset, encoding) for encoding in encodings]
    monkeypatch.setattr(cache.np, "__version__", "0.1")
    other_numpy = [cache_file(tmp_path, dataset, encoding) for encoding in encodings]
    monkeypatch.setattr(cache.scipy, "__version__", "0.1")
    other_scipy = [cache_file(tmp_path, dataset, encoding) for encoding in encodings]
    assert len({before[0], other_machine[0], other_numpy[0], other_scipy[0]}) == 4
    assert before[1:] == other_machine[1:] == other_numpy[1:] == other_scipy[1:]


def test_encodings_are_of_the_graph_without_its_structures(tmp_path):
    # Recipes add structures afterwards: tests/configs/test_structures.py.
    graphs, degree = dataset_of([path(5)]), Degree()
    far = structures.KHop(2)
    before = far(apply(graphs, [degree], cache_dir=tmp_path))
    after = apply(far(graphs), [degree], cache_dir=tmp_path)  # edge sets are not the graph's
    for found in (before, after):
        assert found.nodes["degree"][:, 0].tolist() == [1, 2, 2, 2, 1]
    larger = structures.VirtualNodes()(before)
    assert larger.nodes["degree"][:, 0].tolist() == [1, 2, 2, 2, 1, 0]


DAMAGE = {
    "cut short": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "not a file of arrays": lambda content: b"no arrays",
    "a flipped byte": lambda content: _flipped(content, content.index(b"NUMPY") + 300),
    "an unknown compression": lambda content: _flipped(content, content.index(b"PK\x01\x02") + 10),
    "encrypted": lambda content: _flipped(content, content.index(b"PK\x01\x02") + 8),
}


def _flipped(content, place, bit=0):
    return content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_reported_and_replaced(tmp_path, caplog, damage):
    dataset, encoding = dataset_of(FEW), RandomWalk(5)
    expected = apply(dataset, [encoding], cache_dir=tmp_path).nodes["rwse"]
    file = cache_file(tmp_path, dataset, encoding)
    sound = file.read_bytes()
    file.write_bytes(DAMAGE[damage](sound))
    with caplog.at_level(logging.WARNING):
        found = apply(dataset, [encoding], cache_dir=tmp_path).nodes["rwse"]
    np.testing.assert_array_equal(found, expected)
    assert f"{file} is damaged" in caplog.text
    caplog.clear()
    apply(dataset, [encoding], cache_dir=tmp_path)
    assert not caplog.text


def test_a_flipped_bit_is_found_or_does_no_harm(tmp_path, caplog):
    dataset, encoding = dataset_of([cycle(3)]), RandomWalk(2)
    apply(dataset, [encoding], cache_dir=tmp_path)
    file = cache_file(tmp_path, dataset, encoding)
    sound, expected = file.read_bytes(), cache.read(file, parts.empty(encoding, dataset.num_nodes))
    found = 0
    for bit in range(0, 8 * len(sound), 13):  # every place of a byte, in turn
        file.write_bytes(_flipped(sound, *divmod(bit, 8)))
        caplog.clear()
        columns = cache.read(file, expected)
        if columns is None:
            assert "computed again" in caplog.text
            found += 1
        else:
            np.testing.assert_array_equal(columns["node", "rwse"], expected["node", "rwse"])
    assert found > len(sound) / 4


def test_a_file_of_other_shapes_is_not_used(tmp_path, caplog):
    dataset, encoding = dataset_of(FEW), RandomWalk(5)
    expected = apply(dataset, [encoding], cache_dir=tmp_path).nodes["rwse"]
    cache.write(cache_file(tmp_path, dataset, encoding), {("node", "rwse"): expected[1:]})
    found = apply(dataset, [encoding], cache_dir=tmp_path).nodes["rwse"]
    np.testing.assert_array_equal(found, expected)
    assert "does not fit" in caplog.text


def test_a_file_of_other_graphs_of_the_same_sizes_is_not_used(tmp_path, caplog):
    dataset, other = dataset_of([irregular(7)]), dataset_of([irregular(7, seed=1)])
    encoding = RandomWalk(5)
    expected = apply(dataset, [encoding]).nodes["rwse"]
    apply(other, [encoding], cache_dir=tmp_path)
    file = cache_file(tmp_path, other, encoding)
    file.rename(cache_file(tmp_path, dataset, encoding))
    found = apply(dataset, [encoding], cache_dir=tmp_path).nodes["rwse"]
    np.testing.assert_array_equal(found, expected)
    assert "does not fit" in caplog.text


def test_results_may_be_read_by_whomever_the_umask_lets(tmp_path):
    before = os.umask(0o022)
    try:
        apply(dataset_of(FEW), [RandomWalk(5)], cache_dir=tmp_path)
    finally:
        os.umask(before)
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_cache_that_is_no_folder_is_refused_before_anything_is_computed(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    forbid_computing(monkeypatch)
    for folder in (tmp_path / "file", tmp_path / "file" / "cache"):
        with pytest.raises(EncodingError, match=f"cache_dir {folder} is no folder.*leave out"):
            apply(dataset_of(FEW), [RandomWalk(5)], cache_dir=folder)
    monkeypatch.setattr(cache.os, "access", lambda *_: False)
    with pytest.raises(EncodingError, match="not yours to write to"):
        apply(dataset_of(FEW), [RandomWalk(5)], cache_dir=tmp_path)


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    expected = apply(dataset_of(FEW), [RandomWalk(5)], cache_dir=tmp_path).nodes["rwse"]
    columns = {("node", "rwse"): expected}
    [file] = tmp_path.iterdir()
    monkeypatch.setattr(cache, "open", refuse, raising=False)
    assert cache.read(file, columns) is None
    assert f"{file} may not be read" in caplog.text and "damaged" not in caplog.text


MANY = [irregular(n, seed) for n in (5, 6, 7) for seed in range(4)]


@pytest.fixture
def small_parts(monkeypatch):
    """Every graph is a part of its own."""
    monkeypatch.setattr(parts, "_PART_WORK", 1)


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path, monkeypatch, small_parts):
    module = sys.modules["gtx.encodings.engine.apply"]
    compute, calls = module.compute, []

    def counted(encoding, part):
        if len(calls) == 5:
            raise KeyboardInterrupt
        calls.append(part.ids.tolist())
        return compute(encoding, part)

    dataset = dataset_of(MANY)
    expected = apply(dataset, [Codes(), RandomWalk(5)])
    monkeypatch.setattr(module, "compute", counted)
    with pytest.raises(KeyboardInterrupt):
        apply(dataset, [Codes()], cache_dir=tmp_path)
    assert len(list(tmp_path.glob("codes-*.part.npz"))) == 5
    damaged = next(tmp_path.glob("codes-*.part.npz"))
    damaged.write_bytes(damaged.read_bytes()[:-100])
    first, calls[:] = calls[:], ["counted on"]
    with pytest.raises(KeyboardInterrupt):
        apply(dataset, [Codes()], cache_dir=tmp_path)
    calls.append("and on")
    found = apply(dataset, [Codes()], cache_dir=tmp_path)
    again = [ids for ids in calls if ids in first]
    assert len(again) == 1 and len(calls) - 2 + len(first) == len(MANY) + 1
    for level in ("nodes", "pairs"):
        for name, array in getattr(found, level).items():
            np.testing.assert_array_equal(array, getattr(expected, level)[name])
    assert [file.name for file in tmp_path.iterdir()] == [
        cache_file(tmp_path, dataset, Codes()).name
    ]


def test_workers_change_nothing_and_report_errors(tmp_path, monkeypatch, small_parts):
    dataset = dataset_of([*MANY, np.zeros((0, 0))])
    alone = apply(dataset, ENCODINGS[:2])
    with pytest.raises(EncodingError, match=r"graph \d: codes gives"):
        apply(dataset, [*ENCODINGS[:2], Codes(size=1)], cache_dir=tmp_path, num_workers=2)
    forbid_computing(monkeypatch)
    shared = apply(dataset, ENCODINGS[:2], cache_dir=tmp_path)
    for field in ("nodes", "graphs"):
        for name, array in getattr(alone, field).items():
            np.testing.assert_array_equal(getattr(shared, field)[name], array)


class Ending(Codes):
    def __call__(self, adjacency, xp=np):
        os._exit(1)


def test_a_worker_that_ends_is_reported_with_what_to_do():
    with pytest.raises(EncodingError, match="a worker ended.*fewer workers.*__main__"):
        apply(dataset_of(FEW), [Ending()], num_workers=1)
    with pytest.raises(ValueError, match="num_workers"):
        apply(dataset_of(FEW), [Codes()], num_workers=-1)


def test_a_bar_is_shown_at_a_terminal_and_nothing_elsewhere(monkeypatch, capsys):
    module = sys.modules["gtx.encodings.engine.apply"]
    screen = io.StringIO()
    apply(dataset_of(FEW), [RandomWalk(5)], progress=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(
        module, "Console", lambda **_: Console(file=screen, force_terminal=True, width=80)
    )
    apply(dataset_of(FEW), [RandomWalk(5)])
    assert not screen.getvalue()
    apply(dataset_of(FEW), [RandomWalk(5)], progress=True)
    assert "rwse graphs" in screen.getvalue() and f"{len(FEW)}/{len(FEW)}" in screen.getvalue()


def _encode_into(folder):
    parts._PART_WORK = 1
    for _ in range(4):
        apply(dataset_of(FEW), ENCODINGS[:3], cache_dir=folder)
        for file in folder.glob("*.npz"):
            file.unlink(missing_ok=True)


@pytest.mark.slow  # each starts anew
def test_two_processes_may_share_a_cache(tmp_path, caplog):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_encode_into, args=(tmp_path,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    apply(dataset_of(FEW), ENCODINGS[:3], cache_dir=tmp_path)
    assert not caplog.text
    assert all(file.suffix == ".npz" for file in tmp_path.iterdir())


def test_two_encodings_may_not_make_the_same_column():
    with pytest.raises(EncodingError, match="node column 'rwse'"):
        apply(dataset_of(FEW), [RandomWalk(5), RandomWalk(6)])
    both = apply(dataset_of(FEW), [RandomWalk(5), RandomWalk(6, name="longer")])
    assert {"rwse", "longer"} <= both.nodes.keys()


def weighted(adjacency, **changes):
    """A dataset of one graph whose edges weigh what the matrix says, in two parts each."""
    ends = np.argwhere(adjacency > 0).repeat(2, axis=0)
    weight = adjacency[tuple(ends.T)] * np.tile([0.25, 0.75], len(ends) // 2)
    return Dataset.from_columns(
        node_ptr=[0, len(adjacency)],
        edge_ptr=[0, len(ends)],
        senders=ends[:, 1],
        receivers=ends[:, 0],
        edges=dict(weight=weight, kind=np.zeros(len(ends), int), **changes),
    )


def random_weights(n=9, density=0.5):
    rng = np.random.default_rng(n)
    return rng.uniform(0.5, 2.0, (n, n)) * (rng.random((n, n)) < density)


@pytest.mark.parametrize("limits", [dict(), dict(DENSE_NODES=4, _SPARSE_SHARE=1.0)], ids=str)
@pytest.mark.parametrize("density", [0.1, 0.6])  # a union of sparse graphs, and a dense one
@pytest.mark.parametrize(
    "encoding", [RandomWalk(5), RRWP(5), LaplacianEigenvectors(9), Degree(("in", "out"))], ids=str
)
def test_edges_weigh_what_their_column_says(encoding, density, limits, monkeypatch):
    for name, value in limits.items():
        monkeypatch.setattr(values, name, value)
    adjacency = random_weights(density=density)
    for (level, name), expected in encoding(adjacency[None]).items():
        encoded = apply(weighted(adjacency), [encoding], weights="weight")
        found = getattr(encoded, f"{level}s")[name]
        expected = expected.reshape(found.shape)
        if name == "laplacian_vectors":
            found, expected = found @ found.T, expected @ expected.T
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)


@pytest.mark.slow  # each worker is a process to start
def test_weights_reach_workers_and_have_results_of_their_own_in_the_cache(tmp_path, small_parts):
    dataset, encoding = weighted(random_weights()), Powers()
    other = weighted(2 * random_weights())
    alone = [apply(one, [encoding], weights="weight").pairs["powers"] for one in (dataset, other)]
    counted = apply(dataset, [encoding], cache_dir=tmp_path, num_workers=1).pairs["powers"]
    for _ in range(2):
        for one, expected in zip((dataset, other), alone, strict=True):
            found = apply(one, [encoding], weights="weight", cache_dir=tmp_path, num_workers=1)
            np.testing.assert_array_equal(found.pairs["powers"], expected)
    assert set(np.unique(counted[:, 0])) == {0, 2} and len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("wrong", [-1.0, np.inf, np.nan])
def test_what_is_no_weight_is_refused_with_graph_and_edge(wrong):
    dataset = apply(weighted(cycle(3)), [])
    dataset.edges["weight"][5] = wrong
    dataset = dataclasses.replace(dataset, ids=np.array([7], np.int32))
    with pytest.raises(EncodingError, match=r"graph 7: edge column 'weight' has .* at edge 5\. W"):
        apply(dataset, [RandomWalk(5)], weights="weight")


def test_a_column_of_something_else_is_no_weight():
    dataset = weighted(cycle(3), two=np.ones((12, 2)))
    for name, reason in dict(kind="Categorical", two="dim=2", wieght="none of this name").items():
        with pytest.raises(EncodingError, match=rf"'{name}' must be .*{reason}.*\['weight'\]"):
            apply(dataset, [RandomWalk(5)], weights=name)
