"""Intake: evidence packages from cameras become cases."""
