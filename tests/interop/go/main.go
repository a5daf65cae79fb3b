// The official Go SDK, unmodified, against a running chain: connect over the Channel with the certificates the
// chain builder made, deploy and use a contract, read everything back and check what the block says of itself.
//
// Usage: interop SDK_DIR ARTIFACT.json HOST:PORT
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/FISCO-BCOS/go-sdk/abi"
	"github.com/FISCO-BCOS/go-sdk/abi/bind"
	"github.com/FISCO-BCOS/go-sdk/client"
	"github.com/FISCO-BCOS/go-sdk/conf"
	"github.com/FISCO-BCOS/go-sdk/core/types"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
)

const greeting = "Hello from Go"

var checks int

func main() {
	if len(os.Args) != 4 {
		fail("usage: interop SDK_DIR ARTIFACT.json HOST:PORT")
	}
	context, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	chain := dial(os.Args[1], os.Args[3])
	defer chain.Close()
	receipt := useContract(chain, os.Args[2])
	verifyReadings(context, chain, receipt)
	fmt.Printf("go sdk: %d checks passed\n", checks)
}

func dial(sdkDirectory string, endpoint string) *client.Client {
	key, err := crypto.GenerateKey()
	check("key", err == nil)
	chain, err := client.Dial(&conf.Config{
		ChainID:    1,
		GroupID:    1,
		CAFile:     filepath.Join(sdkDirectory, "ca.crt"),
		Cert:       filepath.Join(sdkDirectory, "sdk.crt"),
		Key:        filepath.Join(sdkDirectory, "sdk.key"),
		NodeURL:    endpoint,
		PrivateKey: crypto.FromECDSA(key),
	})
	checkError("connect", err)
	return chain
}

func useContract(chain *client.Client, artifactPath string) *types.Receipt {
	text, err := os.ReadFile(artifactPath)
	checkError("artifact", err)
	var artifact struct {
		Abi json.RawMessage `json:"abi"`
		Bin string          `json:"bin"`
	}
	checkError("artifact is JSON", json.Unmarshal(text, &artifact))
	parsed, err := abi.JSON(strings.NewReader(string(artifact.Abi)))
	checkError("ABI", err)

	address, _, contract, err := bind.DeployContract(chain.GetTransactOpts(), parsed, common.FromHex(artifact.Bin), chain)
	checkError("deploy", err)
	check("contract address", address != common.Address{})
	_, receipt, err := contract.Transact(chain.GetTransactOpts(), "set", greeting)
	checkError("set", err)
	check("receipt status", receipt.Status == types.Success)
	check("event of set", len(receipt.Logs) == 1)
	var answer string
	checkError("get", contract.Call(chain.GetCallOpts(), &answer, "get"))
	check("greeting", answer == greeting)
	return receipt
}

func verifyReadings(context context.Context, chain *client.Client, pushed *types.Receipt) {
	hash := common.HexToHash(pushed.TransactionHash)
	read, err := chain.GetTransactionReceipt(context, hash)
	checkError("receipt", err)
	check("pushed receipt equals read receipt", read.BlockHash == pushed.BlockHash && read.GasUsed == pushed.GasUsed)
	transaction, err := chain.GetTransactionByHash(context, hash)
	checkError("transaction", err)
	check("transaction hash", transaction.Hash == pushed.TransactionHash)

	height, err := strconv.ParseInt(pushed.BlockNumber[2:], 16, 64)
	checkError("block number", err)
	block, err := chain.GetBlockByNumber(context, height, true)
	checkError("block", err)
	check("block hash", block.Hash == pushed.BlockHash)
	check("block hash recomputed", headerHash(block) == block.Hash)
	verifyRoot(block)
	_, err = chain.GetSyncStatus(context)
	checkError("sync status", err)
	_, err = chain.GetConsensusStatus(context)
	checkError("consensus status", err)
	_, err = chain.GetPeers(context)
	checkError("peers", err)
	head, err := chain.GetBlockNumber(context)
	checkError("head", err)
	check("head reaches the block", head >= height)
}

// verifyRoot recomputes the transactions root of a block with one transaction: H(rlp(0) ‖ hash).
func verifyRoot(block *types.Block) {
	if len(block.Transactions) != 1 {
		return
	}
	transaction := block.Transactions[0].(map[string]interface{})
	leaf := append([]byte{0x80}, common.FromHex(transaction["hash"].(string))...)
	check("transactions root", common.BytesToHash(crypto.Keccak256(leaf)).Hex() == block.TransactionsRoot)
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

func check(name string, holds bool) {
	if !holds {
		fail("failed: " + name)
	}
	checks++
}

func checkError(name string, err error) {
	if err != nil {
		fail("failed: " + name + ": " + err.Error())
	}
	check(name, true)
	fmt.Println("ok", name)
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(1)
}
