"""Complaints (aduan): anybody tells an agency what is wrong, and follows the answer."""
