"""A new claim is a file and a line: it is measured, judged, recorded and drawn like the others."""

import json

from experiments.paper import __main__ as command
from experiments.paper import claims, draw, record

FILE = '''
"""E99: a coin has two sides."""

from experiments.paper import style
from experiments.paper.claim import Claim, Gate
from experiments.paper.measurement import Measurement


def sides():
    return Measurement(dict(sides=2), curves=dict(names=["heads", "tails"]))


def draw_figure(recorded):
    figure, axes = style.new()
    axes[0, 0].bar(recorded.curves["names"], [1, 1])
    return figure


CLAIM = Claim(
    number=99,
    place="1",
    says="A coin has two sides.",
    test="Sides are counted.",
    measure=sides,
    gates=(Gate("sides", "==", 2, "sides of a coin"),),
    effect="{sides:.0f} sides",
    argument="It has {sides:.0f}.",
    draw=draw_figure,
    draws_record=True,
)
'''


def test_a_new_claim_is_a_file_and_a_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "e99_coin.py").write_text(FILE)
    monkeypatch.setattr(claims, "__path__", [*claims.__path__, str(tmp_path)])
    monkeypatch.setitem(claims.CLAIMS, "E99", "e99_coin")
    monkeypatch.setattr(record, "CLAIMS_JSON", tmp_path / "claims.json")
    monkeypatch.setattr(record, "CURVES_JSON", tmp_path / "curves.json")
    assert command.main(["--only=E99.sides"]) == 0
    row = json.loads((tmp_path / "claims.json").read_text())["E99"]
    assert (row["verdict"], row["argument"], row["effect"]) == ("holds", "It has 2.", "2 sides")
    assert "E99.sides" in capsys.readouterr().out
    assert draw.main(["--only=E99", f"--folder={tmp_path}"]) == 0
    assert (tmp_path / "E99.svg").stat().st_size > 1000
