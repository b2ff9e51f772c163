"""A case as one sealed file for a court: what was seen, what was done, and a page that checks both in a browser."""
