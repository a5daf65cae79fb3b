//! SystemConfig 0x1000 (execution §2.1). A value is in force from the next block.

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_state::{names, Condition};

use super::call::written_code;
use super::gas::MemoryRule;
use super::{abi, Interface};

const BAD_VALUE: i64 = -51_300;

/// The parameters that are integers, with the least and the greatest value.
const INTEGERS: [(&[u8], i64, i64); 5] = [
    (b"tx_count_limit", 1, i64::MAX),
    (b"tx_gas_limit", 100_000, i64::MAX),
    (b"rpbft_epoch_sealer_num", 1, i64::MAX),
    (b"rpbft_epoch_block_num", 2, i64::MAX),
    (b"consensus_timeout", 3, 4_294_966),
];

/// The parameter that is a switch.
const CHARGE_SWITCH: &[u8] = b"enable_charge_mgr";

pub(crate) fn system_config(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 1] = [("setValueByKey(string,string)", |call, (), arguments| {
        let (key, value) = (arguments.text().to_ascii_lowercase(), arguments.text());
        if !is_valid(&key, &value) {
            return Ok(abi::code(BAD_VALUE));
        }
        let config = call.system_table(names::CONFIG)?;
        let is_new = call.world.session.select(&config, &key, &Condition::all())?.is_empty();
        let fields: [(&str, Bytes); 2] = [("value", value), ("enable_num", call.current_number())];
        let written = call.as_origin(|session, access| match is_new {
            true => session.insert(&config, &key, fields, access),
            false => session.update(&config, &key, fields, &Condition::all(), access),
        })?;
        Ok(abi::code(written_code(written)))
    })];
    Interface::new(suite, MemoryRule::ResultOnly, || abi::code(0), &methods)
}

fn is_valid(key: &[u8], value: &[u8]) -> bool {
    if key == CHARGE_SWITCH {
        return value == b"on" || value == b"off";
    }
    let number: Option<i64> = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    let range = INTEGERS.iter().find(|(name, ..)| *name == key);
    number.zip(range).is_some_and(|(number, (_, least, greatest))| (*least..=*greatest).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn values_are_checked_by_key() {
        assert!(is_valid(b"tx_count_limit", b"1") && !is_valid(b"tx_count_limit", b"0"));
        assert!(is_valid(b"tx_gas_limit", b"100000") && !is_valid(b"tx_gas_limit", b"99999"));
        assert!(is_valid(b"consensus_timeout", b"4294966") && !is_valid(b"consensus_timeout", b"4294967"));
        assert!(is_valid(b"enable_charge_mgr", b"on") && !is_valid(b"enable_charge_mgr", b"1"));
        assert!(!is_valid(b"tx_count_limit", b" 5") && !is_valid(b"tx_count_limit", b"1e3"));
        assert!(!is_valid(b"notify_rotate", b"1"));
    }
}
