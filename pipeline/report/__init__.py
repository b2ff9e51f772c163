"""A page with what one camera found, for people: `tertib observe --report`."""

from pipeline.report.page import Report

__all__ = ["Report"]
