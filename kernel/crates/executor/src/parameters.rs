//! System parameters that execution reads (execution §2.1).

use hansa_state::{names, Condition, Session, StateError};

/// What `tx_gas_limit` is when the genesis does not say.
const GAS_LIMIT_DEFAULT: u64 = 300_000_000;

/// The gas a transaction of block `number` may use: in force from the block after the one that set it.
pub(crate) fn gas_limit(session: &Session<'_>, number: u64) -> Result<u64, StateError> {
    let config = session.open_built_in(names::CONFIG)?;
    let rows = session.select(&config, b"tx_gas_limit", &Condition::all())?;
    let schema = config.schema();
    let parsed = |row: &hansa_state::Selected, field| -> Option<u64> {
        std::str::from_utf8(row.get(schema, field)?).ok()?.parse().ok()
    };
    let row = rows.first().filter(|row| parsed(row, "enable_num").is_some_and(|enabled| enabled <= number));
    Ok(row.and_then(|row| parsed(row, "value")).unwrap_or(GAS_LIMIT_DEFAULT))
}
