"""The page in the browser: step through a training with its numbers. Reads the record only.

contract.py     what a page is told besides the record's own events
page/           the built page (its source is in web/; docs/page.md)
"""
