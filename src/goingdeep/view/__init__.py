"""The page in the browser: step through a training with its numbers. Reads the record only.

    contract.py     what a page is told besides the record's own events
    trace.py        one run as a page reads it, whole or while it goes on
    single.py       all of it in one file                server.py, guard.py   on a local address
    page/           the built page (its source is in web/; docs/page.md)

Parts of a trace: events.py, sources.py and highlight.py, curves.py, findings.py, results.py;
limits.py says how large a record may be, paths.py makes paths fit to be shown, stamps.py tells that
something has changed. Never imports torch.
"""
