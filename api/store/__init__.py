"""The case store: cases, append-only events, clocks, and the one door to read them."""
