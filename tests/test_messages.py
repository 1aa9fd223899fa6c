"""Every message of an error is a sentence: it ends with a full stop."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
FILES = sorted((ROOT / "gtx").rglob("*.py"))
# Variables and functions that give whole sentences, the full stop among them.
SENTENCES = {
    "error", "found", "hint", "problem", "reason", "remedy", "rule", "see", "unknown", "what",
}  # fmt: skip
# What these raise becomes a part of the sentence of another error, which they stand beside.
FRAGMENTS = {
    "gtx/data/npz.py": ("ValueError", "EOFError"),
    **{
        f"gtx/data/sources/{name}.py": ("ValueError",)
        for name in (
            "brec", "coco_sp", "exp", "formats/graph6", "formats/labelled_csv",
            "formats/pyg_lists", "formats/sdf", "formats/zinc_pickles", "malnet_tiny", "pattern",
            "pcqm4mv2",
        )
    },
}  # fmt: skip


def ends(message):
    """The strings that may end a message; none if it is made elsewhere."""
    if isinstance(message, ast.BinOp) and isinstance(message.op, ast.Add):
        return ends(message.right)
    if isinstance(message, ast.IfExp):
        return ends(message.body) + ends(message.orelse)
    return [message] if isinstance(message, ast.JoinedStr | ast.Constant) else []


def is_finished(end):
    last = end.values[-1] if isinstance(end, ast.JoinedStr) and end.values else end
    if isinstance(last, ast.FormattedValue):
        value = last.value.func if isinstance(last.value, ast.Call) else last.value
        return last.conversion == -1 and getattr(value, "id", "") in SENTENCES
    if not isinstance(last, ast.Constant) or not isinstance(last.value, str):
        return True
    return last.value.rstrip().endswith((".", "?", "!"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_messages_end_with_a_full_stop(file):
    name = str(file.relative_to(ROOT))
    unfinished = []
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
            continue
        kind = ast.unparse(node.exc.func)
        if kind == "AttributeError" or kind in FRAGMENTS.get(name, ()) or not node.exc.args:
            continue  # Python's own form of an AttributeError has none
        if kind.rpartition(".")[2][0].isupper():
            unfinished += [node.lineno for end in ends(node.exc.args[-1]) if not is_finished(end)]
    assert not unfinished


def test_the_rule_finds_what_it_should():
    def is_good(text):
        raised = ast.parse(f"raise ValueError({text})").body[0]
        return all(map(is_finished, ends(raised.exc.args[-1])))

    assert is_good("'Give one.'") and is_good("f'{x} is bad. {hint}'") and is_good("'a' + 'b.'")
    assert not is_good("'Give one'") and not is_good("f'got {x!r}'") and not is_good("'a.' + 'b'")
    assert not is_good("'a.' if x else 'b'")
