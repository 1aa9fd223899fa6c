"""Recipes: each file says what to train, on what, and what to expect."""
