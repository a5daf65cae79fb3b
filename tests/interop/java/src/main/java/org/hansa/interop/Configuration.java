package org.hansa.interop;

import org.fisco.bcos.sdk.contract.precompiled.sysconfig.SystemConfigService;

/** System parameters through SystemConfigService; those that matter here are put back (execution §2.1). */
final class Configuration implements Theme {
    private static final int INVALID = -51300;
    private static final String[][] CHANGES = {
        {"tx_count_limit", "999"},
        {"tx_count_limit", "1000"},
        {"tx_gas_limit", "400000000"},
        {"tx_gas_limit", "300000000"},
        {"consensus_timeout", "5"},
        {"consensus_timeout", "3"},
        {"rpbft_epoch_sealer_num", "3"},
        {"rpbft_epoch_block_num", "500"},
    };

    @Override
    public void run(Chain chain) throws Exception {
        Checks checks = chain.checks();
        SystemConfigService parameters = new SystemConfigService(chain.client(), chain.account());
        for (String[] change : CHANGES) {
            change(chain, parameters, change[0], change[1]);
        }
        checks.code("a limit of zero", INVALID, parameters.setValueByKey("tx_count_limit", "0"));
        checks.code("too little gas", INVALID, parameters.setValueByKey("tx_gas_limit", "99999"));
        checks.code("timeout out of range", INVALID, parameters.setValueByKey("consensus_timeout", "2"));
        checks.code("not a number", INVALID, parameters.setValueByKey("tx_count_limit", "many"));
        checks.code("unknown key", INVALID, parameters.setValueByKey("no_such_key", "1"));
    }

    private static void change(Chain chain, SystemConfigService parameters, String key, String value) throws Exception {
        chain.checks().code("set " + key, 1, parameters.setValueByKey(key, value));
        chain.checks().soon(
                key + " is " + value,
                () -> chain.client().getSystemConfigByKey(key).getSystemConfig().equals(value));
    }
}
