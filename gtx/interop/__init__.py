"""What comes from other libraries and goes to them, one library a room."""

from gtx.interop import torch

__all__ = ["torch"]
