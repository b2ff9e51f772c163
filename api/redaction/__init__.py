"""Redaction: a citizen's copy of a still, with everybody else in it made unrecognisable."""
