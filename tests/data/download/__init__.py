"""Tests of gtx.data.download."""
