"""The audit: a log of all cases' heads that only grows, its published roots, and what was tampered with, named."""
