//! Crypto 0x5006, Paillier 0x5003, GroupSig 0x5004 and RingSig 0x5005 (execution §2.16, §2.17). What they compute is in
//! `hansa-privacy`; here are their faces and their prices.

use bytes::Bytes;
use hansa_crypto::{keccak256, sm3, Suite};
use hansa_evm::U256;
use hansa_privacy as privacy;

use super::abi::{self, Value};
use super::gas::{MemoryRule, Operation};
use super::{codes, Interface};

const BAD_CIPHERTEXTS: i64 = -51_600;
const BAD_GROUP_SIGNATURE: i64 = -51_700;
const BAD_RING_SIGNATURE: i64 = -51_800;

pub(crate) fn crypto(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 4] = [
        ("sm3(bytes)", |_, (), arguments| Ok(sm3(&arguments.text()).to_vec())),
        ("keccak256Hash(bytes)", |_, (), arguments| Ok(keccak256(&arguments.text()).to_vec())),
        ("sm2Verify(bytes32,bytes,bytes32,bytes32)", |_, (), arguments| {
            let (message, key) = (arguments.uint().to_be_bytes(), arguments.text());
            let (r, s) = (arguments.uint().to_be_bytes::<32>(), arguments.uint().to_be_bytes::<32>());
            let signature = [&r[..], &s, &key].concat();
            let signer = Suite::Sm.recover(&message, &signature).map(|key| Suite::Sm.address(&key));
            Ok(abi::encode(&[Value::Bool(signer.is_some()), Value::Address(signer.unwrap_or_default())]))
        }),
        ("curve25519VRFVerify(string,string,string)", |_, (), arguments| {
            let [input, key, proof] = [(); 3].map(|()| arguments.text());
            let random = privacy::curve25519_vrf_verify(&input, &key, &proof);
            let number = random.map_or(U256::ZERO, U256::from_be_bytes);
            Ok(abi::encode(&[Value::Bool(random.is_some()), Value::Uint(number)]))
        }),
    ];
    Interface::new(suite, MemoryRule::CallData, unknown, &methods)
}

/// The code as 32 bits without sign, as clients of this contract have always had it (§2.0).
fn unknown() -> Vec<u8> {
    abi::encode(&[Value::Uint(U256::from(codes::UNKNOWN_FUNCTION as u32))])
}

pub(crate) fn paillier(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 1] = [("paillierAdd(string,string)", |call, (), arguments| {
        let (left, right) = (arguments.text(), arguments.text());
        let Ok(sum) = privacy::paillier_add(&left, &right) else { return Ok(abi::code(BAD_CIPHERTEXTS)) };
        call.gas.charge(Operation::Prove, 1);
        Ok(abi::encode(&[Value::Text(Bytes::from(sum))]))
    })];
    Interface::new(suite, MemoryRule::CallData, abi::unknown_function, &methods)
}

pub(crate) fn group_signature(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 1] =
        [("groupSigVerify(string,string,string,string)", |call, (), arguments| {
            let [signature, message, key, parameters] = [(); 4].map(|()| arguments.text());
            let Ok(valid) = privacy::group_signature_verify(&signature, &message, &key, &parameters) else {
                return Ok(abi::code(BAD_GROUP_SIGNATURE));
            };
            call.gas.charge(Operation::Prove, 1);
            Ok(abi::encode(&[Value::Bool(valid)]))
        })];
    Interface::new(suite, MemoryRule::CallData, abi::unknown_function, &methods)
}

pub(crate) fn ring_signature(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 1] =
        [("ringSigVerify(string,string,string)", |call, (), arguments| {
            let [signature, message, parameters] = [(); 3].map(|()| arguments.text());
            let Ok(valid) = privacy::ring_signature_verify(&signature, &message, &parameters) else {
                return Ok(abi::code(BAD_RING_SIGNATURE));
            };
            call.gas.charge(Operation::Prove, 1);
            Ok(abi::encode(&[Value::Bool(valid)]))
        })];
    Interface::new(suite, MemoryRule::CallData, abi::unknown_function, &methods)
}
