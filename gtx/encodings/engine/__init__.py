"""Applies encodings to a dataset: plans, computes and caches columns, and checks memory."""
