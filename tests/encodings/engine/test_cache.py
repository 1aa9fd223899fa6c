"""Cached columns are those that were computed, or are computed again; and are never lost."""

import logging
import multiprocessing
import os
import resource

import numpy as np
import pytest

from gtx.data import npz
from gtx.encodings import RRWP, RandomWalk, apply
from gtx.encodings.engine import cache, parts
from gtx.encodings.engine.cache import cache_file
from tests.damage import damaged, forged
from tests.encodings.graphs import cycle, dataset_of, irregular

GRAPHS = [irregular(n, seed) for n in (5, 6, 7) for seed in range(2)]


def columns_of(dataset, encoding, folder):
    apply(dataset, [encoding], cache_dir=folder)
    file = cache_file(folder, dataset, encoding)
    return file, cache.read(file, parts.empty(encoding, dataset.num_nodes))


def test_a_damaged_file_gives_the_same_columns_or_none(tmp_path, caplog):
    _fuzz(tmp_path, 200, caplog)


@pytest.mark.slow
def test_many_damaged_files_give_the_same_columns_or_none(tmp_path, caplog):
    _fuzz(tmp_path, 3000, caplog)


def _fuzz(tmp_path, count, caplog):
    dataset, encoding = dataset_of(GRAPHS), RandomWalk(5)
    file, expected = columns_of(dataset, encoding, tmp_path)
    sound, found = file.read_bytes(), 0
    rng = np.random.default_rng(0)
    for number in range(count):
        file.write_bytes((damaged if number % 4 else forged)(sound, rng))
        caplog.clear()
        columns = cache.read(file, expected)
        if columns is None:
            assert "computed again" in caplog.text
            found += 1
        elif number % 4:
            np.testing.assert_array_equal(columns["node", "rwse"], expected["node", "rwse"])
    assert found > count / 2


def test_a_flipped_header_of_a_large_column_does_not_give_other_numbers(tmp_path, caplog):
    # A header that takes rows for columns, or one order for the other, fits the same bytes.
    n = int(np.sqrt(npz._CHUNK / 4 / 3)) + 1
    dataset, encoding = dataset_of([cycle(n)]), RRWP(3)
    file, expected = columns_of(dataset, encoding, tmp_path)
    sound = file.read_bytes()
    start = sound.index(b"NUMPY")
    for place in range(start + 5, start + 80):
        file.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        assert cache.read(file, expected) is None
    assert "is damaged" in caplog.text


@pytest.mark.parametrize("several", [False, True])
def test_a_full_disk_loses_no_result(tmp_path, caplog, monkeypatch, several):
    if several:  # parts, one for each graph
        monkeypatch.setattr(parts, "_PART_WORK", 1)
    dataset, encoding = dataset_of(GRAPHS), RandomWalk(20)
    expected = apply(dataset, [encoding]).nodes["rwse"]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))
    try:
        found = apply(dataset, [encoding], cache_dir=tmp_path).nodes["rwse"]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    np.testing.assert_array_equal(found, expected)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1 + several and all("results are used, but not kept" in x for x in lines)
    assert list(tmp_path.iterdir()) == []
    apply(dataset, [encoding], cache_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def _die_while_writing(folder):
    write = np.savez

    def half(stream, **content):
        write(stream, **content)
        stream.flush()
        os._exit(9)

    np.savez = half
    apply(dataset_of(GRAPHS), [RandomWalk(5)], cache_dir=folder)


def test_what_a_killed_run_left_half_written_is_gone_after_the_next(tmp_path, caplog):
    process = multiprocessing.get_context("spawn").Process(
        target=_die_while_writing, args=(tmp_path,)
    )
    process.start()
    process.join()
    assert process.exitcode == 9 and len(list(tmp_path.glob("*.partial"))) == 1
    apply(dataset_of(GRAPHS), [RandomWalk(5)], cache_dir=tmp_path)
    assert [file.suffix for file in tmp_path.iterdir()] == [".npz"] and not caplog.text


def test_a_file_of_another_format_is_computed_again(tmp_path, caplog):
    dataset, encoding = dataset_of(GRAPHS), RandomWalk(5)
    file, expected = columns_of(dataset, encoding, tmp_path)
    values = expected["node", "rwse"]
    source = np.array(file.stem)
    for content in (
        {"node/rwse": values},
        {"source": source},
        {"node/rwse": values, "source": np.array([file.stem] * 2)},
        {"node/rwse": values, "source": np.array("x" * 1000)},
        {"node/rwse": values, "source": np.zeros(())},
        {"node/rwse": values.astype(np.float64), "source": source},
        {"node/rwse": values.T, "source": source},
    ):
        np.savez(file, **content)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            found = apply(dataset, [encoding], cache_dir=tmp_path).nodes["rwse"]
        np.testing.assert_array_equal(found, values)
        assert "computed again" in caplog.text
