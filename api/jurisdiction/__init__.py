"""Jurisdictions: articles, fines, deadlines, holidays, agencies and lists, as validated, versioned data."""
