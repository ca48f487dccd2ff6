"""A node for the tests of those who use the client: `FakeHanse`, in memory, with answers that verify.

It founds a consortium of its own, whose document says `"demo": true`, and gives real signatures, shares and
proofs of the figures that a test sets. What it does not do: refuse a purpose or a budget by itself, keep
anything, or stand for a node's speed.
"""

from hanse_client.testing.answers import FakeWindow, window
from hanse_client.testing.node import FakeHanse
from hanse_client.testing.routes import Received

__all__ = ["FakeHanse", "FakeWindow", "Received", "window"]
