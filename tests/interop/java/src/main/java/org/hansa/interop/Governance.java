package org.hansa.interop;

import java.math.BigInteger;
import java.util.List;
import org.fisco.bcos.sdk.contract.precompiled.permission.ChainGovernanceService;
import org.fisco.bcos.sdk.contract.precompiled.sysconfig.SystemConfigService;
import org.fisco.bcos.sdk.crypto.keypair.CryptoKeyPair;

/** Committee, votes, operators and frozen accounts, through ChainGovernanceService (execution §4.3). */
final class Governance implements Theme {
    private static final int PENDING = 0;
    private static final int DENIED = -52002;

    @Override
    public void run(Chain chain) throws Exception {
        Checks checks = chain.checks();
        CryptoKeyPair second = chain.stranger();
        ChainGovernanceService member = new ChainGovernanceService(chain.client(), chain.account());
        ChainGovernanceService secondMember = new ChainGovernanceService(chain.client(), second);
        committee(chain, member, secondMember, second);
        operators(chain, member);
        accounts(chain, member);
        checks.code("two thirds of the weight are enough", 1, member.revokeCommitteeMember(second.getAddress()));
        checks.code("who is out has no vote", DENIED, secondMember.revokeCommitteeMember(chain.account().getAddress()));
        checks.equalSoon("one member is left", 1, () -> member.listCommitteeMembers().size());
    }

    private static void committee(
            Chain chain, ChainGovernanceService member, ChainGovernanceService secondMember, CryptoKeyPair second)
            throws Exception {
        Checks checks = chain.checks();
        String me = chain.account().getAddress();
        checks.equal("no committee", 0, member.listCommitteeMembers().size());
        checks.code("the first member", 1, member.grantCommitteeMember(me));
        checks.equalSoon("one member", 1, () -> member.listCommitteeMembers().size());
        checks.equal("threshold in percent", BigInteger.valueOf(50), member.queryThreshold());
        checks.equal("weight", BigInteger.ONE, member.queryCommitteeMemberWeight(me));
        checks.code("a stranger has no vote", DENIED, secondMember.grantCommitteeMember(second.getAddress()));
        checks.code("the second member", 1, member.grantCommitteeMember(second.getAddress()));
        checks.code("member already", -52000, member.grantCommitteeMember(second.getAddress()));

        SystemConfigService mine = new SystemConfigService(chain.client(), chain.account());
        SystemConfigService strangers = new SystemConfigService(chain.client(), chain.stranger());
        checks.code("members set parameters", 1, mine.setValueByKey("tx_count_limit", "1000"));
        checks.code("strangers do not", -50000, strangers.setValueByKey("tx_count_limit", "1000"));

        checks.code("half is not more than half", PENDING, member.updateThreshold(BigInteger.valueOf(66)));
        checks.soon("the vote is listed", () -> member.queryVotesOfThreshold().contains(me));
        checks.code("all are", 1, secondMember.updateThreshold(BigInteger.valueOf(66)));
        checks.equalSoon("new threshold", BigInteger.valueOf(66), () -> member.queryThreshold());
        checks.code("threshold out of range", -52003, member.updateThreshold(BigInteger.valueOf(100)));
        checks.code("weight: the first vote", PENDING, member.updateCommitteeMemberWeight(me, BigInteger.TWO));
        checks.soon("the vote on a member is listed", () -> member.queryVotesOfMember(me).contains("update_weight"));
        checks.code("weight: the second vote", 1, secondMember.updateCommitteeMemberWeight(me, BigInteger.TWO));
        checks.equalSoon("new weight", BigInteger.TWO, () -> member.queryCommitteeMemberWeight(me));
    }

    private static void operators(Chain chain, ChainGovernanceService member) throws Exception {
        Checks checks = chain.checks();
        CryptoKeyPair operator = chain.stranger();
        checks.code("grant an operator", 1, member.grantOperator(operator.getAddress()));
        checks.code("operator already", -52006, member.grantOperator(operator.getAddress()));
        checks.code("a member cannot be one", -52005, member.grantOperator(chain.account().getAddress()));
        checks.equalSoon("operators", 1, () -> member.listOperators().size());
        checks.check("an operator deploys", chain.deploy(operator).getTransactionReceipt().isStatusOK());
        checks.check("others do not", !chain.deploy(chain.stranger()).getTransactionReceipt().isStatusOK());
        checks.code("revoke the operator", 1, member.revokeOperator(operator.getAddress()));
        checks.equalSoon("no operators", List.of(), () -> member.listOperators());
    }

    private static void accounts(Chain chain, ChainGovernanceService member) throws Exception {
        Checks checks = chain.checks();
        CryptoKeyPair deployer = chain.stranger();
        String contract = chain.deploy(deployer).getContractAddress();
        String account = deployer.getAddress();
        checks.soon("account status", () -> member.getAccountStatus(account).contains("available"));
        checks.code("a contract is no account", -52009, member.freezeAccount(contract));
        checks.code("freeze an account", 1, member.freezeAccount(account));
        checks.code("frozen already", -52011, member.freezeAccount(account));
        checks.soon("frozen status", () -> member.getAccountStatus(account).contains("frozen"));
        checks.check(
                "a frozen account sends nothing",
                !chain.set(deployer, contract, "frozen").getTransactionReceipt().isStatusOK());
        checks.code("unfreeze it", 1, member.unfreezeAccount(account));
        checks.code("available already", -52010, member.unfreezeAccount(account));
        checks.check("it sends again", chain.set(deployer, contract, "thawed").getTransactionReceipt().isStatusOK());
    }
}
