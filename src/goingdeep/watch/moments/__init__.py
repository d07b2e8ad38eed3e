"""Moments: some steps kept whole, and their replays with one thing changed."""
