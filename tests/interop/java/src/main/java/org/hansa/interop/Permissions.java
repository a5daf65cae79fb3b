package org.hansa.interop;

import java.util.List;
import java.util.Map;
import org.fisco.bcos.sdk.contract.precompiled.crud.TableCRUDService;
import org.fisco.bcos.sdk.contract.precompiled.crud.common.Entry;
import org.fisco.bcos.sdk.contract.precompiled.cns.CnsService;
import org.fisco.bcos.sdk.contract.precompiled.permission.PermissionInfo;
import org.fisco.bcos.sdk.contract.precompiled.permission.PermissionService;
import org.fisco.bcos.sdk.contract.precompiled.sysconfig.SystemConfigService;
import org.fisco.bcos.sdk.crypto.keypair.CryptoKeyPair;
import org.fisco.bcos.sdk.model.RetCode;
import org.fisco.bcos.sdk.transaction.model.exception.ContractException;

/** Rights on tables through PermissionService; all are revoked again (execution §4.1, §4.2). */
final class Permissions implements Theme {
    private static final int UNAUTHORISED = -50000;
    private static final int GRANTED_ALREADY = -51000;
    private static final int NOT_GRANTED = -51001;
    private static final String TABLE = "secrets_java";

    @Override
    public void run(Chain chain) throws Exception {
        PermissionService rights = new PermissionService(chain.client(), chain.account());
        CryptoKeyPair stranger = chain.stranger();
        userTable(chain, rights, stranger);
        contract(chain, rights, stranger);
        CnsService strangersNames = new CnsService(chain.client(), stranger);
        SystemConfigService strangersParameters = new SystemConfigService(chain.client(), stranger);
        systemTable(
                chain,
                new SystemRight(
                        "CNS",
                        rights::grantCNSManager,
                        rights::revokeCNSManager,
                        rights::listCNSManager,
                        () -> strangersNames.registerCNS("Forbidden", "1", chain.account().getAddress(), "[]")));
        systemTable(
                chain,
                new SystemRight(
                        "system config",
                        rights::grantSysConfigManager,
                        rights::revokeSysConfigManager,
                        rights::listSysConfigManager,
                        () -> strangersParameters.setValueByKey("tx_count_limit", "1000")));
        listed(chain, rights);
        chain.checks().code(
                "chain administrators belong to the committee",
                -51004,
                rights.grantPermissionManager(chain.account().getAddress()));
    }

    private static void userTable(Chain chain, PermissionService rights, CryptoKeyPair stranger) throws Exception {
        Checks checks = chain.checks();
        String me = chain.account().getAddress();
        TableCRUDService mine = new TableCRUDService(chain.client(), chain.account());
        TableCRUDService strangers = new TableCRUDService(chain.client(), stranger);
        Entry entry = new Entry(Map.of("value", "1"));
        checks.code("create table", 0, mine.createTable(TABLE, "name", List.of("value")));
        checks.code("anyone may write", 1, strangers.insert(TABLE, "a", entry));
        checks.code("grant the table", 1, rights.grantPermission(TABLE, me));
        checks.code("grant it again", GRANTED_ALREADY, rights.grantPermission(TABLE, me));
        List<PermissionInfo> holders = rights.queryPermissionByTableName(TABLE);
        checks.equalSoon("holders", List.of(me), () -> holders.stream().map(PermissionInfo::getAddress).toList());
        checks.equal("table", "u_" + TABLE, holders.get(0).getTableName());
        checks.code("a stranger may not write", UNAUTHORISED, strangers.insert(TABLE, "b", entry));
        checks.code("the holder may", 1, mine.insert(TABLE, "b", entry));
        checks.code("revoke the table", 1, rights.revokePermission(TABLE, me));
        checks.code("revoke it again", NOT_GRANTED, rights.revokePermission(TABLE, me));
        checks.code("anyone may write again", 1, strangers.insert(TABLE, "c", entry));
    }

    private static void contract(Chain chain, PermissionService rights, CryptoKeyPair stranger) throws Exception {
        Checks checks = chain.checks();
        String me = chain.account().getAddress();
        String contract = chain.deploy(chain.account()).getContractAddress();
        checks.code("grant writing to a contract", 1, rights.grantWrite(contract, me));
        checks.equalSoon("writers", 1, () -> rights.queryPermission(contract).size());
        checks.check(
                "a stranger may not write the contract",
                !chain.set(stranger, contract, "no").getTransactionReceipt().isStatusOK());
        checks.check("the writer may", chain.set(chain.account(), contract, "yes").getTransactionReceipt().isStatusOK());
        checks.code("revoke writing", 1, rights.revokeWrite(contract, me));
        checks.check("a stranger may again", chain.set(stranger, contract, "yes").getTransactionReceipt().isStatusOK());
    }

    private static void systemTable(Chain chain, SystemRight right) throws Exception {
        Checks checks = chain.checks();
        String me = chain.account().getAddress();
        checks.code("grant " + right.name, 1, right.grant.apply(me));
        checks.equalSoon(
                "holders of " + right.name,
                List.of(me),
                () -> right.list.read().stream().map(PermissionInfo::getAddress).toList());
        checks.code("a stranger is refused " + right.name, UNAUTHORISED, right.attempt.send());
        checks.code("revoke " + right.name, 1, right.revoke.apply(me));
        checks.code("a stranger may " + right.name, 1, right.attempt.send());
    }

    /** The other rights: granted, listed and revoked. */
    private static void listed(Chain chain, PermissionService rights) throws Exception {
        Checks checks = chain.checks();
        String me = chain.account().getAddress();
        checks.code("grant deploy and create", 1, rights.grantDeployAndCreateManager(me));
        checks.equalSoon("deployers", 1, () -> rights.listDeployAndCreateManager().size());
        checks.check("a stranger may not deploy", !chain.deploy(chain.stranger()).getTransactionReceipt().isStatusOK());
        checks.code("revoke deploy and create", 1, rights.revokeDeployAndCreateManager(me));
        checks.check("a stranger may deploy", chain.deploy(chain.stranger()).getTransactionReceipt().isStatusOK());
        checks.code("grant nodes", 1, rights.grantNodeManager(me));
        checks.equalSoon("node managers", 1, () -> rights.listNodeManager().size());
        checks.code("revoke nodes", 1, rights.revokeNodeManager(me));
        checks.equal("no chain administrator", 0, rights.listPermissionManager().size());
    }

    /** A right on a system table, and what a stranger tries with it. */
    private record SystemRight(String name, Change grant, Change revoke, Listing list, Attempt attempt) {}

    private interface Change {
        RetCode apply(String address) throws ContractException;
    }

    private interface Listing {
        List<PermissionInfo> read() throws ContractException;
    }

    private interface Attempt {
        RetCode send() throws ContractException;
    }
}
