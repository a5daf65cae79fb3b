package main

import (
	"strings"

	"github.com/FISCO-BCOS/go-sdk/client"
	"github.com/FISCO-BCOS/go-sdk/core/types"
	"github.com/FISCO-BCOS/go-sdk/precompiled/chaingovernance"
	"github.com/FISCO-BCOS/go-sdk/precompiled/cns"
	"github.com/FISCO-BCOS/go-sdk/precompiled/config"
	"github.com/FISCO-BCOS/go-sdk/precompiled/consensus"
	"github.com/FISCO-BCOS/go-sdk/precompiled/contractlifecycle"
	"github.com/FISCO-BCOS/go-sdk/precompiled/crud"
	"github.com/FISCO-BCOS/go-sdk/precompiled/permission"
	"github.com/ethereum/go-ethereum/common"
)

// Statuses of receipts for which the SDK has no names.
const (
	contractFrozen = 30
	accountFrozen  = 31
)

func useTables(it *chain) {
	const table = "fruit_go"
	tables, err := crud.NewCRUDService(it.client)
	checkError("CRUD service", err)
	code, err := tables.CreateTable(table, "name", "colour,weight")
	checkCode("create table", 0, code, err)
	code, err = tables.CreateTable(table, "name", "colour,weight")
	checkCode("create it again", -50001, code, err)
	keyField, valueFields, err := tables.Desc(table)
	checkError("describe", err)
	checkEqual("fields", []string{"name", "colour,weight"}, []string{keyField, valueFields})

	code, err = tables.Insert(table, "apple", fruit("red", "150"))
	checkCode("insert", 1, code, err)
	code, err = tables.Insert(table, "apple", fruit("green", "120"))
	checkCode("insert a second row", 1, code, err)
	rows, err := tables.Select(table, "apple", crud.NewCondition())
	checkError("select", err)
	checkEqual("rows", 2, len(rows))
	heavy := crud.NewCondition()
	heavy.GT("weight", "130")
	rows, err = tables.Select(table, "apple", heavy)
	checkError("select by condition", err)
	checkEqual("one row", 1, len(rows))
	checkEqual("its colour", "red", rows[0]["colour"])
	ripe := crud.NewEntry()
	ripe.Put("colour", "yellow")
	code, err = tables.Update(table, "apple", ripe, heavy)
	checkCode("update", 1, code, err)
	code, err = tables.Remove(table, "apple", heavy)
	checkCode("remove", 1, code, err)
	rows, err = tables.Select(table, "apple", crud.NewCondition())
	checkError("select what is left", err)
	checkEqual("one row left", 1, len(rows))
}

func fruit(colour string, weight string) *crud.Entry {
	entry := crud.NewEntry()
	entry.Put("colour", colour)
	entry.Put("weight", weight)
	return entry
}

func useNames(it *chain) {
	const name = "GreetingGo"
	names, err := cns.NewCnsService(it.client)
	checkError("CNS service", err)
	address, _ := it.deploy(it.client)
	code, err := names.RegisterCns(name, "1.0", address, it.abiText)
	checkCode("register", 1, code, err)
	code, err = names.RegisterCns(name, "1.0", address, it.abiText)
	checkCode("register it again", -51200, code, err)
	found, err := names.QueryCnsByName(name)
	checkError("query by name", err)
	checkEqual("one version", 1, len(found))
	found, err = names.QueryCnsByNameAndVersion(name, "1.0")
	checkError("query by version", err)
	checkEqual("registered address", address, common.HexToAddress(found[0].Address))
	resolved, err := names.GetAddressByContractNameAndVersion(name, "1.0")
	checkError("resolve", err)
	checkEqual("resolved address", address, resolved)
}

func useParameters(it *chain) {
	parameters, err := config.NewSystemConfigService(it.client)
	checkError("system config service", err)
	for _, value := range []string{"999", "1000"} {
		code, err := parameters.SetValueByKey("tx_count_limit", value)
		checkCode("set tx_count_limit", 1, code, err)
		checkEventually("tx_count_limit is "+value, func() bool {
			text, err := it.client.GetSystemConfigByKey(it.context, "tx_count_limit")
			return err == nil && strings.Trim(string(text), `"`) == value
		})
	}
	code, err := parameters.SetValueByKey("tx_gas_limit", "1")
	checkCode("too little gas", -51300, code, err)
}

// useMembership makes the last sealer an observer and a sealer again.
func useMembership(it *chain) {
	members, err := consensus.NewConsensusService(it.client)
	checkError("consensus service", err)
	status, err := it.client.GetSyncStatus(it.context)
	checkError("who answers", err)
	var node string
	for _, sealer := range it.listed("sealers", it.client.GetSealerList) {
		if sealer != status.NodeId {
			node = sealer
		}
	}
	code, err := members.AddObserver(node)
	checkCode("add observer", 1, code, err)
	checkEventually("it observes", func() bool {
		return contains(it.listed("observers", it.client.GetObserverList), node)
	})
	code, err = members.AddSealer(node)
	checkCode("add sealer", 1, code, err)
	checkEventually("it seals", func() bool { return contains(it.listed("sealers", it.client.GetSealerList), node) })
	_, err = members.AddSealer(strings.Repeat("ab", 64))
	check("a node that nobody knows is refused", err != nil)
}

func contains(nodes []string, node string) bool {
	for _, each := range nodes {
		if each == node {
			return true
		}
	}
	return false
}

func useLifeCycle(it *chain) {
	contracts, err := contractlifecycle.NewService(it.client)
	checkError("life cycle service", err)
	address, _ := it.deploy(it.client)
	stranger := it.stranger()
	defer stranger.Close()
	strangers, err := contractlifecycle.NewService(stranger)
	checkError("a stranger's service", err)
	code, err := strangers.Freeze(address)
	checkCode("freeze by a stranger", -51905, code, err)
	code, err = contracts.Freeze(address)
	checkCode("freeze", 1, code, err)
	_, text, err := contracts.GetStatus(address)
	checkError("status", err)
	check("frozen status", strings.Contains(text, "frozen"))
	checkEqual("a frozen contract", contractFrozen, it.greet(it.client, address, "frozen").Status)
	code, err = contracts.Unfreeze(address)
	checkCode("unfreeze", 1, code, err)
	code, err = contracts.Unfreeze(address)
	checkCode("unfreeze it again", -51901, code, err)
	code, err = contracts.GrantManager(address, stranger.GetTransactOpts().From)
	checkCode("grant a manager", 1, code, err)
	_, managers, err := contracts.ListManager(address)
	checkError("managers", err)
	checkEqual("two managers", 2, len(managers))
}

func usePermissions(it *chain) {
	rights, err := permission.NewPermissionService(it.client)
	checkError("permission service", err)
	me := it.client.GetTransactOpts().From
	stranger := it.stranger()
	defer stranger.Close()
	strangersParameters, err := config.NewSystemConfigService(stranger)
	checkError("a stranger's service", err)

	code, err := rights.GrantSysConfigManager(me)
	checkCode("grant system config", 1, code, err)
	code, err = rights.GrantSysConfigManager(me)
	checkCode("grant it again", -51000, code, err)
	holders, err := rights.ListSysConfigManager()
	checkError("holders", err)
	checkEqual("the holder", []string{strings.ToLower(me.Hex())}, []string{holders[0].Address})
	code, err = strangersParameters.SetValueByKey("tx_count_limit", "1000")
	checkCode("a stranger is refused", -50000, code, err)
	code, err = rights.RevokeSysConfigManager(me)
	checkCode("revoke system config", 1, code, err)
	code, err = strangersParameters.SetValueByKey("tx_count_limit", "1000")
	checkCode("a stranger may", 1, code, err)

	address, _ := it.deploy(it.client)
	code, err = rights.GrantContractWritePermission(address, me)
	checkCode("grant writing to a contract", 1, code, err)
	writers, err := rights.ListContractWritePermission(address)
	checkError("writers", err)
	checkEqual("one writer", 1, len(writers))
	check("a stranger may not write", it.greet(stranger, address, "no").Status != types.Success)
	code, err = rights.RevokeContractWritePermission(address, me)
	checkCode("revoke writing", 1, code, err)
	checkEqual("a stranger may write", types.Success, it.greet(stranger, address, "yes").Status)
}

// useGovernance comes last: a committee cannot be undone.
func useGovernance(it *chain) {
	member, err := chaingovernance.NewService(it.client)
	checkError("governance service", err)
	me := it.client.GetTransactOpts().From
	code, err := member.GrantCommitteeMember(me)
	checkCode("the first member", 1, code, err)
	members, err := member.ListCommitteeMembers()
	checkError("members", err)
	checkEqual("one member", 1, len(members))
	weight, err := member.QueryCommitteeMemberWeight(me)
	checkError("weight", err)
	checkEqual("weight of one", uint64(1), weight)
	code, err = member.UpdateThreshold(66)
	checkCode("threshold", 1, code, err)
	threshold, err := member.QueryThreshold()
	checkError("threshold", err)
	checkEqual("threshold in percent", uint64(66), threshold)
	code, err = member.UpdateCommitteeMemberWeight(me, 2)
	checkCode("weight of two", 1, code, err)
	strangersVote(it)
	useOperators(it, member)
}

func strangersVote(it *chain) {
	stranger := it.stranger()
	defer stranger.Close()
	governance, err := chaingovernance.NewService(stranger)
	checkError("a stranger's service", err)
	code, err := governance.GrantCommitteeMember(stranger.GetTransactOpts().From)
	checkCode("a stranger has no vote", -52002, code, err)
}

func useOperators(it *chain, member *chaingovernance.Service) {
	operator := it.stranger()
	defer operator.Close()
	account := operator.GetTransactOpts().From
	code, err := member.GrantOperator(account)
	checkCode("grant an operator", 1, code, err)
	operators, err := member.ListOperators()
	checkError("operators", err)
	checkEqual("one operator", 1, len(operators))
	address, _ := it.deploy(operator)
	freezeAccount(it, member, operator, address)
	code, err = member.RevokeOperator(account)
	checkCode("revoke the operator", 1, code, err)
}

func freezeAccount(it *chain, member *chaingovernance.Service, account *client.Client, contract common.Address) {
	address := account.GetTransactOpts().From
	code, err := member.FreezeAccount(address)
	checkCode("freeze an account", 1, code, err)
	text, err := member.GetAccountStatus(address)
	checkError("account status", err)
	check("frozen account", strings.Contains(text, "frozen"))
	checkEqual("it sends nothing", accountFrozen, it.greet(account, contract, "frozen").Status)
	code, err = member.UnfreezeAccount(address)
	checkCode("unfreeze it", 1, code, err)
	checkEqual("it sends again", types.Success, it.greet(account, contract, "thawed").Status)
}
