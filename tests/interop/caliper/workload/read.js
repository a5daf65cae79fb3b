'use strict';

const { WorkloadModuleBase } = require('@hyperledger/caliper-core');

/** Asks for the greeting. */
class Read extends WorkloadModuleBase {
    async submitTransaction() {
        await this.sutAdapter.sendRequests({
            contractId: 'helloworld',
            args: { transaction_type: 'get()' },
            readOnly: true
        });
    }
}

module.exports.createWorkloadModule = () => new Read();
