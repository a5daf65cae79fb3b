package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"github.com/FISCO-BCOS/go-sdk/core/types"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
)

const greeting = "Hello from Go"

func useContract(it *chain) *types.Receipt {
	address, contract := it.deploy(it.client)
	code, err := it.client.GetCode(it.context, address)
	checkError("code", err)
	check("code is there", len(code) > 2)
	_, receipt, err := contract.Transact(it.client.GetTransactOpts(), "set", greeting)
	checkError("set", err)
	check("receipt status", receipt.Status == types.Success)
	check("event of set", len(receipt.Logs) == 1)
	var answer string
	checkError("get", contract.Call(it.client.GetCallOpts(), &answer, "get"))
	checkEqual("greeting", greeting, answer)
	return receipt
}

func verifyReadings(it *chain, pushed *types.Receipt) {
	hash := common.HexToHash(pushed.TransactionHash)
	read, err := it.client.GetTransactionReceipt(it.context, hash)
	checkError("receipt", err)
	check("pushed receipt equals read receipt", read.BlockHash == pushed.BlockHash && read.GasUsed == pushed.GasUsed)
	height, err := strconv.ParseInt(pushed.BlockNumber[2:], 16, 64)
	checkError("block number", err)
	block, err := it.client.GetBlockByNumber(it.context, height, true)
	checkError("block", err)
	checkEqual("block hash", pushed.BlockHash, block.Hash)
	checkEqual("block hash recomputed", block.Hash, headerHash(block))
	verifyRoot(block)
	verifyTransaction(it, hash, height, block)

	byHash, err := it.client.GetBlockByHash(it.context, common.HexToHash(block.Hash), false)
	checkError("block by hash", err)
	checkEqual("number of block by hash", block.Number, byHash.Number)
	hashByNumber, err := it.client.GetBlockHashByNumber(it.context, height)
	checkError("block hash by number", err)
	checkEqual("hash by number", block.Hash, hashByNumber.Hex())
	verifyStatus(it, height)
}

func verifyTransaction(it *chain, hash common.Hash, height int64, block *types.Block) {
	transaction, err := it.client.GetTransactionByHash(it.context, hash)
	checkError("transaction", err)
	checkEqual("transaction hash", hash.Hex(), transaction.Hash)
	transaction, err = it.client.GetTransactionByBlockNumberAndIndex(it.context, height, 0)
	checkError("transaction by number and index", err)
	checkEqual("hash by number and index", hash.Hex(), transaction.Hash)
	transaction, err = it.client.GetTransactionByBlockHashAndIndex(it.context, common.HexToHash(block.Hash), 0)
	checkError("transaction by hash and index", err)
	checkEqual("hash by hash and index", hash.Hex(), transaction.Hash)
}

func verifyStatus(it *chain, height int64) {
	version, err := it.client.GetClientVersion(it.context)
	checkError("version", err)
	check("supported version", strings.HasPrefix(version.GetSupportedVersion(), "2."))
	head, err := it.client.GetBlockNumber(it.context)
	checkError("head", err)
	check("head reaches the block", head >= height)
	limit, err := it.client.GetBlockLimit(it.context)
	checkError("block limit", err)
	check("block limit follows the head", limit.Int64() > head)
	checkEqual("sealers", 4, len(it.listed("sealer list", it.client.GetSealerList)))
	checkEqual("observers", 0, len(it.listed("observer list", it.client.GetObserverList)))
	checkEqual("node ids", 4, len(it.listed("node id list", it.client.GetNodeIDList)))
	checkEqual("group peers", 4, len(it.listed("group peer list", it.client.GetGroupPeers)))
	peers, err := it.client.GetPeers(it.context)
	checkError("peers", err)
	checkEqual("number of peers", 3, len(*peers))
	status, err := it.client.GetSyncStatus(it.context)
	checkError("sync status", err)
	checkEqual("peers to sync with", 3, len(status.Peers))
	groups, err := it.client.GetGroupList(it.context)
	checkError("groups", err)
	check("group 1", strings.Contains(string(groups), "1"))
	_, err = it.client.GetConsensusStatus(it.context)
	checkError("consensus status", err)
	_, err = it.client.GetPBFTView(it.context)
	checkError("view", err)
	_, err = it.client.GetPendingTransactions(it.context)
	checkError("pending transactions", err)
	_, err = it.client.GetPendingTxSize(it.context)
	checkError("pending size", err)
	count, err := it.client.GetTotalTransactionCount(it.context)
	checkError("totals", err)
	check("total of transactions", count.TxSum != "0x0")
	limitText, err := it.client.GetSystemConfigByKey(it.context, "tx_count_limit")
	checkError("system config", err)
	check("transactions of a block", strings.Contains(string(limitText), "1000"))
}

// verifyRoot recomputes the transactions root of a block with one transaction: H(rlp(0) ‖ hash).
func verifyRoot(block *types.Block) {
	checkEqual("one transaction", 1, len(block.Transactions))
	transaction := block.Transactions[0].(map[string]interface{})
	leaf := append([]byte{0x80}, common.FromHex(transaction["hash"].(string))...)
	checkEqual("transactions root", block.TransactionsRoot, common.BytesToHash(crypto.Keccak256(leaf)).Hex())
}

func headerHash(block *types.Block) string {
	sealers := make([][]byte, 0, len(block.SealerList))
	for _, sealer := range block.SealerList {
		sealers = append(sealers, common.FromHex(sealer))
	}
	extra := make([][]byte, 0, len(block.ExtraData))
	for _, item := range block.ExtraData {
		extra = append(extra, common.FromHex(item))
	}
	encoded, err := rlp.EncodeToBytes([]interface{}{
		common.FromHex(block.ParentHash), common.FromHex(block.StateRoot), common.FromHex(block.TransactionsRoot),
		common.FromHex(block.ReceiptsRoot), common.FromHex(block.DbHash), common.FromHex(block.LogsBloom),
		integer(block.Number), integer(block.GasLimit), integer(block.GasUsed), integer(block.Timestamp),
		extra, integer(block.Sealer), sealers,
	})
	checkError("header RLP", err)
	return "0x" + hex.EncodeToString(crypto.Keccak256(encoded))
}

func integer(text string) *big.Int {
	value, ok := new(big.Int).SetString(strings.TrimPrefix(text, "0x"), 16)
	check("number "+text, ok)
	return value
}

// listed reads a list of node ids, which the SDK hands on as JSON text.
func (it *chain) listed(name string, ask func(context.Context) ([]byte, error)) []string {
	text, err := ask(it.context)
	checkError(name, err)
	var nodes []string
	checkError(name+" is a list", json.Unmarshal(text, &nodes))
	return nodes
}
