"""`hansa doctor`: looks at the folder of a node or an SDK, or at a running node, and says what to change.

    facts.py         what is looked at, as values
    files.py         gathers facts from folders          network.py   from ports, peers and running nodes
    certificates.py  judges keys and certificates        node.py      a node's folder
    chain.py         judges what a running node answers
    findings.py      the verdicts                        command.py   the command line

Rule 1  Judging is pure: facts and the time go in, findings come out. Gathering judges nothing.
Rule 2  A finding says where, what is wrong, and what to change. Where a node would log a reason, the words
        are the node's own, because the same functions make them.
Rule 3  Nothing is changed, and no secret is shown.
"""

from hansa.doctor.certificates import check_identity, check_pair
from hansa.doctor.chain import check_chain
from hansa.doctor.findings import Finding, Severity
from hansa.doctor.node import check_node

__all__ = ["Finding", "Severity", "check_chain", "check_identity", "check_node", "check_pair"]
