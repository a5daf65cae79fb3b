//! The life of one transaction: gas before, the machine, gas after, the receipt (execution §1.3, §1.4, §1.15).

use bytes::Bytes;
use hansa_codec::{Bloom, LogEntry, Receipt, Status, Suite};
use hansa_evm::{Address, Kind, Message, TransactionContext, U256};

use crate::account::Account;
use crate::block::BlockRun;
use crate::parameters::listed_chargers;
use crate::schedule::Turn;
use crate::system::{is_committee_member, GOVERNANCE};
use crate::world::World;
use crate::ExecutionError;

const CALL_COST: u64 = 21_000;
const CREATION_COST: u64 = 53_000;
const ZERO_BYTE_COST: u64 = 4;
const NONZERO_BYTE_COST: u64 = 68;

/// What a transaction is charged before it runs when storage is free.
const FREE_STORAGE_COST: u64 = 20_000;

/// What a transaction asks for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) origin: Address,
    /// `None` creates a contract.
    pub(crate) to: Option<Address>,
    pub(crate) value: U256,
    /// Only caps the refund.
    pub(crate) gas: U256,
    pub(crate) gas_price: U256,
    pub(crate) data: Bytes,
    /// Is it a read-only call, which nobody signed?
    pub(crate) is_call: bool,
}

/// What it came to.
#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) status: Status,
    pub(crate) gas_used: U256,
    pub(crate) output: Bytes,
    pub(crate) contract: Option<Address>,
    pub(crate) logs: Vec<LogEntry>,
    /// What is left of the origin's prepaid gas, if gas is charged for.
    pub(crate) remaining_gas: U256,
}

impl Executed {
    fn refused(status: Status, gas_used: u64) -> Self {
        Self {
            status,
            gas_used: U256::from(gas_used),
            output: Bytes::new(),
            contract: None,
            logs: Vec::new(),
            remaining_gas: U256::ZERO,
        }
    }

    /// The receipt; its state root is the block's, known later.
    pub(crate) fn into_receipt(self, suite: Suite) -> Receipt {
        Receipt {
            state_root: [0; 32],
            gas_used: hansa_codec::U256(self.gas_used.to_be_bytes()),
            contract_address: self.contract.unwrap_or_default(),
            bloom: Bloom::of(suite, &self.logs),
            status: self.status.code(),
            output: self.output.into(),
            remain_gas: hansa_codec::U256(self.remaining_gas.to_be_bytes()),
            logs: self.logs,
        }
    }
}

/// Who pays for the gas (§1.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payer {
    /// Nobody keeps accounts on this chain.
    Uncounted,
    /// The origin goes free, and its gas is reported as 0.
    Exempt,
    /// The origin pays from this much.
    Prepaid(U256),
}

/// Run a transaction on the state of its block.
pub(crate) fn execute(
    block: &BlockRun<'_>,
    request: &Request,
    turn: Turn,
) -> Result<Executed, ExecutionError> {
    let schedule = block.rules.machine.schedule();
    let limit = block.parameters.gas_limit;
    // The check is by the ordinary formula, whatever is charged (§1.3).
    let formula = intrinsic_gas(request.to.is_none(), &request.data);
    if formula > limit {
        return Ok(Executed::refused(Status::OutOfGasIntrinsic, limit));
    }
    let charged = if schedule.code_is_free { FREE_STORAGE_COST } else { formula };
    if charged > limit {
        return Ok(Executed::refused(Status::OutOfGasBase, limit));
    }
    // Balances are 0, so nobody can endow a contract (§1.6, §11).
    if request.to.is_none() && !request.value.is_zero() {
        return Ok(Executed::refused(Status::NotEnoughCash, charged));
    }

    let context = TransactionContext { origin: request.origin, gas_price: request.gas_price };
    let mut world = World::new(block, context, turn);
    let payer = payer(&mut world, request)?;
    if let Payer::Prepaid(gas) = payer {
        if gas < U256::from(charged) {
            return Ok(Executed { remaining_gas: gas, ..Executed::refused(Status::NotEnoughRemainGas, 0) });
        }
    }
    let outcome = block.rules.machine.run(&mut world, message(request, limit - charged))?;
    block.objects.end(turn, &world.addresses);
    let destroyed = world.destroy_marked()?;
    let earned = world.cleared_slots * schedule.slot_clear_refund + destroyed * schedule.self_destruct_refund;
    let refund = capped_refund(earned, outcome.gas_left, request.gas);
    let used = U256::from(limit.saturating_sub(outcome.gas_left));
    let (gas_used, remaining_gas) = match payer {
        // A refund can exceed what was used: then the receipt bears the wrapped difference (§1.3).
        Payer::Uncounted => (used.wrapping_sub(refund), U256::ZERO),
        Payer::Exempt => (U256::ZERO, U256::ZERO),
        Payer::Prepaid(gas) => {
            // Whoever lost all gas to a failure pays for having come only. Nobody earns prepaid gas by refunds.
            let price = if outcome.gas_left == 0 { U256::from(charged) } else { used.saturating_sub(refund) };
            let left = gas.saturating_sub(price);
            let account = Account::open_or_create(&mut world.session, &request.origin)?;
            account.set_remaining_gas(&mut world.session, left)?;
            (price, left)
        }
    };
    Ok(Executed {
        status: outcome.status,
        gas_used,
        output: if outcome.created.is_some() { Bytes::new() } else { outcome.output },
        contract: outcome.created,
        logs: world.logs,
        remaining_gas,
    })
}

fn payer(world: &mut World<'_>, request: &Request) -> Result<Payer, ExecutionError> {
    if !world.block.parameters.charges_gas || request.is_call {
        return Ok(Payer::Uncounted);
    }
    let is_exempt = request.to == Some(GOVERNANCE)
        || listed_chargers(&world.session)?.contains(&request.origin)
        || is_committee_member(&world.session, world.origin_text().as_bytes())?;
    if is_exempt {
        return Ok(Payer::Exempt);
    }
    Ok(Payer::Prepaid(match world.account(&request.origin)? {
        Some(account) => account.remaining_gas(&world.session)?,
        None => U256::ZERO,
    }))
}

fn message(request: &Request, gas: u64) -> Message {
    let receiver = request.to.unwrap_or_default();
    Message {
        kind: if request.to.is_some() { Kind::Call } else { Kind::Create },
        depth: 0,
        is_static: false,
        gas,
        sender: request.origin,
        recipient: receiver,
        code_address: receiver,
        value: request.value,
        input: request.data.clone(),
    }
}

fn intrinsic_gas(creates: bool, data: &[u8]) -> u64 {
    let base = if creates { CREATION_COST } else { CALL_COST };
    let byte_cost = |byte: &u8| if *byte == 0 { ZERO_BYTE_COST } else { NONZERO_BYTE_COST };
    base + data.iter().map(byte_cost).sum::<u64>()
}

/// What cleared slots and destroyed contracts earned is capped at half of what the transaction used of its own gas field.
/// That field is mostly below what is left: then the difference wraps, and there is no cap (§1.3).
fn capped_refund(earned: u64, left: u64, gas: U256) -> U256 {
    let cap = gas.wrapping_sub(U256::from(left)) / U256::from(2);
    cap.min(U256::from(earned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intrinsic_gas_counts_bytes() {
        assert_eq!(intrinsic_gas(false, &[]), 21_000);
        assert_eq!(intrinsic_gas(true, &[]), 53_000);
        assert_eq!(intrinsic_gas(true, &[1; 692]), 100_056);
        assert_eq!(intrinsic_gas(false, &[0, 1]), 21_072);
    }

    #[test]
    fn a_refund_is_capped_unless_the_gas_field_is_small() {
        assert_eq!(capped_refund(15_000, 299_980_000, U256::from(300_000_000)), U256::from(10_000));
        assert_eq!(capped_refund(15_000, 299_980_000, U256::from(30_000_000)), U256::from(15_000));
    }
}
