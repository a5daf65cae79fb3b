//! Accounts as rows of their tables `c_<address>` (execution §1.9, data model §8.2).

use std::collections::hash_map::{Entry, HashMap};
use std::sync::Arc;

use ahash::RandomState;
use bytes::Bytes;
use hansa_evm::{Address, Hash, U256};
use hansa_state::{Access, Condition, Created, Session, StateError, Table};

use crate::text::{decimal, hex, number};

const KEY: &str = "key";
const VALUE: &str = "value";

/// Row keys of an account table.
mod rows {
    pub(super) const ALIVE: &[u8] = b"alive";
    pub(super) const AUTHORITY: &[u8] = b"authority";
    pub(super) const BALANCE: &[u8] = b"balance";
    pub(super) const CODE: &[u8] = b"code";
    pub(super) const CODE_HASH: &[u8] = b"codeHash";
    pub(super) const FROZEN: &[u8] = b"frozen";
    pub(super) const NONCE: &[u8] = b"nonce";
    pub(super) const REMAIN_GAS: &[u8] = b"remain_gas";
}

/// Rows that every call of a contract reads.
pub(crate) const READ_BY_CALLS: [&[u8]; 2] = [rows::CODE, rows::FROZEN];

/// Rows of the sender that every transaction reads.
pub(crate) const READ_OF_SENDERS: [&[u8]; 1] = [rows::FROZEN];

/// The name of an account's table.
pub(crate) fn table_name(address: &Address) -> String {
    ["c_", hex(address).as_str()].concat()
}

/// Accounts that were opened; a table that is there stays to the end of the block, even if what created it is taken
/// back.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    opened: HashMap<Address, Account, RandomState>,
}

impl Accounts {
    /// The account, if it has a table.
    pub(crate) fn open(
        &mut self,
        session: &Session<'_>,
        address: &Address,
    ) -> Result<Option<&Account>, StateError> {
        match self.opened.entry(*address) {
            Entry::Occupied(known) => Ok(Some(known.into_mut())),
            Entry::Vacant(unknown) => {
                Ok(Account::open(session, address)?.map(|account| &*unknown.insert(account)))
            }
        }
    }
}

/// An account that has a table.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    table: Arc<Table>,
}

impl Account {
    /// The account, if it has a table: contracts, and accounts that have deployed.
    pub(crate) fn open(session: &Session<'_>, address: &Address) -> Result<Option<Self>, StateError> {
        Ok(session.open(&table_name(address))?.map(|table| Self { table }))
    }

    /// The account, created with five rows if it is not there.
    pub(crate) fn open_or_create(session: &mut Session<'_>, address: &Address) -> Result<Self, StateError> {
        let name = table_name(address);
        if let Some(table) = session.open(&name)? {
            return Ok(Self { table });
        }
        let Created::Table(table) = session.create(&name, KEY, VALUE, Access::System)? else {
            return Err(StateError::MissingTable(name));
        };
        let empty_hash = Bytes::copy_from_slice(&session.suite().hash(&[]));
        let zero = Bytes::from_static(b"0");
        for (key, value) in [
            (rows::BALANCE, zero.clone()),
            (rows::CODE_HASH, empty_hash),
            (rows::CODE, Bytes::new()),
            (rows::NONCE, zero),
            (rows::ALIVE, Bytes::from_static(b"true")),
        ] {
            session.insert(&table, key, [(VALUE, value)], Access::System)?;
        }
        Ok(Self { table })
    }

    /// May this origin write the account's state (execution §1.9)?
    pub(crate) fn is_writable(&self, origin: &str) -> bool {
        self.table.is_writable(Access::Origin(origin))
    }

    /// How many contracts it has made, tried included.
    pub(crate) fn nonce(&self, session: &Session<'_>) -> Result<U256, StateError> {
        Ok(self.read(session, rows::NONCE)?.and_then(|text| number(&text)).unwrap_or_default())
    }

    pub(crate) fn set_nonce(&self, session: &mut Session<'_>, nonce: U256) -> Result<(), StateError> {
        self.update(session, rows::NONCE, decimal(nonce))
    }

    /// Write the balance as it is. Nothing moves, but the row counts as touched (data model §7).
    pub(crate) fn touch_balance(&self, session: &mut Session<'_>) -> Result<(), StateError> {
        let balance = self.read(session, rows::BALANCE)?.unwrap_or_else(|| Bytes::from_static(b"0"));
        self.update(session, rows::BALANCE, balance)
    }

    pub(crate) fn code(&self, session: &Session<'_>) -> Result<Bytes, StateError> {
        Ok(self.read(session, rows::CODE)?.unwrap_or_default())
    }

    /// The hash of the code as stored.
    pub(crate) fn code_hash(&self, session: &Session<'_>) -> Result<Hash, StateError> {
        let stored = self.read(session, rows::CODE_HASH)?;
        Ok(stored.and_then(|hash| hash.as_ref().try_into().ok()).unwrap_or_else(|| session.suite().hash(&[])))
    }

    pub(crate) fn set_code(&self, session: &mut Session<'_>, code: Bytes) -> Result<(), StateError> {
        self.update(session, rows::CODE_HASH, Bytes::copy_from_slice(&session.suite().hash(&code)))?;
        self.update(session, rows::CODE, code)
    }

    pub(crate) fn is_frozen(&self, session: &Session<'_>) -> Result<bool, StateError> {
        Ok(self.read(session, rows::FROZEN)?.is_some_and(|text| text == "true"))
    }

    /// Who may manage the contract: hex without `0x`, in row order.
    pub(crate) fn authorities(&self, session: &Session<'_>) -> Result<Vec<Bytes>, StateError> {
        let found = session.select(&self.table, rows::AUTHORITY, &Condition::all())?;
        let schema = self.table.schema();
        Ok(found.iter().filter_map(|row| row.get(schema, VALUE).cloned()).collect())
    }

    pub(crate) fn add_authority(
        &self,
        session: &mut Session<'_>,
        authority: Bytes,
    ) -> Result<(), StateError> {
        session.insert(&self.table, rows::AUTHORITY, [(VALUE, authority)], Access::System)?;
        Ok(())
    }

    pub(crate) fn remove_authority(
        &self,
        session: &mut Session<'_>,
        authority: Bytes,
    ) -> Result<(), StateError> {
        let mut condition = Condition::all();
        condition.equal(VALUE, authority);
        session.remove(&self.table, rows::AUTHORITY, &condition, Access::System)?;
        Ok(())
    }

    /// The row is there from the first time on.
    pub(crate) fn set_frozen(&self, session: &mut Session<'_>, frozen: bool) -> Result<(), StateError> {
        self.put(session, rows::FROZEN, frozen.to_string().into())
    }

    /// Prepaid gas (execution §1.15).
    pub(crate) fn remaining_gas(&self, session: &Session<'_>) -> Result<U256, StateError> {
        Ok(self.read(session, rows::REMAIN_GAS)?.and_then(|text| number(&text)).unwrap_or_default())
    }

    pub(crate) fn set_remaining_gas(&self, session: &mut Session<'_>, gas: U256) -> Result<(), StateError> {
        self.put(session, rows::REMAIN_GAS, decimal(gas))
    }

    /// What a destroyed contract leaves: its slots stay (execution §1.8).
    pub(crate) fn destroy(&self, session: &mut Session<'_>) -> Result<(), StateError> {
        let zero = Bytes::from_static(b"0");
        self.update(session, rows::NONCE, zero.clone())?;
        self.update(session, rows::BALANCE, zero)?;
        self.update(session, rows::CODE_HASH, Bytes::copy_from_slice(&session.suite().hash(&[])))?;
        self.update(session, rows::CODE, Bytes::new())?;
        self.update(session, rows::ALIVE, Bytes::from_static(b"false"))
    }

    /// What a slot holds; its key is the decimal of its number.
    pub(crate) fn slot(&self, session: &Session<'_>, slot: &[u8]) -> Result<U256, StateError> {
        Ok(slot_value(self.read(session, slot)?.as_ref()))
    }

    /// Set a slot that holds something else; what it held. Zero is stored like any other value.
    pub(crate) fn set_slot(
        &self,
        session: &mut Session<'_>,
        slot: &Bytes,
        value: U256,
    ) -> Result<U256, StateError> {
        let keeps = |before: Option<&Bytes>| slot_value(before) == value;
        let before = session.put(&self.table, slot, VALUE, decimal(value), keeps)?;
        Ok(slot_value(before.as_ref()))
    }

    /// Change a row, or insert it.
    fn put(&self, session: &mut Session<'_>, key: &'static [u8], value: Bytes) -> Result<(), StateError> {
        session.put(&self.table, &Bytes::from_static(key), VALUE, value, |_| false)?;
        Ok(())
    }

    fn read(&self, session: &Session<'_>, key: &[u8]) -> Result<Option<Bytes>, StateError> {
        session.first_field(&self.table, key, VALUE)
    }

    fn update(&self, session: &mut Session<'_>, key: &[u8], value: Bytes) -> Result<(), StateError> {
        session.update(&self.table, key, [(VALUE, value)], &Condition::all(), Access::System)?;
        Ok(())
    }
}

/// What is not there is zero.
fn slot_value(text: Option<&Bytes>) -> U256 {
    text.and_then(|text| number(text)).unwrap_or_default()
}
