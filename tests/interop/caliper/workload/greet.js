'use strict';

const { WorkloadModuleBase } = require('@hyperledger/caliper-core');

/** Changes the greeting, to another text each time. */
class Greet extends WorkloadModuleBase {
    constructor() {
        super();
        this.number = 0;
    }

    async submitTransaction() {
        const text = `Hello from Caliper ${this.workerIndex}-${this.number++}`;
        await this.sutAdapter.sendRequests({
            contractId: 'helloworld',
            args: { transaction_type: 'set(string)', text },
            readOnly: false
        });
    }
}

module.exports.createWorkloadModule = () => new Greet();
