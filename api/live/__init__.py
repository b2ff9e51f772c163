"""Pages that follow: a case's public steps as server-sent events, and the state that they add up to."""
