"""Every kind of question, one class each. The modules of this package are loaded here, so a new one needs no other line."""

import importlib
import pkgutil

from apps.services.fieldtypes.base import REGISTER, Field

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["REGISTER", "Field"]
