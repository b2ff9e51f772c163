"""How often the rules err: played scenes whose truth is known, judged, and counted.

`catalogue` reads the scenes, `exact` judges what truth itself tells with a detector's errors added, `watched` judges
what the whole way sees in drawn pictures, `figures` counts.
"""
