"""The run folder: the only contract between the parts. Plain data, never imports torch.

    run.json          what ran                                  manifest.py
    events.jsonl      facts, one JSON object a line             events.py (kinds), log.py
    scalars/*.npy     curves in bounded space                   scalars.py
    blobs/            small arrays, known by content hash       blobs.py

runs.py finds a folder; files.py writes a file so that a kill cannot halve it.
"""

from goingdeep.record.blobs import read_blob, write_blob
from goingdeep.record.event import Event
from goingdeep.record.log import EventLog, is_live, read_events
from goingdeep.record.manifest import DataFacts, Manifest, Setting, read_manifest, write_manifest
from goingdeep.record.runs import find_run, list_runs, read_result
from goingdeep.record.scalars import Curve

__all__ = [
    "Curve",
    "DataFacts",
    "Event",
    "EventLog",
    "Manifest",
    "Setting",
    "find_run",
    "is_live",
    "list_runs",
    "read_blob",
    "read_events",
    "read_manifest",
    "read_result",
    "write_blob",
    "write_manifest",
]
