"""Keeping calls, legs, recordings and rollups what the trails say they are."""

from app.services.projection.refresh import anything_due, reap, refresh

__all__ = ["anything_due", "reap", "refresh"]
