"""Subcommands of `tertib`, one module each; each exposes `app` (a group) or `command` (a function)."""
