"""The claims of "Transformers are Graph Neural Networks" (Joshi, 2025, arXiv 2506.22084), measured.

`claims` is the table; each other file measures a group of its rows. `python -m experiments.paper`
runs all of them, writes docs/claims.json, and from it docs/paper.md and a part of README.md.
"""
