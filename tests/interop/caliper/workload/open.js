'use strict';

const { WorkloadModuleBase } = require('@hyperledger/caliper-core');

/** Opens an account in the DagTransfer contract, another one each time. */
class Open extends WorkloadModuleBase {
    constructor() {
        super();
        this.number = 0;
    }

    async submitTransaction() {
        await this.sutAdapter.sendRequests({
            contractId: 'dagtransfer',
            args: {
                transaction_type: 'userAdd(string,uint256)',
                user: `caliper-${this.workerIndex}-${this.number++}`,
                balance: '1000'
            },
            readOnly: false
        });
    }
}

module.exports.createWorkloadModule = () => new Open();
