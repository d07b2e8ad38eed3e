"""States that are saved, loaded and kept."""
