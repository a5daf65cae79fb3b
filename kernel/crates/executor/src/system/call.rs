//! One call of a system contract.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_evm::{Address, Message};
use hansa_state::{Access, StateError, Table, Written};

use super::gas::Meter;
use super::{codes, Object, Registry};
use crate::text::hex;
use crate::world::World;
use crate::ExecutionError;

/// Why a system contract gave no answer.
#[derive(Debug)]
pub(crate) enum Exception {
    /// The transaction, or the nested call, fails with this text (§2.0).
    Thrown(Vec<u8>),
    /// The world does not work.
    Fatal(ExecutionError),
}

impl Exception {
    /// What is said of a failure that has no words of its own.
    pub(crate) const UNSPECIFIED: &str = "PrecompiledError";

    pub(crate) fn thrown(text: impl Into<Vec<u8>>) -> Self {
        Self::Thrown(text.into())
    }

    /// What the sheet calls "any other": a field that does not exist, text that is no number.
    pub(crate) fn unspecified() -> Self {
        Self::thrown(Self::UNSPECIFIED)
    }
}

impl From<StateError> for Exception {
    fn from(error: StateError) -> Self {
        Self::Fatal(error.into())
    }
}

impl From<ExecutionError> for Exception {
    fn from(error: ExecutionError) -> Self {
        Self::Fatal(error)
    }
}

/// Output bytes, or why there are none.
pub(crate) type Answer = Result<Vec<u8>, Exception>;

/// What is at an address.
pub(crate) enum Contract<'a> {
    /// One that is always there.
    BuiltIn(&'a dyn BuiltIn),
    /// One that a call of this transaction made.
    Object(Rc<Object>),
}

impl Contract<'_> {
    pub(crate) fn answer(&self, call: &mut Call<'_, '_>, input: &[u8]) -> Answer {
        match self {
            Self::BuiltIn(contract) => contract.answer(call, input),
            Self::Object(object) => {
                let registry: &Registry = &call.world.block.rules.registry;
                object.answer(registry, call, input)
            }
        }
    }
}

/// A system contract with a fixed address.
pub(crate) trait BuiltIn: Send + Sync {
    /// The height from which on it is there; before, the address is empty.
    fn first_block(&self) -> u64 {
        0
    }

    fn answer(&self, call: &mut Call<'_, '_>, input: &[u8]) -> Answer;

    /// What a transaction with this input works on, if the contract can tell: then it may run beside others (§6.2).
    fn criticals(&self, _input: &[u8]) -> Option<Vec<Bytes>> {
        None
    }
}

impl BuiltIn for super::Interface<()> {
    fn answer(&self, call: &mut Call<'_, '_>, input: &[u8]) -> Answer {
        super::Interface::answer(self, call, &(), input)
    }

    fn criticals(&self, input: &[u8]) -> Option<Vec<Bytes>> {
        super::Interface::criticals(self, input)
    }
}

/// What a method works with.
pub(crate) struct Call<'w, 'a> {
    pub(crate) world: &'w mut World<'a>,
    pub(crate) gas: Meter,
    /// The direct caller. Rights are the origin's, see [`World::origin`].
    sender: Address,
    address: Address,
    is_static: bool,
    gas_available: u64,
}

impl<'w, 'a> Call<'w, 'a> {
    pub(crate) fn new(world: &'w mut World<'a>, message: &Message) -> Self {
        let gas = Meter::new(world.block.rules.machine.schedule().code_is_free);
        Self {
            world,
            gas,
            sender: message.sender,
            address: message.code_address,
            is_static: message.is_static,
            gas_available: message.gas,
        }
    }

    /// What the chain hashes and signs with.
    pub(crate) fn suite(&self) -> Suite {
        self.world.block.rules.suite
    }

    /// The direct caller.
    pub(crate) fn sender(&self) -> &Address {
        &self.sender
    }

    /// The contract that is called.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Came the call by STATICCALL? Nothing is enforced (§2.0).
    pub(crate) fn is_static(&self) -> bool {
        self.is_static
    }

    /// What the call may cost.
    pub(crate) fn gas_available(&self) -> u64 {
        self.gas_available
    }

    /// What is left of the gas after an answer.
    pub(crate) fn pay(&self, output: &[u8]) -> Result<u64, Exception> {
        let cost = self.gas.total(output.len());
        let available = self.gas_available;
        available.checked_sub(cost).ok_or_else(|| {
            Exception::thrown(format!(
                "OutOfGas when executing precompiled Contract, gasUsed: {cost}, leftGas:{available}"
            ))
        })
    }

    /// Hand out a temporary address (§2.0).
    pub(crate) fn register(&mut self, object: Object) -> Address {
        self.world.register(object)
    }

    /// The object at a temporary address.
    pub(crate) fn object(&self, address: &Address) -> Result<Rc<Object>, Exception> {
        self.world.object(address).ok_or_else(|| Exception::thrown("not an object of this transaction"))
    }

    /// Tables that a contract makes or changes are changed on its behalf: the origin must be allowed to write the state
    /// of the contract that calls (§2.2).
    pub(crate) fn require_writable_caller(&mut self) -> Result<(), Exception> {
        let sender = self.sender;
        let Some(account) = self.world.account(&sender)? else { return Ok(()) };
        if account.is_writable(self.world.origin_text()) {
            return Ok(());
        }
        let (origin, sender) = (hex(self.world.origin()), hex(&sender));
        Err(Exception::thrown(format!("Permission denied. {origin} can't call contract {sender}")))
    }

    /// The table of that name, if there is one.
    pub(crate) fn open(&self, name: &[u8]) -> Result<Option<Arc<Table>>, Exception> {
        let Ok(name) = std::str::from_utf8(name) else { return Ok(None) };
        Ok(self.world.session.open(name)?)
    }

    /// The number of the block that runs, as rows hold it.
    pub(crate) fn current_number(&self) -> Bytes {
        self.world.block.current_number.to_string().into()
    }

    /// A table that every chain has.
    pub(crate) fn system_table(&self, name: &str) -> Result<Arc<Table>, Exception> {
        Ok(self.world.session.open_built_in(name)?)
    }

    /// Write with the rights of the origin.
    pub(crate) fn as_origin<T>(
        &mut self,
        write: impl FnOnce(&mut hansa_state::Session<'a>, Access<'_>) -> Result<T, StateError>,
    ) -> Result<T, Exception> {
        let World { session, origin_text, .. } = &mut *self.world;
        Ok(write(session, Access::Origin(origin_text))?)
    }
}

/// The code of a write: how many rows, or that the origin may not.
pub(crate) fn written_code(written: Written) -> i64 {
    match written {
        Written::Rows(count) => count as i64,
        Written::Denied => codes::NO_AUTHORIZED,
    }
}

/// All fields that are to be written must be the table's; the hidden ones are let through and ignored.
pub(crate) fn require_fields<'f>(
    table: &Table,
    fields: impl IntoIterator<Item = &'f Bytes>,
) -> Result<(), Exception> {
    const HIDDEN: [&[u8]; 3] = [b"_id_", b"_num_", b"_status_"];
    let known = |field: &Bytes| table.schema().column(field).is_some() || HIDDEN.contains(&field.as_ref());
    match fields.into_iter().all(known) {
        true => Ok(()),
        false => Err(Exception::unspecified()),
    }
}
