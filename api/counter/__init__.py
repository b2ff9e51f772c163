"""Counters of a service mall: an application with its checklist and clock, followed by its number."""
