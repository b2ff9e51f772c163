"""Open311 GeoReport v2: what other cities' apps and maps speak, over the same complaints."""
