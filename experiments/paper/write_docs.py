"""Write docs/paper.md and a part of README.md, from docs/claims.json and the claims.

`python -m experiments.paper.write_docs` does this and measures nothing. Run it after a change of a
text or of a gate, and when quoted lines of gtx have moved.
"""

import inspect
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.paper.claim import SYMBOLS, VERDICTS, Claim
from experiments.paper.claims import load_all, padded
from experiments.paper.decisions import DECISIONS, Decision
from experiments.paper.equations import EQUATIONS, Equation
from experiments.paper.quotes import ROOT
from experiments.paper.record import CLAIMS_JSON, CURVES_JSON, judged, metrics_of, read
from experiments.paper.record import write as write_json
from experiments.paper.statements import ABSTRACT, SECTIONS, Statement

PAPER_MD, README_MD = ROOT / "docs" / "paper.md", ROOT / "README.md"
START, END = "<!-- claims: written by make claims -->", "<!-- end of claims -->"
TESTS = "tests/experiments/test_claims.py"
UP = "../"  # from docs/ to the root
Record = Mapping[str, Any]

INTRODUCTION = """\
# The paper, made executable

*Transformers are Graph Neural Networks* (Chaitanya K. Joshi, 2025,
[arXiv 2506.22084](https://arxiv.org/abs/2506.22084)) argues and cites; it has no experiments. All
numbers below are measured here, by `make claims`, which writes `claims.json` and from it this
page. Each row of the table is a test (`pytest -m claim_E01`, ...).

Gates were set before the runs that count. Exceptions, which came when something had been seen:

- limits of E3 at scores of -100, of E16 for the gradients of equation 9, of E21 for a recurrent
  network;
- what a second reading added, which asked of each row whether the sentence as it stands follows
  from what was measured: the gates on wording of E3, E4 and E6, and the limits of E13, E19 and E20
  that show a condition, all of them on properties that were known. It also made limits of a gate
  of E13 and one of E20, and a gate of a limit of E8, with the same thresholds;
- E17's factor of 100 was in the table before its run, as a limit that was not to be passed. Now it
  is what "orders of magnitude" would need, so that the row can fail;
- E11 asked for an R2 of 0.9 over all pairs that are told distances, 5 bonds away. After 300 steps
  it has 0.85 there, but 0.86 at one bond: that gate tested how long one trains. It now asks that
  R2 does not fall with distance, which is what the row is about.

The same reading gave E11, E12, E16 and E18 new measurements. Their gates were set before the seeds
that count were run, those of E18 and E16 with smaller runs of other seeds in sight.

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

TABLE_TEXT = (
    "Four verdicts, by the gates alone:\n\n"
    + "\n".join(f"- *{name[0].upper()}{name[1:]}*: {means}" for name, means in VERDICTS.items())
    + """

Gates marked *wording* test the words of the sentence; those marked *limit* show where a claim ends,
or that its test can fail. Errors are largest absolute differences unless it says otherwise. Of
means over seeds, the less favourable end of the 95 % confidence interval must pass the gate.
"""
)


def paper(record: Record, curves: Record) -> str:
    """The text of docs/paper.md."""
    sections = [
        INTRODUCTION,
        "## The abstract, sentence by sentence\n\n" + _statements(ABSTRACT),
        "## The paper, statement by statement\n\n" + _statements(SECTIONS),
        f"## The equations\n\n{SYMBOLS_TEXT}\n" + "\n".join(_equation(e) for e in EQUATIONS),
        "## Where the paper is loose\n\n" + "\n".join(_decision(d) for d in DECISIONS),
        f"## The table\n\n{TABLE_TEXT}\n" + _table(record),
        "## Gates and measurements\n\n"
        + "\n".join(details(claim, record[claim.name], curves) for claim in load_all()),
        "## Circumstances\n\n" + _circumstances(record),
    ]
    return "\n".join(sections)


def summary(record: Record) -> str:
    """The part of the README between its two markers."""
    claims = load_all()
    verdicts = [record[claim.name]["verdict"] for claim in claims]
    holds, under, words, fails = (verdicts.count(name) for name in VERDICTS)
    rows = [claim for claim in claims if claim.in_readme]
    lines = [
        START,
        f"Of {len(claims)} claims of the paper {holds} {_verb(holds, 'holds', 'hold')} as they "
        f"stand, {under} under a condition that the paper leaves out, {words} not as worded, and "
        f"{fails} {_verb(fails, 'does', 'do')} not hold.",
        "[docs/paper.md](docs/paper.md) has each with its equation, the line of gtx that is it, a "
        "test, a figure and a verdict;",
        "`make claims` measures them all. Some of them:",
        "",
        "| the paper | here |",
        "|---|---|",
        *(
            f"| {claim.says} | [{record[claim.name]['verdict']}]"
            f"(docs/paper.md#{claim.name.lower()}) |"
            for claim in rows
        ),
        END,
    ]
    return "\n".join(lines)


def readme(text: str, record: Record) -> str:
    """The text of a README with its part brought up to date."""
    pattern = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"README.md lacks the markers {START} and {END}")
    return pattern.sub(lambda _: summary(record), text)


def write() -> None:
    """Write both files, and claims.json with the verdicts that follow from the present gates."""
    rows = read(CLAIMS_JSON)
    rows = {claim.name: judged(claim, rows[claim.name]) for claim in load_all()}
    write_json(CLAIMS_JSON, rows, indent=1)
    PAPER_MD.write_text(paper(rows, read(CURVES_JSON)))
    README_MD.write_text(readme(README_MD.read_text(), rows))


def _verb(count: int, one: str, several: str) -> str:
    return one if count == 1 else several


def _said(row: Record) -> str:
    """The verdict and its argument."""
    return f"**{row['verdict']}**: {row['argument']}"


def _rows(numbers: Sequence[int]) -> str:
    return ", ".join(f"[E{number}](#e{number})" for number in numbers)


def _statements(statements: Sequence[Statement]) -> str:
    lines = ["| where | the paper | here |", "|---|---|---|"]
    for one in statements:
        here = " ".join(part for part in (_rows(one.rows), one.note) if part)
        lines.append(f"| {_mark(_name(one))}{one.place} | {one.says} | {here} |")
    return "\n".join(lines) + "\n"


def _equation(equation: Equation) -> str:
    lines = [
        f"{_mark(f'equation-{equation.number}')}**({equation.number})**",
        "",
        f"$${equation.latex}$$",
        "",
    ]
    lines += [f"- {line.markdown(UP)}" for line in equation.lines]
    note = f" {equation.note}" if equation.note else ""
    return "\n".join([*lines, f"- {_rows(equation.rows)}.{note}", ""])


def _decision(decision: Decision) -> str:
    mark = _mark(f"decision-{decision.letter}")
    lines = [f"{mark}**({decision.letter}) {decision.title}.** {decision.argument}", ""]
    lines += [f"- {line.markdown(UP)}" for line in decision.lines]
    if decision.rows:
        lines.append(f"- {_rows(decision.rows)}")
    return "\n".join([*lines, ""])


def _table(record: Record) -> str:
    lines = [
        "| | claim | place | test | figure | measured | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for claim in load_all():
        row = record[claim.name]
        lines.append(
            f"| [{claim.name}](#e{claim.number}) | {claim.says} | {claim.place} "
            f"| [`{_marker(claim)}`]({UP}{TESTS}) | [figure]({_figure(claim)}) "
            f"| {row['effect']} | {_said(row)} |"
        )
    return "\n".join(lines) + "\n"


def _marker(claim: Claim) -> str:
    """The marker of the claim's tests."""
    return f"claim_{padded(claim.name)}"


def _figure(claim: Claim) -> str:
    """Where the figure is, seen from docs/paper.md."""
    return f"figures/{padded(claim.name)}.svg"


def _mark(name: str) -> str:
    """An anchor to which a link to #name leads."""
    return f'<a id="{name}"></a>'


def _name(statement: Statement) -> str:
    return f"statement-{(*ABSTRACT, *SECTIONS).index(statement) + 1}"


def details(claim: Claim, row: Record, curves: Record) -> str:
    """A claim at length, with links to test, code, figure and the sentences that it tests."""
    picture = f"![{claim.name}]({_figure(claim)})"
    lines = [f"### {claim.name}", "", f"{claim.says} ({claim.place})", "", picture, "", claim.test]
    lines += ["", *_links(claim, row), "", "| | gate | measured | met |", "|---|---|---|---|"]
    metrics = metrics_of(row)
    for gate in row["gates"]:
        kind = "" if gate["role"] == "claim" else f"{gate['role']}: "
        threshold = f"{SYMBOLS[gate['relation']]} {gate['threshold']:g}"
        measured, met = _measured(metrics[gate["metric"]]), "yes" if gate["met"] else "**no**"
        lines.append(f"| {kind}{gate['meaning']} | {threshold} | {measured} | {met} |")
    if claim.table is not None:
        machine = row["runs"][claim.measure.__name__]["machine"]
        lines += ["", *claim.table(curves[claim.name], machine)]
    return "\n".join([*lines, "", f"{_said(row)}", ""])


def _links(claim: Claim, row: Record) -> list[str]:
    found = [f"- test: [`pytest -m {_marker(claim)}`]({UP}{TESTS})"]
    for name, part in claim.measurements.items():
        measure = inspect.unwrap(part)
        file = pathlib.Path(inspect.getfile(measure)).relative_to(ROOT)
        line = inspect.getsourcelines(measure)[1]
        run = row["runs"].get(name)
        command = f", `{run['command']}`" if run else ", not run"
        found.append(f"- code: [`{name}` in {file}]({UP}{file}#L{line}){command}")
    if claim.notebook is not None:
        found.append(f"- notebook: [{claim.notebook}]({UP}notebooks/{claim.notebook}.py)")
    equations = [f"[{e.number}](#equation-{e.number})" for e in EQUATIONS if claim.number in e.rows]
    letters = [f"[{d.letter}](#decision-{d.letter})" for d in DECISIONS if claim.number in d.rows]
    cited = [
        f"{kind}{'s' if len(links) > 1 else ''} {', '.join(links)}"
        for kind, links in (("equation", equations), ("decision", letters))
        if links
    ]
    for part_of, statements in (("abstract, ", ABSTRACT), ("section ", SECTIONS)):
        cited += [
            f"[{part_of if one.place[0] != 'f' else ''}{one.place}](#{_name(one)})"
            for one in statements
            if claim.number in one.rows
        ]
    return [*found, f"- cited by: {'; '.join(cited)}"]


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
    seconds = 0.0
    for claim in load_all():
        runs = record[claim.name]["runs"]
        for part, run in runs.items():
            name = claim.name if len(claim.measurements) == 1 else f"{claim.name} ({part})"
            groups.setdefault((run["machine"], run["versions"], run["date"]), []).append(name)
            seconds += run["seconds"]
    lines = [
        f"- {', '.join(names)}: {machine}; {versions}; {date}."
        for (machine, versions, date), names in groups.items()
    ]
    lines.append(f"- All of them took {seconds / 60:.0f} minutes.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write()
