package org.hansa.interop;

import java.math.BigInteger;
import java.util.List;
import org.fisco.bcos.sdk.contract.precompiled.gaschargemgr.GasChargeManageService;
import org.fisco.bcos.sdk.crypto.keypair.CryptoKeyPair;

/** Gas bought in advance, through GasChargeManageService; the account is a committee member by now (execution §2.13). */
final class GasCharging implements Theme {
    @Override
    public void run(Chain chain) throws Exception {
        Checks checks = chain.checks();
        CryptoKeyPair charger = chain.stranger();
        String user = chain.stranger().getAddress();
        GasChargeManageService member = new GasChargeManageService(chain.client(), chain.account());
        GasChargeManageService seller = new GasChargeManageService(chain.client(), charger);
        checks.equal("no chargers", List.of(), member.listChargers());
        checks.code("only members appoint", -53004, seller.grantCharger(charger.getAddress()));
        checks.equal("only chargers charge", -53000, seller.charge(user, BigInteger.TEN).getReturnCode());
        checks.code("appoint a charger", 0, member.grantCharger(charger.getAddress()));
        checks.equalSoon("chargers", List.of(charger.getAddress()), () -> member.listChargers());
        checks.equal("charge", 0, seller.charge(user, BigInteger.valueOf(1000)).getReturnCode());
        checks.equalSoon("charged", BigInteger.valueOf(1000), () -> seller.queryRemainGas(user));
        checks.equal("deduct too much", -53003, seller.deduct(user, BigInteger.valueOf(1001)).getReturnCode());
        checks.equal("deduct", 0, seller.deduct(user, BigInteger.valueOf(400)).getReturnCode());
        checks.equalSoon("rest", BigInteger.valueOf(600), () -> seller.queryRemainGas(user));
        checks.code("dismiss the charger", 0, member.revokeCharger(charger.getAddress()));
        checks.equalSoon("no chargers again", List.of(), () -> member.listChargers());
    }
}
