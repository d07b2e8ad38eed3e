"""The rules, one folder each. A folder is found by its `rule.py`; nothing lists them."""
