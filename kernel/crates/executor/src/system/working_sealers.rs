//! WorkingSealerManager 0x1011: which sealers work in the next epoch of rPBFT (execution §8).
//!
//! The leader proves with a verifiable random function over the parent's hash that it did not choose; the random number
//! of the proof does. Whoever leaves and whoever comes is drawn from the same number.

use std::sync::Arc;

use bytes::Bytes;
use hansa_crypto::SUITE;
use hansa_evm::U256;
use hansa_privacy::curve25519_vrf_verify;
use hansa_state::{names, Access, Condition, Table};

use super::gas::MemoryRule;
use super::{abi, Answer, Call, Exception, Interface};
use crate::text::{from_hex, hex};

/// The text whose hash is the selector: not a canonical signature, but what every node hashes.
const ROTATE: &str = "rotateWorkingSealer(std::string, std::string, std::string)";

/// The one key under which all nodes are.
const KEY: &[u8] = b"node";

const SEALER: &str = "sealer";
const WORKING_SEALER: &str = "wSealer";

pub(crate) fn working_sealer_manager() -> Interface<()> {
    let methods: [(_, super::Handler<()>); 1] = [(ROTATE, |call, (), arguments| {
        let [public_key, input, proof] = [(); 3].map(|()| arguments.text());
        rotate(call, &public_key, &input, &proof)
    })];
    Interface::new(MemoryRule::ResultOnly, abi::nothing, &methods)
}

/// A system parameter and since when it is in force.
struct Parameter {
    value: u64,
    enable_num: u64,
}

fn parameter(call: &Call<'_, '_>, key: &str) -> Result<Parameter, Exception> {
    let config = call.system_table(names::CONFIG)?;
    let number = |field| -> Result<u64, Exception> {
        let text = call.world.session.first_field(&config, key.as_bytes(), field)?.unwrap_or_default();
        Ok(std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).unwrap_or(0))
    };
    Ok(Parameter { value: number("value")?, enable_num: number("enable_num")? })
}

/// A node as its row has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    id: Vec<u8>,
    text: Bytes,
}

fn nodes(
    call: &Call<'_, '_>,
    table: &Table,
    kind: &'static str,
    parent: u64,
) -> Result<Vec<Node>, Exception> {
    let mut condition = Condition::all();
    condition.equal("type", kind);
    condition.less_or_equal("enable_num", parent.to_string());
    let rows = call.world.session.select(table, KEY, &condition)?;
    let texts = rows.iter().filter_map(|row| row.get(table.schema(), "node_id").cloned());
    Ok(texts.filter_map(|text| Some(Node { id: from_hex(&text)?, text })).collect())
}

fn rotate(call: &mut Call<'_, '_>, public_key: &Bytes, input: &Bytes, proof: &Bytes) -> Answer {
    let parent = call.world.block.current_number.saturating_sub(1);
    let table = call.system_table(names::CONSENSUS)?;
    let working = nodes(call, &table, WORKING_SEALER, parent)?;
    let pending = nodes(call, &table, SEALER, parent)?;
    let epoch_sealers = parameter(call, "rpbft_epoch_sealer_num")?;
    let epoch_blocks = parameter(call, "rpbft_epoch_block_num")?;
    let is_notified = parameter(call, "notify_rotate")?.value == 1;

    let sealers = working.len() + pending.len();
    let size = usize::try_from(epoch_sealers.value).unwrap_or(usize::MAX);
    let since = parent.checked_sub(epoch_blocks.enable_num);
    let is_due = is_notified
        || epoch_sealers.enable_num == parent
        || working.len() < size.min(sealers)
        || since.and_then(|since| since.checked_rem(epoch_blocks.value)) == Some(0);
    if !is_due {
        return Ok(Vec::new());
    }

    let random = verified(call, parent, &working, public_key, input, proof)?;
    let (leaving, coming) = counts(working.len(), pending.len(), size);
    for node in choose(working, leaving, random) {
        set_type(call, &table, &node, SEALER)?;
    }
    for node in choose(pending, coming, random) {
        set_type(call, &table, &node, WORKING_SEALER)?;
    }
    if is_notified {
        let config = call.system_table(names::CONFIG)?;
        let fields = [("value", Bytes::from_static(b"0")), ("enable_num", call.current_number())];
        call.world.session.update(&config, b"notify_rotate", fields, &Condition::all(), Access::System)?;
    }
    Ok(Vec::new())
}

/// The random number of the proof, if it is one and comes from a working sealer.
fn verified(
    call: &Call<'_, '_>,
    parent: u64,
    working: &[Node],
    public_key: &Bytes,
    input: &Bytes,
    proof: &Bytes,
) -> Result<U256, Exception> {
    let parent_hash = hex(&call.world.block.block_hash(parent)?);
    if *input != parent_hash {
        return Err(Exception::thrown("rotateWorkingSealer: the input is not the hash of the parent block"));
    }
    let Some(random) = curve25519_vrf_verify(input, public_key, proof) else {
        return Err(Exception::thrown("rotateWorkingSealer: the proof is not valid"));
    };
    let account = |node: &Node| Some(SUITE.address(node.id.as_slice().try_into().ok()?));
    if !working.is_empty() && !working.iter().any(|node| account(node).as_ref() == Some(call.world.origin()))
    {
        return Err(Exception::thrown("rotateWorkingSealer: the sender is not a working sealer"));
    }
    Ok(U256::from_be_bytes(random))
}

/// How many leave and how many come, so that there are `size` if there can be.
fn counts(working: usize, pending: usize, size: usize) -> (usize, usize) {
    if working + pending <= 1 || pending == 0 && working <= size {
        return (0, 0);
    }
    match working.cmp(&size) {
        std::cmp::Ordering::Greater => (working - size, 0),
        std::cmp::Ordering::Less => (0, pending.min(size - working)),
        std::cmp::Ordering::Equal => (1, 1),
    }
}

/// Draw `count` nodes: sort, shuffle by the number, take the first.
fn choose(mut nodes: Vec<Node>, count: usize, random: U256) -> Vec<Node> {
    nodes.sort_unstable();
    let mut random = random;
    for last in (1..nodes.len()).rev() {
        let drawn = usize::try_from(random % U256::from(last + 1)).unwrap_or_default();
        nodes.swap(last, drawn);
        random = U256::from_be_bytes(SUITE.hash(drawn.to_string().as_bytes()));
    }
    nodes.truncate(count);
    nodes
}

fn set_type(
    call: &mut Call<'_, '_>,
    table: &Arc<Table>,
    node: &Node,
    kind: &'static str,
) -> Result<(), Exception> {
    let mut condition = Condition::all();
    condition.equal("node_id", node.text.clone());
    let fields = [("type", Bytes::from_static(kind.as_bytes())), ("enable_num", call.current_number())];
    call.world.session.update(table, KEY, fields, &condition, Access::System)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Working and pending sealers and the size of an epoch, and what comes of them (upstream test).
    #[test]
    fn the_working_set_grows_and_shrinks_to_its_size() {
        for (working, pending, size, after) in [
            (4, 6, 4, (4, 6)),
            (4, 4, 6, (6, 2)),
            (4, 1, 6, (5, 0)),
            (3, 1, 6, (4, 0)),
            (0, 3, 6, (3, 0)),
            (6, 2, 4, (4, 4)),
            (1, 0, 1, (1, 0)),
        ] {
            let (leaving, coming) = counts(working, pending, size);
            assert_eq!((working - leaving + coming, pending + leaving - coming), after);
        }
    }

    /// Positions in the sorted list, drawn from the random number of a published proof.
    #[test]
    fn nodes_are_drawn_from_the_proof() {
        let random = from_hex(b"d399a59e4c3b1f9718d154cee72771bf55be65eabe2fdd5c3e98841d33cf1c09").unwrap();
        let random = U256::from_be_slice(&random);
        for (count, drawn, expected) in
            [(10u8, 1, vec![2u8]), (10, 4, vec![2, 3, 4, 9]), (6, 1, vec![0]), (4, 2, vec![2, 3])]
        {
            let nodes =
                (0..count).rev().map(|index| Node { id: vec![index; 64], text: Bytes::new() }).collect();
            let chosen: Vec<u8> = choose(nodes, drawn, random).iter().map(|node| node.id[0]).collect();
            assert_eq!(chosen, expected, "{drawn} of {count}");
        }
    }
}
