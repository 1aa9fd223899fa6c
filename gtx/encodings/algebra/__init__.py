"""Linear algebra that several families of encodings share. Host, numpy and scipy."""
