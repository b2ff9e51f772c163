"""What an office tells whoever watches it: counts and ages, never a name, a plate, a reference or an address."""
