package org.hansa.interop;

import java.util.List;
import org.fisco.bcos.sdk.contract.precompiled.cns.CnsInfo;
import org.fisco.bcos.sdk.contract.precompiled.cns.CnsService;

/** Names of contracts through CnsService (execution §5). */
final class Cns implements Theme {
    private static final String NAME = "GreetingJava";

    @Override
    public void run(Chain chain) throws Exception {
        Checks checks = chain.checks();
        CnsService names = new CnsService(chain.client(), chain.account());
        String first = chain.deploy(chain.account()).getContractAddress();
        String second = chain.deploy(chain.account()).getContractAddress();
        checks.code("register", 1, names.registerCNS(NAME, "1.0", first, chain.abi()));
        checks.code("register it again", -51200, names.registerCNS(NAME, "1.0", first, chain.abi()));
        checks.code("register a second version", 1, names.registerCNS(NAME, "2.0", second, chain.abi()));
        checks.code("version too long", -51201, names.registerCNS(NAME, "3".repeat(129), first, chain.abi()));
        checks.code("bad address", -50102, names.registerCNS(NAME, "4.0", "0xnonsense", chain.abi()));

        List<CnsInfo> versions = names.selectByName(NAME);
        checks.equalSoon("versions", List.of("1.0", "2.0"), () -> versions.stream().map(CnsInfo::getVersion).toList());
        checks.equal("ABI", chain.abi(), versions.get(0).getAbi());
        List<CnsInfo> one = names.selectByNameAndVersion(NAME, "2.0");
        checks.equal("address of a version", second, one.get(0).getAddress());
        checks.equalSoon("resolve", second, () -> names.getContractAddress(NAME, "2.0"));
        checks.equal("unknown name", 0, names.selectByName("NobodyJava").size());
        checks.refused("resolve an unknown version", () -> names.getContractAddress(NAME, "9.9"));
    }
}
