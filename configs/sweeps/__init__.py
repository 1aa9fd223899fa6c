"""Sweeps over recipes."""
