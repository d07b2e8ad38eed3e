"""What spares a program under test the import of torch._dynamo.

Making an optimizer imports it, in more than a second, only to ask it that it leaves the optimizer's
functions alone. This stand-in does. It fills one line, so that a program whose first line was empty
keeps its line numbers. What proves that a program sees and imports the same as under plain python
begins without it.
"""

NO_DYNAMO = (
    'import sys, types; sys.modules["torch._dynamo"] = types.SimpleNamespace('
    "disable=lambda f, *_, **__: f, graph_break=lambda: None)"
)
