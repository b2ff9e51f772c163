"""e-office: letters into and out of an agency, numbered, passed down a chain, signed and kept."""
