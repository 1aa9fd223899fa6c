"""The claims of "Transformers are Graph Neural Networks" (Joshi, 2025, arXiv 2506.22084), measured.

* `claims/`: one file per claim, with its text, its gates, its measurement and its figure.
* `claim.py`, `measurement.py`: what a claim and a measurement are, and how a verdict follows.
* `statements.py`, `decisions.py`, `equations.py`, `quotes.py`: the paper, statement by statement,
  and the lines of gtx that it corresponds to.
* `graphs.py`, `batches.py`, `modules.py`, `training.py`, `programs.py`, `jacobians.py`,
  `encoded_block.py`: what the measurements of several claims share.
* `style.py`: what the figures share.

`python -m experiments.paper` measures every claim and records the numbers (`record.py`) in
docs/claims.json and docs/curves.json. From these `write_docs.py` writes docs/paper.md and a part of
README.md, and `python -m experiments.paper.draw` draws docs/figures/E*.
"""
