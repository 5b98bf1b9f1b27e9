"""Another name of `flowlang.errors`, for plugins that import from here."""

from flowlang.errors import *  # noqa: F403
from flowlang.errors import ConnectionError as ConnectionError
