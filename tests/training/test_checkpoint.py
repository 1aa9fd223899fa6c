import os
import pathlib
import resource
import shutil
import threading
import time

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gtx.training import CheckpointError, Checkpoints, CheckpointWarning, TrainState
from gtx.training import checkpoint as module
from gtx.training.manifest import write_directory
from tests.training.small import same_bits


def make_state(step=0, dim=3):
    rng = np.random.default_rng(step)
    params = {"a": {"kernel": jnp.asarray(rng.normal(size=(2, dim)), jnp.float32)}}
    opt_state = optax.adamw(0.1).init(params)
    stats = {"norm": {"mean": jnp.asarray(rng.normal(size=dim), jnp.float32)}}
    ema = {"params": params, "batch_stats": stats}
    return TrainState(jnp.int32(step), params, stats, opt_state, ema)


def saved(tmp_path, steps=(1, 2), keep=2):
    checkpoints = Checkpoints(tmp_path, keep=keep)
    for step in steps:
        checkpoints.save(step, make_state(step), {"note": step}, {"recipe": step})
    return checkpoints


def files(path):
    return sorted(entry for entry in path.rglob("*") if entry.is_file())


def test_what_is_restored_is_what_was_saved(tmp_path):
    restored = saved(tmp_path).restore(make_state())
    assert same_bits(restored.arrays, make_state(2))
    assert (restored.host, restored.recipe) == ({"note": 2}, {"recipe": 2})
    assert restored.path.name == "step_00000002"


def test_an_empty_workdir_has_nothing_to_restore_and_stays_empty(tmp_path):
    assert Checkpoints(tmp_path).restore(make_state()) is None
    assert not list(tmp_path.iterdir())


def test_the_latest_are_kept_and_the_best_besides(tmp_path):
    checkpoints = saved(tmp_path, steps=(1,))
    checkpoints.save_best({"params": make_state(1).params}, {"score": 1.0})
    for step in (2, 3, 10):
        checkpoints.save(step, make_state(step), {})
    assert checkpoints.steps() == [3, 10]
    assert checkpoints.restore_best().host == {"score": 1.0}


def test_the_best_is_read_without_a_template(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    state = make_state(5)
    for score in (1.0, 2.0):
        checkpoints.save_best(dict(state.ema), {"score": score}, {"model": "small"})
    best = checkpoints.restore_best()
    assert same_bits(best.arrays, state.ema)
    assert (best.host, best.recipe) == ({"score": 2.0}, {"model": "small"})


def test_saving_again_at_the_same_step_replaces(tmp_path):
    checkpoints = saved(tmp_path)
    checkpoints.save(2, make_state(7), {"note": 7})
    assert checkpoints.restore(make_state()).host == {"note": 7}
    assert {p.name for p in checkpoints.folder.iterdir()} == {"step_00000001", "step_00000002"}


def test_saving_leaves_no_thread_and_no_file_open(tmp_path):
    def open_now():
        return np.array([threading.active_count(), len(os.listdir("/proc/self/fd"))])

    saved(tmp_path, steps=(1,))
    before = open_now()
    saved(tmp_path, steps=(2, 3, 4)).restore(make_state())
    until = time.monotonic() + 30  # a thread of orbax that is done may still be ending
    while (open_now() > before).any() and time.monotonic() < until:
        time.sleep(0.05)
    assert (open_now() <= before).all()


def test_nothing_is_printed(tmp_path, capfd):
    saved(tmp_path).restore(make_state())
    assert capfd.readouterr() == ("", "")


def test_flipped_bytes_and_truncations_are_found_and_the_older_one_is_used(tmp_path):
    checkpoints = saved(tmp_path)
    newest = checkpoints.path(2)
    whole = tmp_path / "whole"
    shutil.copytree(newest, whole)
    rng = np.random.default_rng(0)
    names = [path.relative_to(newest) for path in files(newest)]
    for trial in range(120):
        name = names[trial % len(names)]
        data = bytearray((whole / name).read_bytes())
        place = int(rng.integers(len(data)))
        if trial % 3:
            data[place] ^= int(rng.integers(1, 256))
        else:
            data = data[:place]
        (newest / name).write_bytes(data)
        with pytest.raises(module.ManifestError, match=name.name):
            module.verify_directory(newest)
        if trial % 12 == 0:
            with pytest.warns(CheckpointWarning, match=f"(?s)damaged.*{name.name}"):
                assert checkpoints.restore(make_state()).host == {"note": 1}
        shutil.copy(whole / name, newest / name)
    assert checkpoints.restore(make_state()).host == {"note": 2}


@pytest.mark.parametrize("what", ["missing", "added", "no manifest"])
def test_a_file_too_few_or_too_many_is_found(tmp_path, what):
    checkpoints = saved(tmp_path)
    newest = checkpoints.path(2)
    if what == "missing":
        (newest / "host.json").unlink()
    elif what == "added":
        (newest / "arrays" / "more").write_text("")
    else:
        (newest / "manifest.json").unlink()
    with pytest.warns(CheckpointWarning):
        assert checkpoints.restore(make_state()).host == {"note": 1}


def test_when_all_are_damaged_nothing_is_started_anew_silently(tmp_path):
    checkpoints = saved(tmp_path)
    for step in (1, 2):
        (checkpoints.path(step) / "host.json").write_text("{}")
    with (
        pytest.warns(CheckpointWarning),
        pytest.raises(CheckpointError, match="every checkpoint .* is damaged"),
    ):
        checkpoints.restore(make_state())


def test_a_damaged_later_step_does_not_push_out_good_ones(tmp_path):
    checkpoints = saved(tmp_path, steps=(1, 2, 9))
    (checkpoints.path(9) / "host.json").write_text("{}")
    for step in (3, 4):
        checkpoints.save(step, make_state(step), {"note": step})
    assert checkpoints.steps() == [3, 4, 9]
    with pytest.warns(CheckpointWarning):
        assert checkpoints.restore(make_state()).host == {"note": 4}
    checkpoints.save(9, make_state(9), {"note": 9})
    assert checkpoints.restore(make_state()).host == {"note": 9}


@pytest.mark.parametrize(
    "name", ["step_²", "step_٣", "step_007", "step_-1", "step_1.tmp", "step_", "step_000000012"]
)
def test_a_folder_of_another_name_is_no_checkpoint(tmp_path, name, caplog):
    checkpoints = saved(tmp_path)
    (checkpoints.folder / name).mkdir()
    (checkpoints.folder / "step_note").write_text("a file")
    assert checkpoints.steps() == [1, 2]
    assert checkpoints.restore(make_state()).host == {"note": 2}
    assert f"{name} is passed over" in caplog.text
    checkpoints.save(3, make_state(3), {})
    assert checkpoints.steps() == [2, 3]


def test_a_renamed_checkpoint_is_refused_by_the_name_that_it_had(tmp_path):
    checkpoints = saved(tmp_path)
    checkpoints.path(2).rename(checkpoints.path(9))
    with pytest.warns(CheckpointWarning, match="step_00000009 was written as 'step_00000002'"):
        assert checkpoints.restore(make_state()).host == {"note": 1}
    shutil.rmtree(checkpoints.path(1))
    with pytest.warns(CheckpointWarning), pytest.raises(CheckpointError, match="is damaged"):
        checkpoints.restore(make_state())
    # Where it is all there is, nothing starts anew beside it.
    checkpoints.path(9).rename(checkpoints.folder / "step_2")
    with pytest.raises(CheckpointError, match="step_2 is not named as a checkpoint is"):
        checkpoints.restore(make_state())
    (checkpoints.folder / "step_2").rename(checkpoints.path(2))
    assert checkpoints.restore(make_state()).host == {"note": 2}


def test_a_checkpoint_is_not_taken_for_the_best(tmp_path):
    checkpoints = saved(tmp_path)
    shutil.copytree(checkpoints.path(2), checkpoints.folder / "best")
    with pytest.raises(CheckpointError, match="best was written as 'step_00000002'"):
        checkpoints.restore_best()


def test_a_link_is_no_checkpoint_and_is_not_followed_when_cleaning(tmp_path):
    checkpoints = saved(tmp_path)
    other = tmp_path / "other"
    checkpoints.path(2).rename(other)
    checkpoints.path(2).symlink_to(other, target_is_directory=True)
    assert checkpoints.steps() == [1]
    (checkpoints.folder / ".tmp-x").symlink_to(other, target_is_directory=True)
    (checkpoints.folder / ".tmp-file").write_text("")
    checkpoints.clean()
    assert (other / "host.json").is_file()
    assert not list(checkpoints.folder.glob(".tmp-*"))


@pytest.mark.parametrize("step", [-1, 10**18])
def test_a_step_that_has_no_name_is_refused(tmp_path, step):
    with pytest.raises(ValueError, match="step must be from 0"):
        Checkpoints(tmp_path).save(step, make_state(), {})


def forged(path, change):
    """The checkpoint with other files, as if it had been written with them."""
    before = path.rename(path.parent / "before")

    def write(folder):
        shutil.copytree(before, folder, dirs_exist_ok=True)
        (folder / "manifest.json").unlink()
        change(folder)

    write_directory(path, write)
    shutil.rmtree(before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "host.json").unlink(), "host.json cannot be read"),
        (lambda folder: (folder / "host.json").write_text("[]"), "host.json holds list"),
        (lambda folder: (folder / "host.json").write_text("{"), "host.json cannot be read"),
        (lambda folder: (folder / "host.json").write_bytes(b"\xff"), "host.json cannot be read"),
        (lambda folder: (folder / "host.json").write_text("[" * 10**5), "host.json cannot be"),
        (lambda folder: (folder / "recipe.json").write_text("3"), "recipe.json holds int"),
        (lambda folder: shutil.rmtree(folder / "arrays"), "arrays cannot be read"),
        (lambda folder: (folder / "arrays/_METADATA").write_text("{}"), "arrays cannot be read"),
        (
            lambda folder: (folder / "arrays/manifest.ocdbt").write_bytes(b"x"),
            "arrays cannot be read",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
# Threads of orbax that read the broken files may still report when its event loop has ended.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_checkpoint_of_other_files_is_passed_over(tmp_path, change, message):
    checkpoints = saved(tmp_path)
    forged(checkpoints.path(2), change)
    with pytest.warns(CheckpointWarning, match=message):
        assert checkpoints.restore(make_state()).host == {"note": 1}


def test_each_file_that_is_lost_is_missed(tmp_path):
    checkpoints = saved(tmp_path)
    newest = checkpoints.path(2)
    for file in files(newest):
        content = file.read_bytes()
        file.unlink()
        with pytest.raises(module.ManifestError, match=file.name):
            module.read(newest)
        file.write_bytes(content)
    assert checkpoints.restore(make_state()).host == {"note": 2}


def test_another_model_is_refused_by_the_name_of_a_leaf(tmp_path):
    checkpoints = saved(tmp_path)
    with pytest.raises(CheckpointError, match=r"kernel is stored as float32\[2, 3\].*\[2, 4\]"):
        checkpoints.restore(make_state(dim=4))
    state = make_state()
    more = state.replace(params={**state.params, "b": {"bias": jnp.zeros(1)}})
    with pytest.raises(CheckpointError, match="lack params/b/bias"):
        checkpoints.restore(more)
    with pytest.raises(CheckpointError, match="have ema/.*1 missing|have ema/"):
        checkpoints.restore(state.replace(ema=None))
    half = state.replace(batch_stats={"norm": {"mean": jnp.zeros(3, jnp.bfloat16)}})
    with pytest.raises(CheckpointError, match="batch_stats/norm/mean is stored as float32"):
        checkpoints.restore(half)


def test_a_full_disk_leaves_the_others_untouched(tmp_path):
    checkpoints = saved(tmp_path)
    checkpoints.save_best({"params": make_state(1).params}, {"score": 1.0})
    before = {path: path.read_bytes() for path in files(tmp_path)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(CheckpointError, match="cannot write checkpoint .*step_00000003"):
            checkpoints.save(3, make_state(3), {})
        with pytest.raises(CheckpointError, match="cannot write checkpoint"):
            checkpoints.save_best({"params": make_state(2).params}, {"score": 2.0})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path: path.read_bytes() for path in files(tmp_path)} == before
    checkpoints.save(3, make_state(3), {"note": 3})
    assert checkpoints.restore(make_state()).host == {"note": 3}


def test_a_workdir_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot write checkpoint .*file"):
        Checkpoints(tmp_path / "file").save(1, make_state(), {})


class Killed(BaseException):
    """Stands for the end of the process."""


class Bomb:
    """Lets a number of file operations through, then none: what a kill leaves behind."""

    def __init__(self, monkeypatch, fuse):
        self.fuse = fuse
        places = [
            (os, "rename"),
            (os, "fsync"),
            (shutil, "rmtree"),
            (pathlib.Path, "write_text"),
            (pathlib.Path, "mkdir"),
            (module, "save_arrays"),
        ]
        for owner, name in places:
            monkeypatch.setattr(owner, name, self.wrap(getattr(owner, name)))

    def wrap(self, function):
        def counted(*args, **kwargs):
            if self.fuse == 0:
                raise Killed
            self.fuse -= 1
            return function(*args, **kwargs)

        return counted


def test_a_kill_at_any_file_operation_leaves_a_whole_checkpoint_and_a_whole_best(
    tmp_path, monkeypatch
):
    # One small file in place of orbax's dozen: what matters is the order around it.
    monkeypatch.setattr(module, "save_arrays", lambda path, tree: path.write_bytes(b"0123"))
    monkeypatch.setattr(module, "load_arrays", lambda path: path.read_bytes())
    monkeypatch.setattr(module, "restore_tree", lambda arrays, template: arrays)

    def before(workdir):
        checkpoints = Checkpoints(workdir)
        for step in (1, 2):
            checkpoints.save(step, None, {"note": step}, {"recipe": 1})
        checkpoints.save_best(None, {"score": 1})
        return checkpoints

    outcomes = []
    for fuse in range(200):
        checkpoints = before(tmp_path / str(fuse))
        with pytest.MonkeyPatch.context() as bombed:
            Bomb(bombed, fuse)
            try:
                checkpoints.save(2, None, {"note": 22})
                checkpoints.save(3, None, {"note": 3})
                checkpoints.save_best(None, {"score": 3})
                done = True
            except Killed:
                done = False
        assert checkpoints.restore_best().host["score"] in (1, 3)  # a reader beside the wreck
        checkpoints.clean()
        note = checkpoints.restore(None).host["note"]
        outcomes.append((note, checkpoints.restore_best().host["score"]))
        left = {path.name for path in checkpoints.folder.iterdir()}
        assert all(name == "best" or name.startswith("step_") for name in left)
        if done:
            break
    assert done and len(outcomes) > 40
    assert sorted(set(outcomes), key=outcomes.index) == [(2, 1), (22, 1), (3, 1), (3, 3)]
