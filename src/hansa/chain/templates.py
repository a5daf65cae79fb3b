"""The texts of config.ini, group.N.genesis and group.N.ini (node §1.3 – 1.5).

They are a format, down to blanks and comments: tools of the ecosystem search these files line by line
(client protocol §10.8) and operators compare them with what they know. A test holds them to recorded ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from hansa.chain.plan import ChainPlan, NodePlan
from hansa.node.endpoint import Endpoint
from hansa.primitives import NodeId, node_id_to_hex

__all__ = ["config_ini", "group_genesis", "group_ini"]

EPOCH_BLOCK_COUNT = 1000


def config_ini(plan: ChainPlan, node: NodePlan) -> str:
    """A node's config.ini."""
    peers = "".join(
        f"    node.{index}={Endpoint(peer.host, peer.ports.p2p)}\n" for index, peer in enumerate(plan.nodes)
    )
    return _CONFIG_INI.format(
        channel_listen_ip=plan.channel_listen_ip,
        channel_listen_port=node.ports.channel,
        jsonrpc_listen_ip=plan.jsonrpc_listen_ip,
        jsonrpc_listen_port=node.ports.jsonrpc,
        p2p_listen_ip=plan.p2p_listen_ip,
        p2p_listen_port=node.ports.p2p,
        peers=peers,
        chain_id=plan.chain_id,
        rsa_channel=_flag(plan.rsa_channel),
        supported_version=".".join(map(str, plan.supported_version)),
        statistics=_flag(plan.statistics),
        log_level="debug" if plan.debug_log else "info",
        log_flush=_flag(plan.log_flush),
    )


def group_genesis(plan: ChainPlan, group: int, sealers: Sequence[NodeId], timestamp_ms: int) -> str:
    """A group's genesis, the same on all its nodes."""
    return _GROUP_GENESIS.format(
        consensus=plan.consensus,
        epoch_sealer_count=len(sealers),
        epoch_block_count=EPOCH_BLOCK_COUNT,
        sealers="".join(
            f"    node.{index}={node_id_to_hex(sealer)}\n" for index, sealer in enumerate(sealers)
        ),
        group=group,
        timestamp_ms=timestamp_ms,
        free_storage=_flag(plan.free_storage),
    )


def group_ini(plan: ChainPlan) -> str:
    """A node's own settings for a group."""
    return _GROUP_INI.format(storage=plan.storage, binary_log=_flag(plan.storage == "scalable"))


def _flag(value: bool) -> str:
    return "true" if value else "false"


_CONFIG_INI = """\
[rpc]
    channel_listen_ip={channel_listen_ip}
    channel_listen_port={channel_listen_port}
    jsonrpc_listen_ip={jsonrpc_listen_ip}
    jsonrpc_listen_port={jsonrpc_listen_port}
    disable_dynamic_group=false
[p2p]
    listen_ip={p2p_listen_ip}
    listen_port={p2p_listen_port}
    ; nodes to connect
{peers}\x20\x20\x20\x20

[certificate_blacklist]
    ; crl.0 should be nodeid, nodeid's length is 128
    ;crl.0=

[certificate_whitelist]
    ; cal.0 should be nodeid, nodeid's length is 128
    ;cal.0=

[group]
    group_data_path=data/
    group_config_path=conf/

[network_security]
    ; directory the certificates located in
    data_path=conf/
    ; the node private key file
    key=node.key
    ; the node certificate file
    cert=node.crt
    ; the ca certificate file
    ca_cert=ca.crt

[storage_security]
    enable=false
    key_manager_ip=
    key_manager_port=
    cipher_data_key=

[chain]
    id={chain_id}
    ; use SM crypto or not, should nerver be changed
    sm_crypto=false
    sm_crypto_channel=false
    rsa_crypto_channel={rsa_channel}

[compatibility]
    ; supported_version should nerver be changed
    supported_version={supported_version}

[log]
    enable=true
    ; the log path, default path is ./log
    log_path=./log
\t; print the log to std::cout or not, default print to the log files
    enable_console_output = false
    ; enable/disable the statistics function
    enable_statistic={statistics}
    ; network statistics interval, unit is second, default is 60s
    stat_flush_interval=60
    ; info debug trace
    level={log_level}
    ; MB
    max_log_file_size=200
    flush={log_flush}

[flow_control]
    ; restrict QPS of the node
    ;limit_req=1000
    ; restrict the outgoing bandwidth of the node
    ; Mb, can be a decimal
    ; when the outgoing bandwidth exceeds the limit, the block synchronization operation will not proceed
    ;outgoing_bandwidth_limit=2
"""

_GROUP_GENESIS = """\
[consensus]
    ; consensus algorithm now support PBFT(consensus_type=pbft), Raft(consensus_type=raft)
    ; rpbft(consensus_type=rpbft)
    consensus_type={consensus}
    ; the max number of transactions of a block
    max_trans_num=1000
    ; in seconds, block consensus timeout, at least 3s
    consensus_timeout=3
    ; rpbft related configuration
    ; the working sealers num of each consensus epoch
    epoch_sealer_num={epoch_sealer_count}
    ; the number of generated blocks each epoch
    epoch_block_num={epoch_block_count}
    ; the node id of consensusers
{sealers}\x20\x20\x20\x20
[state]
    type=storage
[tx]
    ; transaction gas limit
    gas_limit=300000000
[group]
    id={group}
    timestamp={timestamp_ms}
[evm]
    enable_free_storage={free_storage}
"""

_GROUP_INI = """\
[consensus]
    ; the ttl for broadcasting pbft message
    ttl=2
    ; min block generation time(ms)
    min_block_generation_time=500
    enable_dynamic_block_size=true
    enable_ttl_optimization=true
    enable_prepare_with_txsHash=true
    ; The following is the relevant configuration of rpbft
    ; set true to enable broadcast prepare request by tree
    broadcast_prepare_by_tree=true
    ; percent of nodes that broadcast prepare status to, must be between 25 and 100
    prepare_status_broadcast_percent=33
    ; max wait time before request missed transactions, ms, must be between 5ms and 1000ms
    max_request_missedTxs_waitTime=100
    ; maximum wait time before requesting a prepare, ms, must be between 10ms and 1000ms
    max_request_prepare_waitTime=100

[storage]
    ; storage db type, rocksdb / mysql / scalable, rocksdb is recommended
    type={storage}
    ; set true to turn on binary log
    binary_log={binary_log}
    ; scroll_threshold=scroll_threshold_multiple*1000, only for scalable
    scroll_threshold_multiple=2
    ; set fasle to disable CachedStorage
    cached_storage=true
    ; max cache memeory, MB
    max_capacity=32
    max_forward_block=10
    ; only for external, deprecated in v2.3.0
    max_retry=60
    topic=DB
    ; only for mysql
    db_ip=127.0.0.1
    db_port=3306
    db_username=
    db_passwd=
    db_name=
[tx_pool]
    limit=150000
    ; transaction pool memory size limit, MB
    memory_limit=512
    ; number of threads responsible for transaction notification,
    ; default is 2, not recommended for more than 8
    notify_worker_num=2
    ; transaction expiration time, in seconds
    ; default is 10 minute(600s)
    txs_expiration_time=600
[sync]
    ; max memory size used for block sync, must >= 32MB
    max_block_sync_memory_size=512
    idle_wait_ms=200
    ; send block status by tree-topology, only supported when use pbft
    sync_block_by_tree=true
    ; send transaction by tree-topology, only supported when use pbft
    ; recommend to use when deploy many consensus nodes
    send_txs_by_tree=true
    ; must between 1000 to 3000
    ; only enabled when sync_by_tree is true
    gossip_interval_ms=1000
    gossip_peers_number=3
    ; max number of nodes that broadcast txs status to, recommended less than 5
    txs_max_gossip_peers_num=5
[flow_control]
    ; restrict QPS of the group
    ;limit_req=1000
    ; restrict the outgoing bandwidth of the group
    ; Mb, can be a decimal
    ; when the outgoing bandwidth exceeds the limit, the block synchronization operation will not proceed
    ;outgoing_bandwidth_limit=2

[sdk_allowlist]
    ; When sdk_allowlist is empty, all SDKs can connect to this node
    ; when sdk_allowlist is not empty, only the SDK in the allowlist can connect to this node
    ; public_key.0 should be nodeid, nodeid's length is 128
    ;public_key.0=
"""
