"""The open board: how agencies keep their promises and how often cameras err, for everybody, from counts alone."""
