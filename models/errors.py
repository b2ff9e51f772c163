"""What can go wrong with a model, told to the person who can act."""

from __future__ import annotations


class ModelError(RuntimeError):
    """A model is unknown, absent, damaged or cannot run here; the message says what to do."""
