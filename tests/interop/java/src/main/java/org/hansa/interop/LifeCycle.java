package org.hansa.interop;

import java.util.List;
import org.fisco.bcos.sdk.contract.precompiled.contractmgr.ContractLifeCycleService;
import org.fisco.bcos.sdk.crypto.keypair.CryptoKeyPair;

/** Contracts frozen and unfrozen by their managers, through ContractLifeCycleService (execution §4.4). */
final class LifeCycle implements Theme {
    private static final String FROZEN_STATUS = "0x1e";

    @Override
    public void run(Chain chain) throws Exception {
        Checks checks = chain.checks();
        CryptoKeyPair stranger = chain.stranger();
        String contract = chain.deploy(chain.account()).getContractAddress();
        ContractLifeCycleService deployer = new ContractLifeCycleService(chain.client(), chain.account());
        ContractLifeCycleService other = new ContractLifeCycleService(chain.client(), stranger);
        String available = deployer.getContractStatus(contract);
        checks.check("status: " + available, available.contains("available"));
        checks.equalSoon("the deployer manages", List.of(chain.account().getAddress()), () -> deployer.listManager(contract));

        checks.code("freeze by a stranger", -51905, other.freeze(contract));
        checks.code("unfreeze what is not frozen", -51901, deployer.unfreeze(contract));
        checks.code("freeze", 1, deployer.freeze(contract));
        checks.code("freeze it again", -51900, deployer.freeze(contract));
        checks.equal(
                "a frozen contract",
                FROZEN_STATUS,
                chain.set(chain.account(), contract, "frozen").getTransactionReceipt().getStatus());
        checks.code("unfreeze", 1, deployer.unfreeze(contract));
        checks.check("it answers again", chain.set(stranger, contract, "thawed").getTransactionReceipt().isStatusOK());

        checks.code("grant a manager", 1, deployer.grantManager(contract, stranger.getAddress()));
        checks.code("grant it again", -51902, deployer.grantManager(contract, stranger.getAddress()));
        checks.equalSoon("two managers", 2, () -> deployer.listManager(contract).size());
        checks.code("the new manager freezes", 1, other.freeze(contract));
        checks.code("and unfreezes", 1, other.unfreeze(contract));
        checks.code("revoke the manager", 1, deployer.revokeManager(contract, stranger.getAddress()));
        checks.code("the last manager stays", -51907, deployer.revokeManager(contract, chain.account().getAddress()));
        checks.code("no contract", -51904, deployer.freeze(chain.stranger().getAddress()));
    }
}
