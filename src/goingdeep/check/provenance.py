"""Which line made what a loss function was given."""

from __future__ import annotations

from goingdeep.record.seen import LossFunction


def maker(loss: LossFunction, index: int = 0) -> int:
    """The site that made the input's node `index`, newest first; the loss's own where unknown."""
    sites = loss.came_from_sites
    if index < len(sites) and sites[index] >= 0:
        return sites[index]
    return loss.site


def before_clamp(loss: LossFunction) -> int:
    """The index of the newest node that is no clamp: it leaves chances as they are, but for 0 and 1."""
    return int(newest(loss).startswith("Clamp") and len(loss.came_from) > 1)


def newest(loss: LossFunction, index: int = 0) -> str:
    """The operation that made the input, or one before it; "" where there is none or no graph."""
    return loss.came_from[index] if index < len(loss.came_from) else ""
