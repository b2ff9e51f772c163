"""How a box comes to be trusted: a one-time code, a key of its own, a change of keys, and the place to go on from."""
