"""What a segment or a condition says of a customer. (Written form: who.)"""

from typing import Any, TypeAlias

Who: TypeAlias = Any
