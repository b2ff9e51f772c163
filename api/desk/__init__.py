"""The desk of an agency: what must be answered, by clock, and what becomes of it."""
