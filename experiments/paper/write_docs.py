"""docs/paper.md and a part of README.md, from docs/claims.json and the tables of this package."""

import inspect
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.paper import hardware
from experiments.paper.claims import CLAIMS
from experiments.paper.equations import EQUATIONS
from experiments.paper.gates import SYMBOLS, Claim
from experiments.paper.record import CLAIMS_JSON, CURVES_JSON, judged, read
from experiments.paper.record import write as write_json
from experiments.paper.source import ROOT
from experiments.paper.statements import ABSTRACT, DECISIONS, SECTIONS, Statement

PAPER_MD, README_MD = ROOT / "docs" / "paper.md", ROOT / "README.md"
START, END = "<!-- claims: written by make claims -->", "<!-- end of claims -->"
TESTS = "tests/experiments/test_claims.py"
UP = "../"  # from docs/ to the root
VERDICTS = ("holds", "holds only under", "does not hold")
# What each notebook shows; the other rows have a test and a figure alone.
NOTEBOOKS = {
    "01_attention_is_message_passing": (1, 3, 4, 5, 6, 10, 14, 21),
    "02_positions_and_structure": (7, 8, 9, 18, 19, 20),
    "03_hardware_lottery": (17,),
}
IN_README = (1, 5, 6, 11, 17, 18)
Record = Mapping[str, Any]

INTRODUCTION = """\
# The paper, made executable

*Transformers are Graph Neural Networks* (Chaitanya K. Joshi, 2025,
[arXiv 2506.22084](https://arxiv.org/abs/2506.22084)) argues and cites; it has no experiments. All
numbers below are measured here, by `make claims`, which writes `claims.json` and from it this
page. Each row of the table is a test (`pytest -m claim_E01`, ...), with gates set before the runs;
of the limits, which mark where a claim ends, three were added when measurements had shown them: of
E3 at scores of -100, of E16 for the paper's block, of E21 for a recurrent network.

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
Three verdicts. *Holds*: all gates are met. *Holds only under*: all are met, and the paper leaves
out something that the claim needs, which the sentence after it says. *Does not hold*: a gate of
the claim is missed. Gates marked *limit* show where a claim ends, or that its test can fail.
Errors are largest absolute differences unless it says otherwise. Of means over seeds, the less
favourable end of the 95 % confidence interval must pass the gate.
"""


def paper(record: Record, curves: Record) -> str:
    """The page."""
    sections = [
        INTRODUCTION,
        "## The abstract, sentence by sentence\n\n" + _statements(ABSTRACT),
        "## The paper, statement by statement\n\n" + _statements(SECTIONS),
        f"## The equations\n\n{SYMBOLS_TEXT}\n" + "\n".join(_equation(e) for e in EQUATIONS),
        "## Where the paper is loose\n\n" + "\n".join(_decision(d) for d in DECISIONS),
        f"## The table\n\n{TABLE_TEXT}\n" + _table(record),
        "## Gates and measurements\n\n"
        + "\n".join(details(c, record[c.name], curves) for c in CLAIMS),
        "## Circumstances\n\n" + _circumstances(record),
    ]
    return "\n".join(sections)


def summary(record: Record) -> str:
    """The part of the README, between its markers."""
    counts = {name: 0 for name in VERDICTS}
    for claim in CLAIMS:
        counts[_kind(record[claim.name]["verdict"])] += 1
    rows = [claim for claim in CLAIMS if claim.number in IN_README]
    lines = [
        START,
        f"Of {len(CLAIMS)} claims of the paper {counts['holds']} hold, "
        f"{counts['holds only under']} hold only under a condition, "
        f"and {counts['does not hold']} {_verb(counts['does not hold'])} not.",
        "[docs/paper.md](docs/paper.md) has each with its equation, the line of gtx that is it, a "
        "test, a figure and a verdict;",
        "`make claims` measures them all. Some of them:",
        "",
        "| the paper | measured | verdict |",
        "|---|---|---|",
        *(
            f"| {claim.says} | {row['effect']} | {_first_sentence(row['verdict'])} |"
            for claim in rows
            for row in (record[claim.name],)
        ),
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
    PAPER_MD.write_text(paper(rows, read(CURVES_JSON)))
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
        lines.append(f"| {_mark(_name(one))}{one.place} | {one.says} | {here} |")
    return "\n".join(lines) + "\n"


def _equation(equation: Any) -> str:
    lines = [
        f"{_mark(f'equation-{equation.number}')}**({equation.number})**",
        "",
        f"$${equation.latex}$$",
        "",
    ]
    lines += [f"- {line.markdown(UP)}" for line in equation.lines]
    note = f" {equation.note}" if equation.note else ""
    return "\n".join([*lines, f"- {_rows(equation.rows)}.{note}", ""])


def _decision(decision: Any) -> str:
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


def _first_sentence(verdict: str) -> str:
    return verdict.split(". ")[0]


def _mark(name: str) -> str:
    """Where a link to #name leads."""
    return f'<a id="{name}"></a>'


def _name(statement: Statement) -> str:
    return f"statement-{(*ABSTRACT, *SECTIONS).index(statement) + 1}"


def details(claim: Claim, row: Record, curves: Record) -> str:
    """A row at length: the way from it to code, test, picture and the sentences it stands for."""
    picture = f"![{claim.name}]({claim.figure})"
    lines = [f"### {claim.name}", "", f"{claim.says} ({claim.place})", "", picture, "", claim.test]
    lines += ["", *_links(claim, row), "", "| | gate | measured | met |", "|---|---|---|---|"]
    for gate in row["gates"]:
        kind = "" if gate["role"] == "claim" else "limit: "
        threshold = f"{SYMBOLS[gate['relation']]} {gate['threshold']:g}"
        measured, met = (
            _measured(row["metrics"][gate["metric"]]),
            "yes" if gate["met"] else "**no**",
        )
        lines.append(f"| {kind}{gate['meaning']} | {threshold} | {measured} | {met} |")
    if claim.measure is hardware.lottery:
        lines += ["", *_crossovers(curves[claim.name], row["machine"])]
    return "\n".join([*lines, "", f"{_short(row['verdict'])}.", ""])


def _links(claim: Claim, row: Record) -> list[str]:
    measure = inspect.unwrap(claim.measure)
    file = pathlib.Path(inspect.getfile(measure)).relative_to(ROOT)
    line = inspect.getsourcelines(measure)[1]
    found = [
        f"- test: [`pytest -m {claim.marker}`]({UP}{TESTS})",
        f"- code: [`{measure.__name__}` in {file}]({UP}{file}#L{line}), `{row['command']}`",
    ]
    for notebook, rows in NOTEBOOKS.items():
        if claim.number in rows:
            found.append(f"- notebook: [{notebook}]({UP}notebooks/{notebook}.py)")
    equations = [f"[{e.number}](#equation-{e.number})" for e in EQUATIONS if claim.number in e.rows]
    letters = [f"[{d.letter}](#decision-{d.letter})" for d in DECISIONS if claim.number in d.rows]
    cited = [
        f"{kind}{'s' if len(links) > 1 else ''} {', '.join(links)}"
        for kind, links in (("equation", equations), ("decision", letters))
        if links
    ]
    for part, statements in (("abstract, ", ABSTRACT), ("section ", SECTIONS)):
        cited += [
            f"[{part if one.place[0] != 'f' else ''}{one.place}](#{_name(one)})"
            for one in statements
            if claim.number in one.rows
        ]
    return [*found, f"- cited by: {'; '.join(cited)}"]


def _crossovers(curves: Record, machine: str) -> list[str]:
    """E17 by size: where edges and matrices take equal time, and how far the times vary."""
    lines = [
        "Edges win below this share of all pairs; times vary by their interquartile range over "
        f"their median. Device: {curves['device']}, {machine}.",
        "",
        "| nodes | forward | training | spread of a time, median | largest |",
        "|---|---|---|---|---|",
    ]
    for n in sorted({point["n"] for point in curves["points"]}):
        points = [point for point in curves["points"] if point["n"] == n]
        densest = max(point["edges"] / n**2 for point in points)
        shares = [
            _share(curves["crossover_density"][name][str(n)], densest) for name in hardware.PASSES
        ]
        spread = hardware.spread(points)
        lines.append(
            f"| {n:,} | {shares[0]} | {shares[1]} "
            f"| {100 * spread['median']:.0f} % | {100 * spread['largest']:.0f} % |"
        )
    return lines


def _share(crossover: float, densest: float) -> str:
    if not crossover:
        return "never"
    # Recorded numbers have four digits.
    return f"{crossover:.2g}" if crossover < 0.999 * densest else f"up to {densest:.2g}, the most"


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
