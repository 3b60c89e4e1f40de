"""The bridges that are used by their own names."""

from . import onnx as onnx
from . import torch as torch
