//! GasChargeManage 0x1009: prepaid gas (execution §2.13). Whether gas is charged for at all is decided per transaction
//! (§1.15).

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_evm::{Address, U256};
use hansa_state::{names, Condition};

use super::abi::{self, Arguments, Value};
use super::gas::MemoryRule;
use super::{rights, Answer, Call, Exception, Interface};
use crate::account::Account;
use crate::parameters::{listed_chargers, CHARGER_LIST};
use crate::text::hex;

const DENIED: i64 = -53_000;
const ZERO: i64 = -53_001;
const OVERFLOW: i64 = -53_002;
const NOT_ENOUGH: i64 = -53_003;
const GRANT_DENIED: i64 = -53_004;
const REVOKE_DENIED: i64 = -53_005;
const ALREADY_CHARGER: i64 = -53_006;
const NOT_CHARGER: i64 = -53_007;
const UNKNOWN_FUNCTION: i64 = -53_008;

const ACCOUNT_MISSING: i64 = -52_008;
const NOT_AN_ACCOUNT: i64 = -52_009;
const ACCOUNT_FROZEN: i64 = -52_011;

pub(crate) fn gas_charge(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 6] = [
        ("charge(address,uint256)", |call, (), arguments| {
            move_gas(call, arguments, |gas, value| gas.checked_add(value).ok_or(OVERFLOW))
        }),
        ("deduct(address,uint256)", |call, (), arguments| {
            move_gas(call, arguments, |gas, value| gas.checked_sub(value).ok_or(NOT_ENOUGH))
        }),
        ("queryRemainGas(address)", |call, (), arguments| {
            let account = match account(call, &arguments.address())? {
                Ok(account) => account.ok_or(ACCOUNT_MISSING),
                Err(code) => Err(code),
            };
            Ok(match account {
                Ok(account) => pair(0, account.remaining_gas(&call.world.session)?),
                Err(code) => pair(code, U256::ZERO),
            })
        }),
        ("grantCharger(address)", |call, (), arguments| {
            change_list(call, arguments, GRANT_DENIED, |chargers, charger| {
                if chargers.contains(&charger) {
                    return Err(ALREADY_CHARGER);
                }
                chargers.push(charger);
                Ok(())
            })
        }),
        ("revokeCharger(address)", |call, (), arguments| {
            change_list(call, arguments, REVOKE_DENIED, |chargers, charger| {
                let position = chargers.iter().position(|listed| *listed == charger).ok_or(NOT_CHARGER)?;
                chargers.remove(position);
                Ok(())
            })
        }),
        ("listChargers()", |call, (), _| {
            let chargers = listed_chargers(&call.world.session)?;
            Ok(abi::encode(&[Value::Addresses(chargers)]))
        }),
    ];
    Interface::new(suite, MemoryRule::ResultOnly, || abi::code(UNKNOWN_FUNCTION), &methods)
}

fn pair(code: i64, gas: U256) -> Vec<u8> {
    abi::encode(&[Value::Uint(abi::code_word(code)), Value::Uint(gas)])
}

/// The account at an address, if it has one; the code that says why it can have no gas.
fn account(call: &mut Call<'_, '_>, address: &Address) -> Result<Result<Option<Account>, i64>, Exception> {
    let Some(account) = call.world.account(address)? else { return Ok(Ok(None)) };
    if !account.code(&call.world.session)?.is_empty() {
        return Ok(Err(NOT_AN_ACCOUNT));
    }
    if account.is_frozen(&call.world.session)? {
        return Ok(Err(ACCOUNT_FROZEN));
    }
    Ok(Ok(Some(account)))
}

fn move_gas(
    call: &mut Call<'_, '_>,
    arguments: &mut Arguments<'_>,
    change: fn(U256, U256) -> Result<U256, i64>,
) -> Answer {
    let (address, value) = (arguments.address(), arguments.uint());
    if value.is_zero() {
        return Ok(pair(ZERO, U256::ZERO));
    }
    let account = match account(call, &address)? {
        Ok(account) => account,
        Err(code) => return Ok(pair(code, U256::ZERO)),
    };
    if !listed_chargers(&call.world.session)?.contains(call.world.origin()) {
        return Ok(pair(DENIED, U256::ZERO));
    }
    let gas = match &account {
        Some(account) => account.remaining_gas(&call.world.session)?,
        None => U256::ZERO,
    };
    let gas = match change(gas, value) {
        Ok(gas) => gas,
        Err(code) => return Ok(pair(code, U256::ZERO)),
    };
    let account = Account::open_or_create(&mut call.world.session, &address)?;
    account.set_remaining_gas(&mut call.world.session, gas)?;
    Ok(pair(0, gas))
}

/// Only the committee decides who charges.
fn change_list(
    call: &mut Call<'_, '_>,
    arguments: &mut Arguments<'_>,
    denied: i64,
    change: fn(&mut Vec<Address>, Address) -> Result<(), i64>,
) -> Answer {
    let address = arguments.address();
    if !rights::is_member(call, call.world.origin_text().as_bytes())? {
        return Ok(abi::code(denied));
    }
    if let Err(code) = account(call, &address)? {
        return Ok(abi::code(code));
    }
    let mut chargers = listed_chargers(&call.world.session)?;
    if let Err(code) = change(&mut chargers, address) {
        return Ok(abi::code(code));
    }
    let list: String = chargers.iter().map(|charger| hex(charger) + ",").collect();
    let config = call.system_table(names::CONFIG)?;
    let is_new = call.world.session.select(&config, CHARGER_LIST, &Condition::all())?.is_empty();
    let fields = [("value", Bytes::from(list)), ("enable_num", call.current_number())];
    let session = &mut call.world.session;
    match is_new {
        true => session.insert(&config, CHARGER_LIST, fields, hansa_state::Access::System)?,
        false => {
            session.update(&config, CHARGER_LIST, fields, &Condition::all(), hansa_state::Access::System)?
        }
    };
    Ok(abi::code(0))
}
