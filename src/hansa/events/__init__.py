"""Contract events for SDKs: filters that search history and follow the chain (client protocol §8).

    filters.py         what a registration says, and what is wrong with it
    subscriptions.py   the filters of all sessions: how far each is, whose turn it is
    pushes.py          what a client is told
    service.py         searches blocks on the node's threads, pushes what it finds

Which logs match a filter is the kernel's business: `Block.event_logs_json`.
"""

from hansa.events.service import ContractEvents, EventGroup, EventLimits

__all__ = ["ContractEvents", "EventGroup", "EventLimits"]
