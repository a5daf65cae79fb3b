"""SystemConfig 0x1000: parameters of the chain (execution §2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from hansa.execution.contract import method
from hansa.execution.system import CONFIG_TABLE, SystemCall, SystemContract, int256_code
from hansa.execution.tables import Fields
from hansa.execution.text import ascii_lower

__all__ = ["SystemConfig"]

BAD_VALUE = -51_300

_INT64_MAX = (1 << 63) - 1

RANGES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "tx_count_limit": (1, _INT64_MAX),
        "tx_gas_limit": (100_000, _INT64_MAX),
        "rpbft_epoch_sealer_num": (1, _INT64_MAX),
        "rpbft_epoch_block_num": (2, _INT64_MAX),
        "consensus_timeout": (3, 4_294_966),
    }
)
"""The parameters that are integers, with the least and the greatest value."""

CHARGE_SWITCH = "enable_charge_mgr"
"""The parameter that is a switch (execution §1.15)."""

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)


class SystemConfig(SystemContract):
    """Sets parameters. Their table decides who may; a value is in force from the next block on."""

    address = 0x1000
    unknown = int256_code(0)

    @method("setValueByKey(string,string)", returns="int256")
    def set_value(self, call: SystemCall, key: str, value: str) -> int:
        """1; −51300: no such parameter, or not a value of it; −50000: not allowed. The key is in any case."""
        key = ascii_lower(key)
        if not is_valid(key, value):
            return BAD_VALUE
        row: Fields = {"value": value, "enable_num": call.block_number}
        return call.table(CONFIG_TABLE).put(key, row, as_origin=True)


def is_valid(key: str, value: str) -> bool:
    """Is this a value of the parameter? Numbers are decimal, of 64 bits, without blanks."""
    if key == CHARGE_SWITCH:
        return value in ("on", "off")
    limits = RANGES.get(key)
    if limits is None or not _INTEGER.fullmatch(value):
        return False
    digits = value.lstrip("+-").lstrip("0") or "0"
    if value.startswith("-") or len(digits) > 19:
        return False
    least, greatest = limits
    return least <= int(digits) <= greatest
