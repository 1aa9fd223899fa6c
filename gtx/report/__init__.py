"""A page that shows runs: `gtx.report.page` writes it from the files in their folders."""
