"""Data corrections (UU 27/2022): somebody asks that what is held about them be put right, within 3x24 hours."""
