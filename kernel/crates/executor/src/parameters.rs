//! System parameters that execution reads (execution §1.15, §2.1). A value is in force from the block after the one that
//! set it, so what is read is what was committed.

use bytes::Bytes;
use hansa_evm::Address;
use hansa_state::{names, Session, StateError};

use crate::text::from_hex;

/// The row that lists who may charge gas.
pub(crate) const CHARGER_LIST: &[u8] = b"charger_list";

/// What `tx_gas_limit` is when the genesis does not say.
const GAS_LIMIT_DEFAULT: u64 = 300_000_000;

/// The parameters of one block.
#[derive(Debug, Clone)]
pub(crate) struct Parameters {
    /// What a transaction may use.
    pub(crate) gas_limit: u64,
    /// Is gas charged for?
    pub(crate) charges_gas: bool,
}

impl Parameters {
    pub(crate) fn read(session: &Session<'_>) -> Result<Self, StateError> {
        let gas_limit = value(session, b"tx_gas_limit")?;
        let gas_limit = gas_limit.and_then(|text| std::str::from_utf8(&text).ok()?.parse().ok());
        let charges_gas = value(session, b"enable_charge_mgr")?.is_some_and(|text| text == "on");
        Ok(Self { gas_limit: gas_limit.unwrap_or(GAS_LIMIT_DEFAULT), charges_gas })
    }
}

/// Who may charge gas.
pub(crate) fn listed_chargers(session: &Session<'_>) -> Result<Vec<Address>, StateError> {
    let list = value(session, CHARGER_LIST)?.unwrap_or_default();
    let address = |text: &[u8]| from_hex(text)?.try_into().ok();
    Ok(list.split(|byte| *byte == b',').filter_map(address).collect())
}

fn value(session: &Session<'_>, key: &[u8]) -> Result<Option<Bytes>, StateError> {
    let config = session.open_built_in(names::CONFIG)?;
    session.committed_field(&config, key, "value")
}
