"""Setting a camera up in the browser: its scene drawn over a frame, and how well the surveyed points fit."""
