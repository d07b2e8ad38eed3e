import os

os.environ.setdefault("KERAS_BACKEND", "torch")

# The programs in loops/ are run by the tests, not collected by pytest.
collect_ignore_glob = ["loops/*"]
