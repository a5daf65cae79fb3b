//! System contracts: precompiled contracts with state (execution §2).
//!
//! A contract is an [`Interface`]: methods by Solidity signature, what an unknown selector is answered, and what counts
//! as memory. The [`Registry`] lists them by address; objects with temporary addresses have interfaces too. Handlers
//! decode their arguments leniently ([`abi::Arguments`]), work through a [`Call`] and answer bytes, or throw.
//!
//! To add a contract: write its interface in a file of its own and list it in [`Registry::new`]. Contracts that are called
//! rarely and read often, those of governance before all, come from outside ([`crate::Contract`]).

pub(crate) mod abi;
mod call;
mod condition;
mod crud;
mod crypto;
mod dag_transfer;
mod entry;
mod gas;
mod gas_charge;
mod json;
mod kv_table;
mod life_cycle;
mod naming;
mod object;
mod parallel_config;
mod registry;
mod rights;
mod system_config;
mod table;
mod table_factory;

pub(crate) use call::{Answer, BuiltIn, Call, Contract, Exception};
pub use gas::Operation;
pub(crate) use object::{Object, TemporaryAddresses, TemporaryObjects};
pub(crate) use registry::{Registry, GOVERNANCE};
pub(crate) use rights::is_committee_member;

use std::collections::HashMap;

use bytes::Bytes;
use hansa_crypto::Suite;

use self::abi::Arguments;
use self::gas::MemoryRule;

/// A method: what it is called on, and with what.
pub(crate) type Handler<T> = fn(&mut Call<'_, '_>, &T, &mut Arguments<'_>) -> Answer;

/// What the arguments of a method name that a call works on; `None` if the call is to run alone (§6.2).
pub(crate) type Criticals = fn(&mut Arguments<'_>) -> Option<Vec<Bytes>>;

/// What a contract can do.
pub(crate) struct Interface<T> {
    methods: HashMap<[u8; 4], Handler<T>>,
    /// What a call is answered whose selector is not known or not there.
    unknown: fn() -> Vec<u8>,
    memory: MemoryRule,
    criticals: HashMap<[u8; 4], Criticals>,
}

impl<T> Interface<T> {
    /// `methods` are Solidity signatures with their handlers; `suite` is what selectors are hashed with.
    pub(crate) fn new(
        suite: Suite,
        memory: MemoryRule,
        unknown: fn() -> Vec<u8>,
        methods: &[(&'static str, Handler<T>)],
    ) -> Self {
        let by_selector =
            methods.iter().map(|(signature, handler)| (abi::selector(suite, signature), *handler));
        Self { methods: by_selector.collect(), unknown, memory, criticals: HashMap::new() }
    }

    /// The same, with methods whose calls may run beside others.
    pub(crate) fn with_criticals(self, suite: Suite, methods: &[(&'static str, Criticals)]) -> Self {
        let criticals =
            methods.iter().map(|(signature, criticals)| (abi::selector(suite, signature), *criticals));
        Self { criticals: criticals.collect(), ..self }
    }

    pub(crate) fn criticals(&self, input: &[u8]) -> Option<Vec<Bytes>> {
        let (selector, data) = input.split_first_chunk()?;
        self.criticals.get(selector)?(&mut Arguments::new(data))
    }

    pub(crate) fn answer(&self, call: &mut Call<'_, '_>, target: &T, input: &[u8]) -> Answer {
        call.gas.apply(self.memory, input.len());
        let method = input.first_chunk().and_then(|selector| self.methods.get(selector));
        match method {
            Some(handler) => handler(call, target, &mut Arguments::new(input.get(4..).unwrap_or_default())),
            None => Ok((self.unknown)()),
        }
    }
}

/// Codes that methods return instead of failing (§2.0).
pub(crate) mod codes {
    pub(crate) const NO_AUTHORIZED: i64 = -50_000;
    pub(crate) const TABLE_EXISTS: i64 = -50_001;
    pub(crate) const TABLE_MISSING: i64 = -50_100;
    pub(crate) const UNKNOWN_FUNCTION: i64 = -50_101;
}
