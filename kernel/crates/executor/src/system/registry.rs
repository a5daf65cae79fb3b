//! Which system contract is where (execution §2.0).

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use hansa_crypto::Suite;
use hansa_evm::Address;
use hansa_state::{Condition, Table};

use super::call::BuiltIn;
use super::object::Fields;
use super::Interface;
use super::{
    condition, crud, crypto, dag_transfer, entry, gas_charge, kv_table, life_cycle, parallel_config,
    system_config, table, table_factory,
};

/// The system contracts of the kernel and those put beside them, and the interfaces of temporary objects.
pub(crate) struct Registry {
    contracts: HashMap<Address, Box<dyn BuiltIn>>,
    pub(super) table: Interface<Arc<Table>>,
    pub(super) kv_table: Interface<Arc<Table>>,
    pub(super) entry: Interface<RefCell<Fields>>,
    pub(super) entries: Interface<Vec<Fields>>,
    pub(super) condition: Interface<RefCell<Condition>>,
}

impl Registry {
    /// `suite` is what selectors are hashed with.
    pub(crate) fn new(suite: Suite) -> Self {
        let contracts: [(u16, Box<dyn BuiltIn>); 12] = [
            (0x1000, Box::new(system_config::system_config(suite))),
            (0x1001, Box::new(table_factory::table_factory(suite))),
            (0x1002, Box::new(crud::crud(suite))),
            (0x1006, Box::new(parallel_config::parallel_config(suite))),
            (0x1007, Box::new(life_cycle::life_cycle(suite))),
            (0x1009, Box::new(gas_charge::gas_charge(suite))),
            (0x1010, Box::new(table_factory::kv_table_factory(suite))),
            (0x5002, Box::new(dag_transfer::dag_transfer(suite))),
            (0x5003, Box::new(crypto::paillier(suite))),
            (0x5004, Box::new(crypto::group_signature(suite))),
            (0x5005, Box::new(crypto::ring_signature(suite))),
            (0x5006, Box::new(crypto::crypto(suite))),
        ];
        Self {
            contracts: contracts.into_iter().map(|(number, contract)| (address(number), contract)).collect(),
            table: table::interface(suite),
            kv_table: kv_table::interface(suite),
            entry: entry::entry(suite),
            entries: entry::entries(suite),
            condition: condition::interface(suite),
        }
    }

    /// Put a contract at an address, in place of what is there.
    pub(crate) fn install(&mut self, address: Address, contract: Box<dyn BuiltIn>) {
        self.contracts.insert(address, contract);
    }

    /// The system contract at an address.
    pub(crate) fn get(&self, address: &Address) -> Option<&dyn BuiltIn> {
        self.contracts.get(address).map(AsRef::as_ref)
    }
}

const fn address(number: u16) -> Address {
    let mut address = [0; 20];
    [address[18], address[19]] = number.to_be_bytes();
    address
}

/// Calls of the committee are free (§1.15).
pub(crate) const GOVERNANCE: Address = address(0x1008);
