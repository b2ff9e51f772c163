"""Counters of a service mall: a number, a call, one file that its visitor follows."""
