//! What transactions work on, as far as it was declared (execution §6.2).
//!
//! A developer registers functions of a contract (§2.10): the first so many arguments name what a call works on. Whoever
//! calls a contract without such a declaration, or with data that do not bear it, runs alone; so does a creation, and a
//! call of any system contract but DagTransfer.

use std::collections::HashMap;

use bytes::Bytes;
use hansa_evm::Address;
use hansa_state::{Condition, Selected, Session, StateError, Table};

use super::registered;
use crate::block::BlockRun;
use crate::system::abi::Arguments;
use crate::text::hex;
use crate::transaction::Request;

/// Something a transaction works on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Critical {
    /// What an argument names. Equal arguments of different contracts are different things.
    Argument(Address, Bytes),
    /// The prepaid gas of an account (§1.15).
    Gas(Address),
}

/// What each transaction works on; `None` if that is not known.
pub(super) fn of_all(
    run: &BlockRun<'_>,
    requests: &[Request],
) -> Result<Vec<Option<Vec<Critical>>>, StateError> {
    let session = Session::new(&run.state);
    let mut contracts: HashMap<Address, Vec<Function>> = HashMap::new();
    let mut all = Vec::with_capacity(requests.len());
    for request in requests {
        let mut criticals = match &request.to {
            None => None,
            Some(to) => match run.rules.registry.get(to) {
                Some(contract) => of_arguments(to, contract.criticals(&request.data)),
                None => {
                    let functions = match contracts.get(to) {
                        Some(functions) => functions,
                        None => contracts.entry(*to).or_insert(functions_of(&session, to)?),
                    };
                    of_arguments(to, named_arguments(functions, &request.data))
                }
            },
        };
        if let (Some(criticals), true) = (&mut criticals, run.parameters.charges_gas) {
            criticals.push(Critical::Gas(request.origin));
        }
        all.push(criticals);
    }
    Ok(all)
}

fn of_arguments(contract: &Address, arguments: Option<Vec<Bytes>>) -> Option<Vec<Critical>> {
    // Who names nothing says nothing.
    let arguments = arguments.filter(|arguments| !arguments.is_empty())?;
    Some(arguments.into_iter().map(|text| Critical::Argument(*contract, text)).collect())
}

/// A type an argument may have to name something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Address,
    Int,
    Uint,
}

/// A function that may run beside others.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    selector: [u8; 4],
    /// Of the arguments that name what a call works on.
    kinds: Vec<Kind>,
}

impl Function {
    /// `None` if the registration is of no use: then calls are as if it were not there.
    fn parse(selector: &[u8], signature: &[u8], critical_size: &[u8]) -> Option<Self> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        let selector: u32 = text(selector)?.parse().ok()?;
        let critical_size: usize = text(critical_size)?.parse().ok()?;
        let (_name, parameters) = text(signature)?.strip_suffix(')')?.split_once('(')?;
        let kinds = parameters.split(',').take(critical_size).map(kind).collect::<Option<Vec<_>>>()?;
        (kinds.len() == critical_size).then_some(Self { selector: selector.to_be_bytes(), kinds })
    }
}

fn kind(name: &str) -> Option<Kind> {
    match name {
        "string" => Some(Kind::Text),
        "address" => Some(Kind::Address),
        "int" | "int256" => Some(Kind::Int),
        "uint" | "uint256" => Some(Kind::Uint),
        _ => None,
    }
}

/// What is registered for a contract.
fn functions_of(session: &Session<'_>, contract: &Address) -> Result<Vec<Function>, StateError> {
    let Some(table) = session.open(&registered::table_name(contract))? else { return Ok(Vec::new()) };
    let rows = session.select(&table, registered::KEY.as_bytes(), &Condition::all())?;
    Ok(rows.iter().filter_map(|row| function_of(&table, row)).collect())
}

fn function_of(table: &Table, row: &Selected) -> Option<Function> {
    let [selector, name, size] = registered::FIELDS.map(|field| row.get(table.schema(), field));
    Function::parse(selector?, name?, size?)
}

/// The arguments that name what a call works on, as text; `None` if they are not all there.
fn named_arguments(functions: &[Function], data: &[u8]) -> Option<Vec<Bytes>> {
    let (selector, data) = data.split_first_chunk()?;
    let function = functions.iter().find(|function| function.selector == *selector)?;
    let mut arguments = Arguments::new(data);
    let text = |kind: &Kind| match kind {
        Kind::Text => arguments.text(),
        Kind::Address => hex(&arguments.address()).into(),
        Kind::Int => arguments.int().decimal(),
        Kind::Uint => crate::text::decimal(arguments.uint()),
    };
    let texts = function.kinds.iter().map(text).collect();
    arguments.is_complete().then_some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::abi::{self, encode, Value};
    use hansa_evm::U256;

    fn selector(signature: &str) -> [u8; 4] {
        abi::selector(hansa_codec::Suite::Standard, signature)
    }

    fn function(signature: &str, critical_size: &str) -> Option<Function> {
        let selector = u32::from_be_bytes(selector(signature)).to_string();
        Function::parse(selector.as_bytes(), signature.as_bytes(), critical_size.as_bytes())
    }

    fn arguments(signature: &str, critical_size: &str, data: &[u8]) -> Option<Vec<Bytes>> {
        named_arguments(&[function(signature, critical_size)?], &[&selector(signature)[..], data].concat())
    }

    #[test]
    fn published_texts() {
        let vectors = crate::tests::vectors();
        let published = &vectors["parallel_dag"]["critical_strings"];
        let signature = published["function"].as_str().unwrap();
        let minus = U256::from(11_111_111u64).wrapping_neg();
        let data = encode(&[
            Value::Text("aaaaaaa".into()),
            Value::Uint(U256::from(111_111_111u64)),
            Value::Uint(minus),
        ]);
        let texts: Vec<Bytes> = published["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| Bytes::from(text.as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(arguments(signature, "3", &data), Some(texts.clone()));
        assert_eq!(arguments(signature, "1", &data), Some(texts[..1].to_vec()));
    }

    #[test]
    fn addresses_are_hex() {
        let data = encode(&[Value::Address([0xab; 20])]);
        assert_eq!(arguments("f(address)", "1", &data), Some(vec!["ab".repeat(20).into()]));
    }

    #[test]
    fn a_registration_must_be_of_use() {
        assert!(function("f(string,uint256[])", "1").is_some());
        for (signature, size) in [
            ("f(string,uint256[])", "2"),
            ("f(bytes32)", "1"),
            ("f(string)", "2"),
            ("f()", "1"),
            ("f(string", "1"),
            ("string)", "1"),
            ("f(string)", "-1"),
            ("f(string)", "115792089237316195423570985008687907853269984665640564039457584007913129639935"),
        ] {
            assert_eq!(function(signature, size), None, "{signature} {size}");
        }
    }

    #[test]
    fn data_must_bear_what_was_registered() {
        let data = encode(&[Value::Text("alice".into()), Value::Uint(U256::ONE)]);
        let of = |data: &[u8]| arguments("f(string,uint256)", "2", data);
        assert_eq!(of(&data), Some(vec!["alice".into(), "1".into()]));
        for length in 0..32 + 32 + 32 + 5 {
            assert_eq!(of(&data[..length]), None, "{length}");
        }
        let functions = [function("f(string)", "1").unwrap()];
        assert_eq!(named_arguments(&functions, &selector("g(string)")), None);
        assert_eq!(named_arguments(&functions, &selector("f(string)")[..3]), None);
        // No argument is critical: nothing is named, which is to say nothing.
        assert_eq!(of_arguments(&[0; 20], arguments("f(string,uint256)", "0", &data)), None);
    }
}
