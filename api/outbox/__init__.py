"""What leaves the office and what comes in: written down first, sent at least once, handled exactly once."""
