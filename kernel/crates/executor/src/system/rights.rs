//! Who may do what: rows of `_sys_table_access_` (execution §4).

use bytes::Bytes;
use hansa_state::{names, Condition, Session, StateError};

use super::{Call, Exception};

/// Is this address, with `0x`, a member of the committee: listed for the list of rights itself?
pub(crate) fn is_committee_member(session: &Session<'_>, address: &[u8]) -> Result<bool, StateError> {
    let mut condition = Condition::all();
    condition.equal("address", Bytes::copy_from_slice(address));
    let access = session.open_built_in(names::TABLE_ACCESS)?;
    Ok(!session.select(&access, names::TABLE_ACCESS.as_bytes(), &condition)?.is_empty())
}

/// The same, in a call.
pub(crate) fn is_member(call: &Call<'_, '_>, address: &[u8]) -> Result<bool, Exception> {
    Ok(is_committee_member(&call.world.session, address)?)
}
