import io
import json
import pathlib
import sys

import pytest
from rich.console import Console

from gtx.training import EarlyStopping, JsonLines, ProgressBar, TensorBoard
from gtx.training.hooks import ChunkReport, EpochTiming, RunInfo


def entry(epoch, score=None):
    valid = None if score is None else {"loss": 1.0, "mae": score}
    return {
        "epoch": epoch,
        "step": 10 * epoch,
        "loss": 0.5,
        "learning_rate": 0.1,
        "grad_norm": 1.0,
        "valid": valid,
    }


def info(workdir=pathlib.Path(), history=(), mode="min"):
    return RunInfo(workdir, 5, 10, 10 * len(history), history, "mae", mode)


TIMING = EpochTiming(2.0, 0.5, 600)


@pytest.mark.parametrize(
    ("mode", "scores", "min_delta", "stops"),
    [
        ("min", [3, 2, 1], 0.0, False),
        ("min", [3, 2, 2.5], 0.0, False),
        ("min", [3, 2, 2.5, 2.0], 0.0, True),
        ("max", [3, 2, 1], 0.0, True),
        ("min", [3, 2.9, 2.8], 0.5, True),
        ("min", [3, 2.9, 2.4], 0.5, False),
        ("max", [1, 1.6, 2.0], 0.5, False),
        ("max", [1, 1.6, 2.0, 2.05], 0.5, True),
        ("min", [None, None, None, None], 0.0, False),
        ("min", [], 0.0, False),
    ],
)
def test_early_stopping_waits_for_a_better_score(mode, scores, min_delta, stops):
    hook = EarlyStopping(patience=2, min_delta=min_delta)
    hook.start(info(mode=mode))
    history = [entry(0, s) for s in scores]
    for one, score in zip(history, scores, strict=True):
        one["valid"] = {"mae": None if score is None else float(score)}
    history.insert(1, entry(9))  # an epoch without evaluation does not count
    assert bool(hook.stop(history)) == stops


def test_logs_are_cut_to_the_history_of_the_checkpoint(tmp_path):
    hook = JsonLines()
    hook.start(info(tmp_path))
    for epoch in (1, 2, 3):
        hook.epoch(entry(epoch, 1.0), TIMING)
    hook.end()
    with (tmp_path / "timing.jsonl").open("a") as file:
        file.write('{"epoch": 4, "tr')  # torn by a kill
    history = [entry(1, 1.0), entry(2, 1.0)]
    hook = JsonLines()
    hook.start(info(tmp_path, history))
    hook.epoch(entry(3, 7.0), TIMING)
    hook.end()
    read = [json.loads(s) for s in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert read == [*history, entry(3, 7.0)]
    times = [json.loads(s) for s in (tmp_path / "timing.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in times] == [1, 2, 3]
    assert times[0]["graphs_per_second"] == 300.0


def play(hook, history=()):
    hook.start(info(history=history))
    hook.chunk(ChunkReport(0, 5, 5, 100, 0.25, 0.1))
    hook.epoch(entry(1), TIMING)
    hook.epoch(entry(2, 0.75), TIMING)
    hook.epoch(entry(3, None) | {"valid": {"mae": None}}, TIMING)
    hook.end()


def test_without_a_terminal_there_is_one_line_per_evaluation():
    text = io.StringIO()
    play(ProgressBar(Console(file=text)), history=[entry(1, 0.5)])
    assert text.getvalue().splitlines() == [
        "resumed at step 10",
        "epoch 2/5  step 20  loss 0.5  valid mae 0.75  300 graphs/s",
        "epoch 3/5  step 30  loss 0.5  valid mae undefined  300 graphs/s",
    ]


def test_at_a_terminal_there_is_a_bar():
    text = io.StringIO()
    play(ProgressBar(Console(file=text, force_terminal=True, width=120)))
    assert "epoch 1/5" in text.getvalue() and "loss 0.25" in text.getvalue()
    assert "1,000 graphs/s" in text.getvalue()


def test_a_bar_says_that_the_first_program_compiles_and_a_finished_run_does_not():
    text = io.StringIO()
    bar = ProgressBar(Console(file=text, force_terminal=True, width=120))
    bar.start(info())
    bar.end()
    assert "compiling..." in text.getvalue()
    text.truncate(0)
    bar.start(info(history=[entry(epoch) for epoch in range(1, 6)]))
    bar.end()
    assert "epoch" in text.getvalue() and "compiling" not in text.getvalue()


def test_tensorboard_files_hold_the_scalars(tmp_path):
    pytest.importorskip("tensorboardX")
    hook = TensorBoard()
    hook.start(info(tmp_path))
    hook.epoch(entry(1, 0.5), TIMING)
    hook.end()
    (file,) = (tmp_path / "tensorboard").iterdir()
    written = file.read_bytes()
    for name in (b"train/loss", b"train/learning_rate", b"valid/mae", b"train/graphs_per_second"):
        assert name in written


def test_without_tensorboardx_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"gtx-jax\[logging\]"):
        TensorBoard().start(info(tmp_path))


def test_a_full_disk_is_named_by_the_log(tmp_path):
    hook = JsonLines()
    hook.start(info(tmp_path))
    hook._files[0].close()
    hook._files[0] = open("/dev/full", "a")
    with pytest.raises(OSError, match=r"No space left on device .*MiB are free.*/dev/full"):
        hook.epoch(entry(1, 1.0), TIMING)
    hook.end()
    assert not hook._files
