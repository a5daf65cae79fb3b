//! Who may do what: rows of `_sys_table_access_` (execution §4).

use std::sync::Arc;

use bytes::Bytes;
use hansa_state::{names, Access, Condition, Session, StateError, Table};

use super::{Call, Exception};

/// A right: an address that may write a table, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Right {
    /// With `0x`.
    pub(crate) address: Bytes,
    pub(crate) enable_num: Bytes,
}

pub(crate) fn access_table(call: &Call<'_, '_>) -> Result<Arc<Table>, Exception> {
    call.system_table(names::TABLE_ACCESS)
}

/// Whoever is listed for a table, in row order.
pub(crate) fn listed(call: &Call<'_, '_>, table: &[u8]) -> Result<Vec<Right>, Exception> {
    select(call, table, &Condition::all())
}

/// Is this address listed for a table?
pub(crate) fn holds(call: &Call<'_, '_>, table: &[u8], address: &[u8]) -> Result<bool, Exception> {
    Ok(!select(call, table, &of(address))?.is_empty())
}

fn select(call: &Call<'_, '_>, table: &[u8], condition: &Condition) -> Result<Vec<Right>, Exception> {
    let access = access_table(call)?;
    let rows = call.world.session.select(&access, table, condition)?;
    let field =
        |row: &hansa_state::Selected, field| row.get(access.schema(), field).cloned().unwrap_or_default();
    let right = |row| Right { address: field(row, "address"), enable_num: field(row, "enable_num") };
    Ok(rows.iter().map(right).collect())
}

/// Rows of one address.
pub(crate) fn of(address: &[u8]) -> Condition {
    let mut condition = Condition::all();
    condition.equal("address", Bytes::copy_from_slice(address));
    condition
}

/// The fields of a right that is in force from the next block on.
pub(crate) fn new_right(call: &Call<'_, '_>, address: &[u8]) -> [(&'static str, Bytes); 2] {
    [("address", Bytes::copy_from_slice(address)), ("enable_num", call.current_number())]
}

/// List an address for a table, in the system's name.
pub(crate) fn grant(call: &mut Call<'_, '_>, table: &[u8], address: &[u8]) -> Result<(), Exception> {
    let access = access_table(call)?;
    let fields = new_right(call, address);
    call.world.session.insert(&access, table, fields, Access::System)?;
    Ok(())
}

/// Strike an address off a table's list, in the system's name.
pub(crate) fn revoke(call: &mut Call<'_, '_>, table: &[u8], address: &[u8]) -> Result<(), Exception> {
    let access = access_table(call)?;
    call.world.session.remove(&access, table, &of(address), Access::System)?;
    Ok(())
}

/// Is this address, with `0x`, a member of the committee?
pub(crate) fn is_member(call: &Call<'_, '_>, address: &[u8]) -> Result<bool, Exception> {
    holds(call, names::TABLE_ACCESS.as_bytes(), address)
}

/// The same, outside of a call.
pub(crate) fn is_committee_member(session: &Session<'_>, address: &str) -> Result<bool, StateError> {
    let access = session.open_built_in(names::TABLE_ACCESS)?;
    Ok(!session.select(&access, names::TABLE_ACCESS.as_bytes(), &of(address.as_bytes()))?.is_empty())
}
