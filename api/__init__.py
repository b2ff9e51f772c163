"""The office half: case store, review, tickets, contests, complaints and the web faces."""
