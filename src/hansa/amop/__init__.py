"""Messages between SDKs across the chain's nodes (AMOP; client protocol §7).

    messages.py   frames of SDKs as they travel between nodes
    topics.py     names of topics, private ones among them; who follows what
    routing.py    where a message goes and what becomes of it: events in, effects out
    service.py    carries the effects out: sessions, peers, timers, chance

The node knows nothing of what is inside a message; it is delivered at most once and never stored.
"""

from hansa.amop.routing import AmopLimits, AmopRouting
from hansa.amop.service import AmopService

__all__ = ["AmopLimits", "AmopRouting", "AmopService"]
