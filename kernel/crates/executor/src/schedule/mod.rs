//! Which transactions of a block may run at the same time, and how they do (execution §6).
//!
//! 1. [`criticals`] says of each transaction what it works on, as far as anybody declared it: the developer of a contract
//!    who registered a function, or DagTransfer for its methods. All others run alone.
//! 2. [`dag`] makes an order of that: who waits for whom.
//! 3. [`Plan::run`] follows the order on all cores, or goes through the block one by one.
//!
//! What was declared is only believed, and may be wrong. The state notices when two transactions that ran beside each
//! other met after all (`hansa_state`); then the block is run again one by one. So the result never depends on what was
//! declared, on the number of cores or on chance: it is always that of one after the other.

mod criticals;
mod dag;
pub(crate) mod registered;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::OnceLock;

use hansa_codec::Receipt;
use rayon::Scope;

use self::dag::Dag;
use crate::block::BlockRun;
use crate::transaction::{self, Request};
use crate::ExecutionError;

/// When a transaction runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Its place in the block.
    pub(crate) position: u32,
    /// Does it run when all before it are done, and none after it has begun?
    pub(crate) alone: bool,
}

impl Turn {
    /// The turn of a transaction that is all there is.
    pub(crate) const ONLY: Self = Self { position: 0, alone: true };
}

type Outcome = Result<Receipt, ExecutionError>;

/// The order in which the transactions of a block run.
pub(crate) struct Plan {
    requests: Vec<Request>,
    turns: Vec<Turn>,
    dag: Dag,
}

impl Plan {
    /// What is registered counts as of the block before (§6.2).
    pub(crate) fn new(run: &BlockRun<'_>, requests: Vec<Request>) -> Result<Self, ExecutionError> {
        let criticals = criticals::of_all(run, &requests)?;
        let turn = |(index, criticals): (usize, &Option<_>)| Turn {
            position: index as u32,
            alone: criticals.is_none(),
        };
        let turns = criticals.iter().enumerate().map(turn).collect();
        Ok(Self { requests, turns, dag: Dag::new(&criticals) })
    }

    /// Can anything run at the same time?
    pub(crate) fn is_wide(&self) -> bool {
        self.dag.is_wide()
    }

    /// One after the other; the receipts in the order of the block.
    pub(crate) fn run_in_order(&self, run: &BlockRun<'_>) -> Result<Vec<Receipt>, ExecutionError> {
        (0..self.requests.len()).map(|index| self.execute(run, index)).collect()
    }

    /// On all cores; the receipts in the order of the block. They count only if the state is in order afterwards.
    pub(crate) fn run_together(&self, run: &BlockRun<'_>) -> Result<Vec<Receipt>, ExecutionError> {
        let together = Together {
            plan: self,
            run,
            waits_for: self.dag.predecessor_counts().map(AtomicU32::new).collect(),
            outcomes: self.requests.iter().map(|_| OnceLock::new()).collect(),
        };
        rayon::scope(|scope| {
            let ready: Vec<u32> = self.dag.ready().collect();
            for part in
                ready.chunks(ready.len().div_ceil(PARTS_PER_CORE * rayon::current_num_threads()).max(1))
            {
                let (part, together) = (part.to_vec(), &together);
                scope.spawn(move |scope| part.into_iter().for_each(|index| together.follow(index, scope)));
            }
        });
        // The order of the errors is that of the block. Transactions that were left out say that the state is not in order.
        together.outcomes.into_iter().filter_map(OnceLock::into_inner).collect()
    }

    fn execute(&self, run: &BlockRun<'_>, index: usize) -> Outcome {
        let (Some(request), Some(turn)) = (self.requests.get(index), self.turns.get(index)) else {
            return Err(ExecutionError::NoSender { index });
        };
        transaction::execute(run, request, *turn).map(|executed| executed.into_receipt(run.rules.suite))
    }
}

/// Into how many parts per core the transactions that need not wait are split, so that all cores finish together.
const PARTS_PER_CORE: usize = 16;

/// A block that runs on many cores.
struct Together<'a> {
    plan: &'a Plan,
    run: &'a BlockRun<'a>,
    /// How many transactions each one still waits for.
    waits_for: Vec<AtomicU32>,
    outcomes: Vec<OnceLock<Outcome>>,
}

impl<'a> Together<'a> {
    /// Run a transaction that waits for nobody, and then whoever waited for nobody else.
    fn follow<'s>(&'s self, index: u32, scope: &Scope<'s>) {
        let mut next = Some(index);
        while let Some(index) = next.take() {
            // Nothing that is made of a state out of order counts.
            if self.run.state.is_in_order() {
                if let Some(outcome) = self.outcomes.get(index as usize) {
                    let _first = outcome.set(self.plan.execute(self.run, index as usize));
                }
            }
            for successor in self.plan.dag.successors(index).iter().copied() {
                if !self.is_last_awaited_by(successor) {
                    continue;
                }
                match next {
                    None => next = Some(successor),
                    Some(_) => scope.spawn(move |scope| self.follow(successor, scope)),
                }
            }
        }
    }

    fn is_last_awaited_by(&self, index: u32) -> bool {
        let waits_for = self.waits_for.get(index as usize);
        waits_for.is_some_and(|count| count.fetch_sub(1, Ordering::AcqRel) == 1)
    }
}
