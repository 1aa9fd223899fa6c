"""The forms in which benchmarks publish their files: one reader each, which knows no dataset."""
