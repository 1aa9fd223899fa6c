"""The start of a program that needs one module of `gtx.training`: all of it takes seconds."""

ALONE = """
import sys, types, gtx
room = types.ModuleType("gtx.training")
room.__path__ = [gtx.__path__[0] + "/training"]
sys.modules["gtx.training"] = room
"""
