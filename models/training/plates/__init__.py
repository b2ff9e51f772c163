"""Training of `plates-id`: renders number plates and teaches a small network to read their text line."""
