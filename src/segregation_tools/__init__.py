"""segregation_tools: who can meet whom in a city, how sure that is, and what a plan would change.

The front door: names only. Each is loaded when it is first used, so that the import itself costs next to nothing;
the one list of the names is ``__init__.pyi``.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
