"""The table of methods: name, parameters, what it is about, who answers (client protocol §3).

To add one: write its handler in the module of its namespace, add a row here, and a recorded or constructed
exchange to tests/golden/rpc.
"""

from collections.abc import Mapping

from hansa.rpc.methods import blocks, group, management, node, transactions
from hansa.rpc.methods.declaration import Handler, Kind, Method, Subject, accepts

__all__ = ["METHODS", "Method", "Subject", "accepts"]

_INTEGER, _STRING, _BOOLEAN, _OBJECT = Kind.INTEGER, Kind.STRING, Kind.BOOLEAN, Kind.OBJECT


def _of_node(handler: Handler, *parameters: Kind) -> Method:
    return Method(parameters, Subject.NODE, handler)


def _of_member(handler: Handler, *parameters: Kind) -> Method:
    return Method((_INTEGER, *parameters), Subject.MEMBER_GROUP, handler)


def _of_loaded(handler: Handler) -> Method:
    return Method((_INTEGER,), Subject.LOADED_GROUP, handler)


def _managing(handler: Handler) -> Method:
    return Method((_INTEGER,), Subject.GROUP_ID, handler)


METHODS: Mapping[str, Method] = {
    # the node
    "rpc_modules": _of_node(node.rpc_modules),
    "getClientVersion": _of_node(node.get_client_version),
    "getNodeInfo": _of_node(node.get_node_info),
    "getPeers": _of_node(node.get_peers, _INTEGER),
    "getNodeIDList": _of_node(node.get_node_id_list, _INTEGER),
    "getGroupList": _of_node(node.get_group_list),
    "queryPeers": _of_node(node.query_peers),
    "addPeers": _of_node(node.add_peers, Kind.ANY),
    "erasePeers": _of_node(node.erase_peers, Kind.ANY),
    # the state of a group
    "getBlockNumber": _of_member(group.get_block_number),
    "getPbftView": _of_member(group.get_pbft_view),
    "getSealerList": _of_member(group.get_sealer_list),
    "getObserverList": _of_member(group.get_observer_list),
    "getEpochSealersList": _of_member(group.get_epoch_sealers_list),
    "getGroupPeers": _of_member(group.get_group_peers),
    "getConsensusStatus": _of_member(group.get_consensus_status),
    "getSyncStatus": _of_member(group.get_sync_status),
    "getSystemConfigByKey": _of_member(group.get_system_config_by_key, _STRING),
    "getTotalTransactionCount": _of_member(group.get_total_transaction_count),
    "getPendingTxSize": _of_loaded(group.get_pending_tx_size),
    "getPendingTransactions": _of_loaded(group.get_pending_transactions),
    "getCode": _of_member(group.get_code, _STRING),
    # blocks
    "getBlockByHash": _of_member(blocks.get_block_by_hash, _STRING, _BOOLEAN),
    "getBlockByNumber": _of_member(blocks.get_block_by_number, _STRING, _BOOLEAN),
    "getBlockHeaderByHash": _of_member(blocks.get_block_header_by_hash, _STRING, _BOOLEAN),
    "getBlockHeaderByNumber": _of_member(blocks.get_block_header_by_number, _STRING, _BOOLEAN),
    "getBlockHashByNumber": _of_member(blocks.get_block_hash_by_number, _STRING),
    # transactions, receipts, calls
    "getTransactionByHash": _of_member(transactions.get_transaction_by_hash, _STRING),
    "getTransactionByBlockHashAndIndex": _of_member(
        transactions.get_transaction_by_block_hash_and_index, _STRING, _STRING
    ),
    "getTransactionByBlockNumberAndIndex": _of_member(
        transactions.get_transaction_by_block_number_and_index, _STRING, _STRING
    ),
    "getTransactionReceipt": _of_member(transactions.get_transaction_receipt, _STRING),
    "getTransactionByHashWithProof": _of_member(transactions.get_transaction_by_hash_with_proof, _STRING),
    "getTransactionReceiptByHashWithProof": _of_member(
        transactions.get_transaction_receipt_by_hash_with_proof, _STRING
    ),
    "getBatchReceiptsByBlockNumberAndRange": _of_member(
        transactions.get_batch_receipts_by_block_number_and_range, _STRING, _STRING, _STRING, _BOOLEAN
    ),
    "getBatchReceiptsByBlockHashAndRange": _of_member(
        transactions.get_batch_receipts_by_block_hash_and_range, _STRING, _STRING, _STRING, _BOOLEAN
    ),
    "call": _of_member(transactions.call, _OBJECT),
    "sendRawTransaction": _of_member(transactions.send_raw_transaction, _STRING),
    "sendRawTransactionAndGetProof": _of_member(transactions.send_raw_transaction, _STRING),
    # managing groups
    "generateGroup": Method((_INTEGER, _OBJECT), Subject.NODE, management.generate_group),
    "startGroup": _managing(management.start_group),
    "stopGroup": _managing(management.stop_group),
    "removeGroup": _managing(management.remove_group),
    "recoverGroup": _managing(management.recover_group),
    "queryGroupStatus": _managing(management.query_group_status),
}
