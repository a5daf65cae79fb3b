//! DagTransfer 0x5002: a ledger for benchmarks (execution §2.15).
//!
//! All codes are returned as uint256. Its state is the user table `u_dag_transfer`, made on the first write.

use std::sync::Arc;

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_evm::U256;
use hansa_state::{Access, Condition, Created, Table, Written};

use super::abi::{self, Value};
use super::gas::MemoryRule;
use super::{Answer, Call, Exception, Interface};
use crate::text::{decimal, number};

const TABLE: &str = "u_dag_transfer";
const USER: &str = "user_name";
const BALANCE: &str = "user_balance";

const BAD_USER: i64 = -51_400;
const BAD_AMOUNT: i64 = -51_401;
const USER_MISSING: i64 = -51_402;
const USER_EXISTS: i64 = -51_403;
const TOO_LITTLE: i64 = -51_404;
const OVERFLOW: i64 = -51_405;
const NO_TABLE: i64 = -51_406;

pub(crate) fn dag_transfer(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 5] = [
        ("userAdd(string,uint256)", |call, (), arguments| {
            let (user, amount) = (arguments.text(), arguments.uint());
            answer(add(call, &user, amount))
        }),
        ("userSave(string,uint256)", |call, (), arguments| {
            let (user, amount) = (arguments.text(), arguments.uint());
            answer(save(call, &user, amount))
        }),
        ("userDraw(string,uint256)", |call, (), arguments| {
            let (user, amount) = (arguments.text(), arguments.uint());
            answer(draw(call, &user, amount))
        }),
        ("userBalance(string)", |call, (), arguments| {
            let user = arguments.text();
            let (code, balance) = match balance_of(call, &user)? {
                _ if user.is_empty() => (BAD_USER, U256::ZERO),
                Some(balance) => (0, balance),
                None => (USER_MISSING, U256::ZERO),
            };
            Ok(abi::encode(&[Value::Uint(abi::code_word(code)), Value::Uint(balance)]))
        }),
        ("userTransfer(string,string,uint256)", |call, (), arguments| {
            let (source, target, amount) = (arguments.text(), arguments.text(), arguments.uint());
            answer(transfer(call, &source, &target, amount))
        }),
    ];
    let criticals: [(_, super::Criticals); 4] = [
        ("userAdd(string,uint256)", |arguments| users([arguments.text()])),
        ("userSave(string,uint256)", |arguments| moved([arguments.text()], arguments.uint())),
        ("userDraw(string,uint256)", |arguments| moved([arguments.text()], arguments.uint())),
        ("userTransfer(string,string,uint256)", |arguments| {
            moved([arguments.text(), arguments.text()], arguments.uint())
        }),
    ];
    Interface::new(suite, MemoryRule::ResultOnly, abi::nothing, &methods).with_criticals(suite, &criticals)
}

/// The users a call works on, if it is not refused for what it says (§6.2).
fn users<const COUNT: usize>(users: [Bytes; COUNT]) -> Option<Vec<Bytes>> {
    users.iter().all(|user| !user.is_empty()).then_some(users.into())
}

fn moved<const COUNT: usize>(names: [Bytes; COUNT], amount: U256) -> Option<Vec<Bytes>> {
    users(names).filter(|_| !amount.is_zero())
}

/// Why a method does nothing.
enum Refusal {
    Code(i64),
    Exception(Exception),
}

impl<E: Into<Exception>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Exception(error.into())
    }
}

fn answer(result: Result<(), Refusal>) -> Answer {
    match result {
        Ok(()) => Ok(abi::code(0)),
        Err(Refusal::Code(code)) => Ok(abi::code(code)),
        Err(Refusal::Exception(exception)) => Err(exception),
    }
}

fn refuse_if(condition: bool, code: i64) -> Result<(), Refusal> {
    if condition {
        Err(Refusal::Code(code))
    } else {
        Ok(())
    }
}

fn add(call: &mut Call<'_, '_>, user: &Bytes, amount: U256) -> Result<(), Refusal> {
    refuse_if(user.is_empty(), BAD_USER)?;
    let table = table(call)?;
    refuse_if(balance(call, &table, user)?.is_some(), USER_EXISTS)?;
    create(call, &table, user, amount)
}

fn save(call: &mut Call<'_, '_>, user: &Bytes, amount: U256) -> Result<(), Refusal> {
    refuse_if(user.is_empty(), BAD_USER)?;
    refuse_if(amount.is_zero(), BAD_AMOUNT)?;
    let table = table(call)?;
    match balance(call, &table, user)? {
        None => create(call, &table, user, amount),
        Some(balance) => {
            let balance = balance.checked_add(amount).ok_or(Refusal::Code(OVERFLOW))?;
            set(call, &table, user, balance)
        }
    }
}

fn draw(call: &mut Call<'_, '_>, user: &Bytes, amount: U256) -> Result<(), Refusal> {
    refuse_if(user.is_empty(), BAD_USER)?;
    refuse_if(amount.is_zero(), BAD_AMOUNT)?;
    let table = table(call)?;
    let balance = balance(call, &table, user)?.ok_or(Refusal::Code(USER_MISSING))?;
    let balance = balance.checked_sub(amount).ok_or(Refusal::Code(TOO_LITTLE))?;
    set(call, &table, user, balance)
}

fn transfer(call: &mut Call<'_, '_>, source: &Bytes, target: &Bytes, amount: U256) -> Result<(), Refusal> {
    refuse_if(source.is_empty() || target.is_empty(), BAD_USER)?;
    refuse_if(amount.is_zero(), BAD_AMOUNT)?;
    if source == target {
        return Ok(());
    }
    let table = table(call)?;
    let from = balance(call, &table, source)?.ok_or(Refusal::Code(USER_MISSING))?;
    let from = from.checked_sub(amount).ok_or(Refusal::Code(TOO_LITTLE))?;
    let to = balance(call, &table, target)?;
    let raised = to.unwrap_or_default().checked_add(amount).ok_or(Refusal::Code(OVERFLOW))?;
    set(call, &table, source, from)?;
    match to {
        None => create(call, &table, target, raised),
        Some(_) => set(call, &table, target, raised),
    }
}

fn balance_of(call: &mut Call<'_, '_>, user: &Bytes) -> Result<Option<U256>, Exception> {
    match call.open(TABLE.as_bytes())? {
        Some(table) => balance(call, &table, user),
        None => Ok(None),
    }
}

fn table(call: &mut Call<'_, '_>) -> Result<Arc<Table>, Refusal> {
    if let Some(table) = call.open(TABLE.as_bytes())? {
        return Ok(table);
    }
    match call.world.session.create(TABLE, USER, BALANCE, Access::System)? {
        Created::Table(table) => Ok(table),
        Created::Exists | Created::Denied => Err(Refusal::Code(NO_TABLE)),
    }
}

fn balance(call: &Call<'_, '_>, table: &Table, user: &[u8]) -> Result<Option<U256>, Exception> {
    let text = call.world.session.first_field(table, user, BALANCE)?;
    Ok(text.map(|text| number(&text).unwrap_or_default()))
}

fn create(call: &mut Call<'_, '_>, table: &Arc<Table>, user: &[u8], amount: U256) -> Result<(), Refusal> {
    let fields = [(BALANCE, decimal(amount))];
    checked(call.as_origin(|session, access| session.insert(table, user, fields, access))?)
}

fn set(call: &mut Call<'_, '_>, table: &Arc<Table>, user: &[u8], amount: U256) -> Result<(), Refusal> {
    let fields = [(BALANCE, decimal(amount))];
    checked(call.as_origin(|session, access| session.update(table, user, fields, &Condition::all(), access))?)
}

fn checked(written: Written) -> Result<(), Refusal> {
    refuse_if(written == Written::Denied, super::codes::NO_AUTHORIZED)
}
