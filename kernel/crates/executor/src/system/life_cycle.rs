//! ContractLifeCycle 0x1007: freezing contracts, and who may (execution §2.11, §4.4).

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_evm::{Address, U256};

use super::abi::{self, Arguments, Value};
use super::gas::MemoryRule;
use super::{rights, Answer, Call, Exception, Interface};
use crate::account::Account;
use crate::text::{from_hex, hex};

const FROZEN: i64 = -51_900;
const AVAILABLE: i64 = -51_901;
const REPEATED: i64 = -51_902;
const NOT_A_CONTRACT: i64 = -51_903;
const MISSING: i64 = -51_904;
const NOT_MANAGER: i64 = -51_905;
const NO_SUCH_MANAGER: i64 = -51_906;
const LAST_MANAGER: i64 = -51_907;

pub(crate) fn life_cycle(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 6] = [
        ("freeze(address)", |call, (), arguments| set_frozen(call, arguments, true)),
        ("unfreeze(address)", |call, (), arguments| set_frozen(call, arguments, false)),
        ("grantManager(address,address)", |call, (), arguments| {
            let (contract, manager) = (arguments.address(), Bytes::from(hex(&arguments.address())));
            answer(managed(call, &contract)?, |account| {
                if account.authorities(&call.world.session)?.contains(&manager) {
                    return Ok(REPEATED);
                }
                account.add_authority(&mut call.world.session, manager)?;
                Ok(1)
            })
        }),
        ("revokeManager(address,address)", |call, (), arguments| {
            let (contract, manager) = (arguments.address(), Bytes::from(hex(&arguments.address())));
            answer(managed(call, &contract)?, |account| {
                let managers = account.authorities(&call.world.session)?;
                if managers.len() == 1 {
                    return Ok(LAST_MANAGER);
                }
                if !managers.contains(&manager) {
                    return Ok(NO_SUCH_MANAGER);
                }
                account.remove_authority(&mut call.world.session, manager)?;
                Ok(1)
            })
        }),
        ("getStatus(address)", |call, (), arguments| {
            let text = status(call, &arguments.address())?;
            Ok(abi::encode(&[Value::Uint(U256::ZERO), Value::Text(Bytes::from_static(text.as_bytes()))]))
        }),
        ("listManager(address)", |call, (), arguments| {
            let (code, managers) = match contract(call, &arguments.address())? {
                Err(code) => (code, Vec::new()),
                Ok(account) => (0, account.authorities(&call.world.session)?),
            };
            let address = |text: &Bytes| from_hex(text).and_then(|bytes| bytes.try_into().ok());
            let managers = managers.iter().map(|text| address(text).unwrap_or_default()).collect();
            Ok(abi::encode(&[Value::Uint(abi::code_word(code)), Value::Addresses(managers)]))
        }),
    ];
    Interface::new(suite, MemoryRule::ResultOnly, abi::nothing, &methods)
}

/// The contract at an address, or the code that says that there is none.
fn contract(call: &mut Call<'_, '_>, address: &Address) -> Result<Result<Account, i64>, Exception> {
    let Some(account) = call.world.account(address)? else { return Ok(Err(MISSING)) };
    let has_code = account.code_hash(&call.world.session)? != call.suite().hash(&[]);
    Ok(if has_code { Ok(account) } else { Err(NOT_A_CONTRACT) })
}

/// The contract, if the origin may manage it: a manager, or a member of the committee.
fn managed(call: &mut Call<'_, '_>, address: &Address) -> Result<Result<Account, i64>, Exception> {
    let account = match contract(call, address)? {
        Ok(account) => account,
        Err(code) => return Ok(Err(code)),
    };
    let origin = hex(call.world.origin());
    let is_manager = account.authorities(&call.world.session)?.iter().any(|manager| *manager == origin);
    if is_manager || rights::is_member(call, call.world.origin_text().as_bytes())? {
        return Ok(Ok(account));
    }
    Ok(Err(NOT_MANAGER))
}

fn answer(account: Result<Account, i64>, change: impl FnOnce(&Account) -> Result<i64, Exception>) -> Answer {
    Ok(abi::code(match account {
        Ok(account) => change(&account)?,
        Err(code) => code,
    }))
}

fn set_frozen(call: &mut Call<'_, '_>, arguments: &mut Arguments<'_>, frozen: bool) -> Answer {
    answer(managed(call, &arguments.address())?, |account| {
        if account.is_frozen(&call.world.session)? == frozen {
            return Ok(if frozen { FROZEN } else { AVAILABLE });
        }
        account.set_frozen(&mut call.world.session, frozen)?;
        Ok(1)
    })
}

fn status(call: &mut Call<'_, '_>, address: &Address) -> Result<&'static str, Exception> {
    Ok(match contract(call, address)? {
        Err(MISSING) => "The address is nonexistent.",
        Err(_) => "This is not a contract address.",
        Ok(account) if account.is_frozen(&call.world.session)? => {
            "The contract has been frozen. You can invoke this contract after unfreezing it."
        }
        Ok(_) => "The contract is available.",
    })
}
