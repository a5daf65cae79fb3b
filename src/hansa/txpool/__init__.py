"""The transactions a group has not committed yet.

Admission checks, nonce sets and order live in the kernel (`TransactionPool`); this package decides when
they run and who hears of it.
"""

from hansa.txpool.admission import STATUS_NAMES, Admission, AdmissionStatus
from hansa.txpool.pool import Pool

__all__ = ["STATUS_NAMES", "Admission", "AdmissionStatus", "Pool"]
