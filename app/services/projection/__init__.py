"""Keeping calls, legs, recordings and rollups what the trails say they are."""

from app.services.projection.refresh import reap, refresh

__all__ = ["reap", "refresh"]
