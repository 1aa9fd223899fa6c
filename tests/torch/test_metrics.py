"""Scores of gtx beside the evaluators of OGB and the link head of LRGB."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("ogb", reason="needs ogb")
pytestmark = pytest.mark.torch

with warnings.catch_warnings():  # of its imports
    warnings.simplefilter("ignore")
    from ogb.graphproppred import Evaluator as OfGraphs
    from ogb.linkproppred import Evaluator as OfLinks
    from ogb.nodeproppred import Evaluator as OfNodes

from gtx.data.spec import Label  # noqa: E402
from gtx.data.subtokens import encoded, sequence_label  # noqa: E402
from gtx.tasks import (  # noqa: E402
    Binary,
    Link,
    Multiclass,
    Regression,
    Subtokens,
    metrics,
)
from gtx.tasks.ranking import RankSums, contact_ranks, ranks_among  # noqa: E402


def evaluate(evaluator, name, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return evaluator(name).eval(given)


@pytest.mark.parametrize(
    ("evaluator", "name", "width", "metric"),
    [
        (OfGraphs, "ogbg-molhiv", 1, "roc_auc"),
        (OfGraphs, "ogbg-moltox21", 12, "roc_auc"),
        (OfGraphs, "ogbg-molpcba", 128, "average_precision"),
        (OfNodes, "ogbn-proteins", 112, "roc_auc"),
    ],
)
def test_yes_or_no_targets(evaluator, name, width, metric):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (60, width)).astype(float)
    scores = np.round(rng.uniform(size=labels.shape), 1)
    if name != "ogbn-proteins":
        labels[rng.uniform(size=labels.shape) < 0.3 * (width > 1)] = np.nan
    if width > 20 and name != "ogbn-proteins":
        labels[:, 3], labels[:, 5] = 1.0, np.nan  # OGB leaves such targets out too
    (expected,) = evaluate(evaluator, name, y_true=labels, y_pred=scores).values()
    found = Binary(Label("graph", "binary", width)).metrics(scores, labels)
    np.testing.assert_allclose(found[metric], expected, rtol=1e-12)


def test_subtokens():
    rng = np.random.default_rng(5)
    words = [f"word {number}" for number in range(9)]
    sequences = [list(rng.choice(words, rng.integers(1, 7))) for _ in range(60)]
    known = words[:4]
    guess = rng.integers(0, 6, (60, 5))  # 4 is the unknown word and 5 the end
    names = [*known, "__UNK__"]
    said = []
    for row in guess.tolist():
        row = row[: row.index(5)] if 5 in row else row
        said.append([names[number] for number in row])
    expected = evaluate(OfGraphs, "ogbg-code2", seq_ref=sequences, seq_pred=said)
    labels = encoded(sequences, known)
    found = Subtokens(sequence_label(known, 5, labels.shape[1])).metrics(guess, labels)
    for ours, theirs in dict(f1="F1", precision="precision", recall="recall").items():
        np.testing.assert_allclose(found[ours], expected[theirs], rtol=1e-12)


@pytest.mark.parametrize(("name", "metric"), [("ogbg-molesol", "rmse"), ("ogbg-mollipo", "rmse")])
def test_regression(name, metric):
    rng = np.random.default_rng(1)
    labels = rng.normal(size=(40, 1))
    guess = labels + rng.normal(size=(40, 1))
    (expected,) = evaluate(OfGraphs, name, y_true=labels, y_pred=guess).values()
    found = Regression(Label("graph", "regression", 1)).metrics(guess, labels)
    np.testing.assert_allclose(found[metric], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("evaluator", "name", "classes"), [(OfNodes, "ogbn-arxiv", 40), (OfGraphs, "ogbg-ppa", 37)]
)
def test_classes(evaluator, name, classes):
    rng = np.random.default_rng(2)
    labels, scores = rng.integers(0, classes, 80), rng.dirichlet(np.ones(classes), 80)
    guess = scores.argmax(axis=1)
    (expected,) = evaluate(evaluator, name, y_true=labels[:, None], y_pred=guess[:, None]).values()
    found = Multiclass(Label("node", "multiclass", classes)).metrics(scores, labels)
    assert found["accuracy"] == pytest.approx(expected)


@pytest.mark.parametrize(("name", "k"), [("ogbl-collab", 50), ("ogbl-ppa", 100), ("ogbl-ddi", 20)])
def test_links_among_the_negatives_of_the_part(name, k):
    rng = np.random.default_rng(3)
    positive, negative = rng.integers(0, 90, 70) / 9.0, rng.integers(0, 90, 300) / 10.0
    (expected,) = evaluate(
        OfLinks, name, y_pred_pos=positive.copy(), y_pred_neg=negative.copy()
    ).values()
    labels = np.repeat([1.0, 0.0], [70, 300])[:, None]
    scores = np.concatenate([positive, negative])[:, None]
    found = Link(Label("pair", "binary", 1), hits=(k,)).metrics(scores / 10, labels)
    assert found[f"hits@{k}"] == pytest.approx(expected)


def test_links_among_their_own_negatives():
    rng = np.random.default_rng(4)
    positive, negative = rng.integers(0, 20, 50) / 4.0, rng.integers(0, 20, (50, 30)) / 4.0
    given = dict(y_pred_pos=torch.tensor(positive), y_pred_neg=torch.tensor(negative))
    expected = OfLinks("ogbl-citation2").eval(given)["mrr_list"]
    ranks = ranks_among(positive, negative)
    np.testing.assert_allclose(1 / ranks, expected.numpy())
    hits = OfLinks("ogbl-wikikg2").eval(given)
    found = RankSums.of(ranks, (1, 3, 10)).scores()
    for k in (1, 3, 10):
        assert found[f"hits@{k}"] == pytest.approx(float(hits[f"hits@{k}_list"].mean()))


def lrgb(scores, contacts, *, filtered, loops):
    """Ranks as torch.argsort gives them, which needs scores without ties."""
    known = scores.clone()
    if filtered:
        known[contacts[:, 0], contacts[:, 1]] = -torch.inf
    if not loops:
        known.fill_diagonal_(-torch.inf)
    ranks = []
    for head, tail in contacts.tolist():
        others = known[head].clone()
        others[tail] = -torch.inf
        order = torch.argsort(torch.cat([scores[head, tail][None], others]), descending=True)
        ranks.append(1 + int(torch.nonzero(order == 0)[0, 0]))
    return ranks


@pytest.mark.parametrize(("filtered", "loops"), [(False, True), (True, True), (True, False)])
def test_contacts(filtered, loops):
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(15, 15))
    contacts = np.argwhere(rng.uniform(size=(15, 15)) < 0.2)
    contacts = contacts[contacts[:, 0] != contacts[:, 1]]
    expected = lrgb(torch.tensor(scores), torch.tensor(contacts), filtered=filtered, loops=loops)
    found = contact_ranks(scores, contacts, filtered=filtered, loops=loops)
    np.testing.assert_array_equal(found, expected)


def test_average_precision_and_f1_of_peptides():
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(6)
    labels, scores = rng.integers(0, 2, (50, 10)).astype(float), rng.uniform(size=(50, 10))
    expected = np.mean(
        [average_precision_score(labels[:, c], scores[:, c]) for c in range(10)]
    )  # LRGB's eval_ap
    assert metrics.binary(scores, labels)["average_precision"] == pytest.approx(expected)
