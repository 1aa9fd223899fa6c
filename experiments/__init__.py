"""What was run: scripts over gtx.cli that are made to be copied, the paper, and benchmarks."""
