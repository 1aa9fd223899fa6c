"""From encodings and a dataset to columns: planned, computed, cached and checked for memory."""
