"""docs/paper.md and a part of README.md, from docs/claims.json and the tables of this package."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.paper.claims import CLAIMS
from experiments.paper.equations import EQUATIONS
from experiments.paper.gates import SYMBOLS, Claim
from experiments.paper.record import CLAIMS_JSON, judged, read
from experiments.paper.record import write as write_json
from experiments.paper.source import ROOT
from experiments.paper.statements import ABSTRACT, DECISIONS, SECTIONS, Statement

PAPER_MD, README_MD = ROOT / "docs" / "paper.md", ROOT / "README.md"
START, END = "<!-- claims: written by make claims -->", "<!-- end of claims -->"
TESTS = "tests/experiments/test_claims.py"
UP = "../"  # from docs/ to the root
VERDICTS = ("holds", "holds only under", "does not hold")
Record = Mapping[str, Any]

INTRODUCTION = """\
# The paper, made executable

*Transformers are Graph Neural Networks* (Chaitanya K. Joshi, 2025,
[arXiv 2506.22084](https://arxiv.org/abs/2506.22084)) argues and cites; it has no experiments. All
numbers below are measured here, by `make claims`, which writes `claims.json` and from it this
page. Each row of the table is a test (`pytest -m claim_E01`, ...), with gates set before the runs.

- [The abstract, sentence by sentence](#the-abstract-sentence-by-sentence)
- [The paper, statement by statement](#the-paper-statement-by-statement)
- [The equations](#the-equations)
- [Where the paper is loose](#where-the-paper-is-loose)
- [The table](#the-table)
- [Gates and measurements](#gates-and-measurements)
"""

SYMBOLS_TEXT = """\
Symbols are the paper's: tokens or nodes *i*, *j* with features *h*; the set *S* of all tokens,
*i* among them; neighbours *N_i*; maps *W_Q*, *W_K*, *W_V*, *O*; *K* heads; ψ, ⊕, φ for message,
aggregate and update. The name beside an equation is the function of gtx, the code after it the
expression that is the equation; a test fails when it is no longer there. Letters in brackets are
the [decisions](#where-the-paper-is-loose).
"""

TABLE_TEXT = """\
Three verdicts. *Holds*: all gates are met. *Holds only under*: they are met, and so are gates
that show where the claim ends. *Does not hold*: a gate is missed. Errors are largest absolute
differences unless it says otherwise. Of means over seeds, the less favourable end of the 95 %
confidence interval must pass the gate.
"""


def paper(record: Record) -> str:
    """The page."""
    sections = [
        INTRODUCTION,
        "## The abstract, sentence by sentence\n\n" + _statements(ABSTRACT),
        "## The paper, statement by statement\n\n" + _statements(SECTIONS),
        f"## The equations\n\n{SYMBOLS_TEXT}\n" + "\n".join(_equation(e) for e in EQUATIONS),
        "## Where the paper is loose\n\n" + "\n".join(_decision(d) for d in DECISIONS),
        f"## The table\n\n{TABLE_TEXT}\n" + _table(record),
        "## Gates and measurements\n\n" + "\n".join(_details(c, record[c.name]) for c in CLAIMS),
        "## Circumstances\n\n" + _circumstances(record),
    ]
    return "\n".join(sections)


def summary(record: Record) -> str:
    """The part of the README, between its markers."""
    counts = {name: 0 for name in VERDICTS}
    for claim in CLAIMS:
        counts[_kind(record[claim.name]["verdict"])] += 1
    rows = [claim for claim in CLAIMS if claim.number in (1, 6, 11, 17)]
    lines = [
        START,
        f"Of {len(CLAIMS)} claims of the paper {counts['holds']} hold, "
        f"{counts['holds only under']} hold only under a condition, "
        f"and {counts['does not hold']} {_verb(counts['does not hold'])} not.",
        "[docs/paper.md](docs/paper.md) has each with its equation, the line of gtx that is it, a "
        "test, a figure and a verdict;",
        "`make claims` measures them all. Four of them:",
        "",
        "| the paper | measured |",
        "|---|---|",
        *(f"| {claim.says} | {record[claim.name]['effect']} |" for claim in rows),
        END,
    ]
    return "\n".join(lines)


def readme(text: str, record: Record) -> str:
    """A README with its part brought up to date."""
    pattern = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"README.md lacks the markers {START} and {END}")
    return pattern.sub(lambda _: summary(record), text)


def write() -> None:
    """Both files, and claims.json with the verdicts that the table gives its metrics now."""
    rows = read(CLAIMS_JSON)
    rows = {claim.name: judged(claim, rows[claim.name]) for claim in CLAIMS}
    write_json(CLAIMS_JSON, rows, indent=1)
    PAPER_MD.write_text(paper(rows))
    README_MD.write_text(readme(README_MD.read_text(), rows))


def _kind(verdict: str) -> str:
    return next(name for name in reversed(VERDICTS) if verdict.startswith(name))


def _verb(count: int) -> str:
    return "does" if count == 1 else "do"


def _rows(numbers: Sequence[int]) -> str:
    return ", ".join(f"[E{number}](#e{number})" for number in numbers)


def _statements(statements: Sequence[Statement]) -> str:
    lines = ["| where | the paper | here |", "|---|---|---|"]
    for one in statements:
        here = " ".join(part for part in (_rows(one.rows), one.note) if part)
        lines.append(f"| {one.place} | {one.says} | {here} |")
    return "\n".join(lines) + "\n"


def _equation(equation: Any) -> str:
    lines = [f"**({equation.number})**", "", f"$${equation.latex}$$", ""]
    lines += [f"- {line.markdown(UP)}" for line in equation.lines]
    note = f" {equation.note}" if equation.note else ""
    return "\n".join([*lines, f"- {_rows(equation.rows)}.{note}", ""])


def _decision(decision: Any) -> str:
    lines = [f"**({decision.letter}) {decision.title}.** {decision.argument}", ""]
    lines += [f"- {line.markdown(UP)}" for line in decision.lines]
    if decision.rows:
        lines.append(f"- {_rows(decision.rows)}")
    return "\n".join([*lines, ""])


def _table(record: Record) -> str:
    lines = [
        "| | claim | place | test | figure | measured | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for claim in CLAIMS:
        row = record[claim.name]
        lines.append(
            f"| [{claim.name}](#e{claim.number}) | {claim.says} | {claim.place} "
            f"| [`{claim.marker}`]({UP}{TESTS}) | [figure]({claim.figure}) "
            f"| {row['effect']} | {_short(row['verdict'])} |"
        )
    return "\n".join(lines) + "\n"


def _short(verdict: str) -> str:
    kind = _kind(verdict)
    return f"**{kind}**{verdict[len(kind) :]}"


def _details(claim: Claim, row: Record) -> str:
    lines = [
        f"### E{claim.number}",
        "",
        f"{claim.says} ({claim.place})",
        "",
        f"{claim.test}",
        "",
        "| | gate | measured | met |",
        "|---|---|---|---|",
    ]
    for gate in row["gates"]:
        kind = "" if gate["role"] == "claim" else "limit: "
        threshold = f"{SYMBOLS[gate['relation']]} {gate['threshold']:g}"
        measured, met = (
            _measured(row["metrics"][gate["metric"]]),
            "yes" if gate["met"] else "**no**",
        )
        lines.append(f"| {kind}{gate['meaning']} | {threshold} | {measured} | {met} |")
    return "\n".join([*lines, "", f"{_short(row['verdict'])}.", ""])


def _measured(metric: Record) -> str:
    if metric["value"] is None:
        return "not finite"
    if "per_seed" not in metric:
        return f"{metric['value']:.3g}"
    low, high = (
        "unbounded" if metric[end] is None else f"{metric[end]:.3g}" for end in ("low", "high")
    )
    count = len(metric["per_seed"])
    return f"{metric['value']:.3g} (95 % CI {low} to {high}, {count} seeds)"


def _circumstances(record: Record) -> str:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for claim in CLAIMS:
        row = record[claim.name]
        groups.setdefault((row["machine"], row["versions"], row["date"]), []).append(claim.name)
    minutes = sum(record[claim.name]["seconds"] for claim in CLAIMS) / 60
    lines = [
        f"- {', '.join(names)}: {machine}; {versions}; {date}."
        for (machine, versions, date), names in groups.items()
    ]
    lines.append(f"- All of them took {minutes:.0f} minutes.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write()
