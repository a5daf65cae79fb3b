//! Permission 0x1005: who may write which table (execution §2.9, §4.2).

use bytes::Bytes;
use hansa_evm::Address;
use hansa_state::names;

use super::abi::{self, Value};
use super::call::written_code;
use super::gas::MemoryRule;
use super::naming::full_name;
use super::{codes, json, rights, Call, Exception, Interface};
use crate::account::table_name;
use crate::text::{from_hex, hex, prefixed_hex};

const EXISTS: i64 = -51_000;
const MISSING: i64 = -51_001;
const NAME_TOO_LONG: i64 = -51_002;
const CONTRACT_MISSING: i64 = -51_003;
const FOR_COMMITTEE: i64 = -51_004;
const MEMBER: i64 = -52_005;

const NAME_LENGTH_MAX: usize = 64;

/// The system tables that can be subjects of permissions; all other names are of user tables.
const SYSTEM_TABLES: [&str; 5] =
    [names::TABLE_ACCESS, names::CONSENSUS, names::CNS, names::CONFIG, names::TABLES];

pub(crate) fn permission() -> Interface<()> {
    let methods: [(_, super::Handler<()>); 6] = [
        ("insert(string,string)", |call, (), arguments| {
            let (table, address) = (subject(&arguments.text()), arguments.text().to_ascii_lowercase());
            if is(&table, names::TABLE_ACCESS) {
                return Ok(abi::code(FOR_COMMITTEE));
            }
            let for_operators = is(&table, names::TABLES) || is(&table, names::CNS);
            if for_operators && rights::is_member(call, &address)? {
                return Ok(abi::code(MEMBER));
            }
            if rights::holds(call, &table, &address)? {
                return Ok(abi::code(EXISTS));
            }
            if table.len() > NAME_LENGTH_MAX {
                return Ok(abi::code(NAME_TOO_LONG));
            }
            if from_hex(&address).is_none() {
                return Ok(abi::code(codes::BAD_ADDRESS));
            }
            let (access_table, fields) = (rights::access_table(call)?, rights::new_right(call, &address));
            let written =
                call.as_origin(|session, access| session.insert(&access_table, &table, fields, access))?;
            Ok(abi::code(written_code(written)))
        }),
        ("remove(string,string)", |call, (), arguments| {
            let (table, address) = (subject(&arguments.text()), arguments.text().to_ascii_lowercase());
            if is(&table, names::TABLE_ACCESS) {
                return Ok(abi::code(FOR_COMMITTEE));
            }
            let for_members = is(&table, names::CONSENSUS) || is(&table, names::CONFIG);
            if for_members && rights::is_member(call, &address)? {
                return Ok(abi::code(codes::NO_AUTHORIZED));
            }
            if !rights::holds(call, &table, &address)? {
                return Ok(abi::code(MISSING));
            }
            let access_table = rights::access_table(call)?;
            let condition = rights::of(&address);
            let written =
                call.as_origin(|session, access| session.remove(&access_table, &table, &condition, access))?;
            Ok(abi::code(written_code(written)))
        }),
        ("queryByName(string)", |call, (), arguments| {
            let table = subject(&arguments.text());
            listed(call, &table)
        }),
        ("grantWrite(address,address)", |call, (), arguments| {
            let (contract, user) = (arguments.address(), prefixed_hex(&arguments.address()));
            let table = table_name(&contract);
            if rights::holds(call, table.as_bytes(), user.as_bytes())? {
                return Ok(abi::code(EXISTS));
            }
            if let Some(code) = unmanageable(call, &contract)? {
                return Ok(abi::code(code));
            }
            rights::grant(call, table.as_bytes(), user.as_bytes())?;
            Ok(abi::code(1))
        }),
        ("revokeWrite(address,address)", |call, (), arguments| {
            let (contract, user) = (arguments.address(), prefixed_hex(&arguments.address()));
            let table = table_name(&contract);
            if !rights::holds(call, table.as_bytes(), user.as_bytes())? {
                return Ok(abi::code(MISSING));
            }
            if let Some(code) = unmanageable(call, &contract)? {
                return Ok(abi::code(code));
            }
            rights::revoke(call, table.as_bytes(), user.as_bytes())?;
            Ok(abi::code(1))
        }),
        ("queryPermission(address)", |call, (), arguments| {
            let table = table_name(&arguments.address());
            listed(call, table.as_bytes())
        }),
    ];
    Interface::new(MemoryRule::ResultOnly, abi::nothing, &methods)
}

fn is(table: &[u8], name: &str) -> bool {
    table == name.as_bytes()
}

/// The table a name stands for.
fn subject(name: &[u8]) -> Vec<u8> {
    match SYSTEM_TABLES.iter().any(|table| is(name, table)) {
        true => name.to_vec(),
        false => full_name(name),
    }
}

/// Why the origin may not change who writes a contract: there is none, or others manage it.
fn unmanageable(call: &mut Call<'_, '_>, contract: &Address) -> Result<Option<i64>, Exception> {
    let Some(account) = call.world.account(contract)? else { return Ok(Some(CONTRACT_MISSING)) };
    let origin = hex(call.world.origin());
    let is_manager = account.authorities(&call.world.session)?.iter().any(|manager| *manager == origin);
    Ok((!is_manager).then_some(codes::NO_AUTHORIZED))
}

fn listed(call: &Call<'_, '_>, table: &[u8]) -> super::Answer {
    let object = |right: &rights::Right| {
        json::object([
            ("address", &right.address[..]),
            ("enable_num", &right.enable_num),
            ("table_name", table),
        ])
    };
    let objects: Vec<Vec<u8>> = rights::listed(call, table)?.iter().map(object).collect();
    let text: Bytes = json::line(json::array(&objects));
    Ok(abi::encode(&[Value::Text(text)]))
}
