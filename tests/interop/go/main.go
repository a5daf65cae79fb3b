// The official Go SDK, unmodified, against a running chain: over the Channel with the certificates the chain builder
// made, or over HTTP. It deploys and uses a contract, reads everything back, checks what blocks say of themselves and
// uses the services of the precompiled contracts.
//
// Usage: interop channel|http HOST:PORT SDK_DIR ARTIFACT.json. The chain must be fresh: the last checks close it.
package main

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/FISCO-BCOS/go-sdk/abi"
	"github.com/FISCO-BCOS/go-sdk/abi/bind"
	"github.com/FISCO-BCOS/go-sdk/client"
	"github.com/FISCO-BCOS/go-sdk/conf"
	"github.com/FISCO-BCOS/go-sdk/core/types"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

const secondsMax = 240

// chain is what every group of checks works with.
type chain struct {
	context context.Context
	client  *client.Client
	dial    func(key *ecdsa.PrivateKey) *client.Client
	abi     abi.ABI
	abiText string
	bin     []byte
}

func main() {
	if len(os.Args) != 5 || (os.Args[1] != "channel" && os.Args[1] != "http") {
		fail("usage: interop channel|http HOST:PORT SDK_DIR ARTIFACT.json")
	}
	deadline, cancel := context.WithTimeout(context.Background(), secondsMax*time.Second)
	defer cancel()
	transport, endpoint, sdkDirectory := os.Args[1], os.Args[2], os.Args[3]
	if transport == "channel" {
		endpoint = wire(endpoint)
	}
	connect := func(key *ecdsa.PrivateKey) *client.Client {
		return dial(transport == "http", endpoint, sdkDirectory, key)
	}
	it := &chain{context: deadline, client: connect(newKey()), dial: connect}
	it.loadArtifact(os.Args[4])

	receipt := useContract(it)
	verifyReadings(it, receipt)
	useTables(it)
	useNames(it)
	useParameters(it)
	useMembership(it)
	useLifeCycle(it)
	usePermissions(it)
	useGovernance(it)
	it.client.Close()
	fmt.Printf("go sdk: %d checks passed over %s\n", checks, transport)
}

func dial(http bool, endpoint string, sdkDirectory string, key *ecdsa.PrivateKey) *client.Client {
	connected, err := client.Dial(&conf.Config{
		IsHTTP:     http,
		ChainID:    1,
		GroupID:    1,
		CAFile:     filepath.Join(sdkDirectory, "ca.crt"),
		Cert:       filepath.Join(sdkDirectory, "sdk.crt"),
		Key:        filepath.Join(sdkDirectory, "sdk.key"),
		NodeURL:    endpoint,
		PrivateKey: crypto.FromECDSA(key),
	})
	checkError("connect", err)
	return connected
}

func newKey() *ecdsa.PrivateKey {
	key, err := crypto.GenerateKey()
	checkError("key", err)
	return key
}

// stranger is a connection of an account that has done nothing yet.
func (it *chain) stranger() *client.Client {
	return it.dial(newKey())
}

func (it *chain) loadArtifact(path string) {
	text, err := os.ReadFile(path)
	checkError("artifact", err)
	var artifact struct {
		Abi json.RawMessage `json:"abi"`
		Bin string          `json:"bin"`
	}
	checkError("artifact is JSON", json.Unmarshal(text, &artifact))
	it.abiText = string(artifact.Abi)
	it.bin = common.FromHex(artifact.Bin)
	it.abi, err = abi.JSON(strings.NewReader(it.abiText))
	checkError("ABI", err)
}

// deploy makes a sample contract of a connection's account.
func (it *chain) deploy(by *client.Client) (common.Address, *bind.BoundContract) {
	address, _, contract, err := bind.DeployContract(by.GetTransactOpts(), it.abi, it.bin, by)
	checkError("deploy", err)
	check("contract address", address != common.Address{})
	return address, contract
}

// greet calls set of a sample contract in a transaction of a connection's account.
func (it *chain) greet(by *client.Client, address common.Address, greeting string) *types.Receipt {
	contract := bind.NewBoundContract(address, it.abi, by, by, by)
	_, receipt, err := contract.Transact(by.GetTransactOpts(), "set", greeting)
	checkError("send", err)
	return receipt
}
