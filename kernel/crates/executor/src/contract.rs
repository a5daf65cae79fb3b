//! Contracts that come from outside of the kernel (execution §2.0): what they must answer, and what they may ask.
//!
//! A [`Contract`] is put at an address with [`crate::Executor::install`]. It is called like any system contract, from
//! transactions, from Solidity and from read-only calls, and reaches the transaction's state through a
//! [`ContractCall`]: what it changes is taken back with the transaction, or with the frame that called it.

use std::sync::Arc;

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_evm::{Address, Hash};
use hansa_state::{Access, Condition, Created, Selected, StateError, Table, Written};

pub use crate::system::Operation;
use crate::system::{Answer, BuiltIn, Call, Exception};

/// Answers calls of one address. It runs inside blocks: equal calls on equal states have equal answers on every node.
pub trait Contract: Send + Sync {
    /// The output for an input, selector included.
    fn answer(&self, call: &mut dyn ContractCall, input: &[u8]) -> Result<Vec<u8>, ContractFailure>;
}

/// Why a contract gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContractFailure {
    /// The transaction, or the nested call, fails with status 21 and this text.
    Failed(Vec<u8>),
    /// The state cannot be read: the block ends, not the transaction.
    State(StateError),
}

impl ContractFailure {
    /// What the sheet calls "any other" exception: the contract did what it cannot do.
    #[must_use]
    pub fn unspecified() -> Self {
        Self::Failed(Exception::UNSPECIFIED.into())
    }
}

impl From<StateError> for ContractFailure {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

/// On whose behalf a contract writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// The sender of the transaction: tables may refuse it (§4.1).
    Origin,
    /// The contract's own.
    System,
}

/// What stays the same during a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallFacts {
    /// Who signed the transaction; rights are the origin's, whoever calls.
    pub origin: Address,
    /// The direct caller.
    pub sender: Address,
    /// The contract that is called.
    pub address: Address,
    /// The number of the block that runs; one above the committed head in a read-only call.
    pub number: u64,
    /// Its timestamp in milliseconds; the committed head's in a read-only call.
    pub timestamp: u64,
    /// Came the call by STATICCALL? Nothing is enforced (§2.0).
    pub is_static: bool,
    /// What the chain hashes and signs with.
    pub suite: Suite,
    /// What the call may cost.
    pub gas: u64,
}

/// What a contract may ask of the transaction it runs in.
pub trait ContractCall {
    /// What stays the same during the call.
    fn facts(&self) -> CallFacts;

    /// The table of that name, if there is one.
    fn open(&self, name: &str) -> Result<Option<Arc<Table>>, StateError>;

    /// Create a table. Names are taken as they are; `value_fields` are joined by commas.
    fn create(
        &mut self,
        name: &str,
        key_field: &str,
        value_fields: &str,
        rights: Rights,
    ) -> Result<Created, StateError>;

    /// Rows of a key that match, in the order every node sees.
    fn select(&self, table: &Table, key: &[u8], condition: &Condition) -> Result<Vec<Selected>, StateError>;

    /// A field of the first row of a key, as it was before this block.
    fn committed_field(&self, table: &Table, key: &[u8], field: &str) -> Result<Option<Bytes>, StateError>;

    /// Add a row. Fields the table does not have are left out; the key field is set to the key.
    fn insert(
        &mut self,
        table: &Arc<Table>,
        key: &[u8],
        fields: &[(String, Bytes)],
        rights: Rights,
    ) -> Result<Written, StateError>;

    /// Set fields of the rows that match; the key field is never changed.
    fn update(
        &mut self,
        table: &Arc<Table>,
        key: &[u8],
        fields: &[(String, Bytes)],
        condition: &Condition,
        rights: Rights,
    ) -> Result<Written, StateError>;

    /// Remove the rows that match.
    fn remove(
        &mut self,
        table: &Arc<Table>,
        key: &[u8],
        condition: &Condition,
        rights: Rights,
    ) -> Result<Written, StateError>;

    /// Add a log entry of this contract.
    fn log(&mut self, topics: Vec<Hash>, data: Vec<u8>);

    /// Add to the cost of the call, by the prices of §2.0.
    fn charge(&mut self, operation: Operation, times: usize);

    /// Add gas to the cost of the call.
    fn charge_gas(&mut self, gas: u64);

    /// The call uses at least this much memory.
    fn raise_memory(&mut self, bytes: usize);

    /// What the call costs so far, without its result.
    fn cost(&self) -> u64;

    /// The hash of a committed block; zeros if it is not known.
    fn block_hash(&self, number: u64) -> Result<Hash, StateError>;
}

impl ContractCall for Call<'_, '_> {
    fn facts(&self) -> CallFacts {
        let block = self.world.block;
        CallFacts {
            origin: *self.world.origin(),
            sender: *self.sender(),
            address: *self.address(),
            number: block.current_number,
            timestamp: block.context.timestamp,
            is_static: self.is_static(),
            suite: self.suite(),
            gas: self.gas_available(),
        }
    }

    fn open(&self, name: &str) -> Result<Option<Arc<Table>>, StateError> {
        self.world.session.open(name)
    }

    fn create(
        &mut self,
        name: &str,
        key_field: &str,
        value_fields: &str,
        rights: Rights,
    ) -> Result<Created, StateError> {
        let (session, access) = self.writer(rights);
        session.create(name, key_field, value_fields, access)
    }

    fn select(&self, table: &Table, key: &[u8], condition: &Condition) -> Result<Vec<Selected>, StateError> {
        self.world.session.select(table, key, condition)
    }

    fn committed_field(&self, table: &Table, key: &[u8], field: &str) -> Result<Option<Bytes>, StateError> {
        self.world.session.committed_field(table, key, field)
    }

    fn insert(
        &mut self,
        table: &Arc<Table>,
        key: &[u8],
        fields: &[(String, Bytes)],
        rights: Rights,
    ) -> Result<Written, StateError> {
        let (session, access) = self.writer(rights);
        session.insert(table, key, named(fields), access)
    }

    fn update(
        &mut self,
        table: &Arc<Table>,
        key: &[u8],
        fields: &[(String, Bytes)],
        condition: &Condition,
        rights: Rights,
    ) -> Result<Written, StateError> {
        let (session, access) = self.writer(rights);
        session.update(table, key, named(fields), condition, access)
    }

    fn remove(
        &mut self,
        table: &Arc<Table>,
        key: &[u8],
        condition: &Condition,
        rights: Rights,
    ) -> Result<Written, StateError> {
        let (session, access) = self.writer(rights);
        session.remove(table, key, condition, access)
    }

    fn log(&mut self, topics: Vec<Hash>, data: Vec<u8>) {
        let address = *self.address();
        self.world.logs.push(hansa_codec::LogEntry { address, topics, data });
    }

    fn charge(&mut self, operation: Operation, times: usize) {
        self.gas.charge(operation, times);
    }

    fn charge_gas(&mut self, gas: u64) {
        self.gas.add(gas);
    }

    fn raise_memory(&mut self, bytes: usize) {
        self.gas.raise_memory(bytes);
    }

    fn cost(&self) -> u64 {
        self.gas.total(0)
    }

    fn block_hash(&self, number: u64) -> Result<Hash, StateError> {
        Ok(self.world.block.rules.hashes.hash_of(number)?.unwrap_or_default())
    }
}

impl<'a> Call<'_, 'a> {
    fn writer(&mut self, rights: Rights) -> (&mut hansa_state::Session<'a>, Access<'_>) {
        let crate::world::World { session, origin_text, .. } = &mut *self.world;
        let access = match rights {
            Rights::Origin => Access::Origin(origin_text),
            Rights::System => Access::System,
        };
        (session, access)
    }
}

fn named(fields: &[(String, Bytes)]) -> impl Iterator<Item = (&str, Bytes)> {
    fields.iter().map(|(field, value)| (field.as_str(), value.clone()))
}

/// A contract from outside, as the registry holds it.
pub(crate) struct Installed {
    pub(crate) first_block: u64,
    pub(crate) contract: Box<dyn Contract>,
}

impl BuiltIn for Installed {
    fn first_block(&self) -> u64 {
        self.first_block
    }

    fn answer(&self, call: &mut Call<'_, '_>, input: &[u8]) -> Answer {
        self.contract.answer(call, input).map_err(|failure| match failure {
            ContractFailure::Failed(text) => Exception::Thrown(text),
            ContractFailure::State(error) => error.into(),
        })
    }
}
