//! Blocks and read-only calls on a committed state.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hansa_codec::{merkle, Block, Header, Receipt, Status, Suite, Transaction, TransactionList};
use hansa_evm::{Address, BlockContext, GasSchedule, Hash, Machine, U256};
use hansa_state::{
    Access, BlockChanges, BlockState, CommittedState, Condition, Session, StateError, StateReader,
};

use rayon::prelude::*;

use crate::account::{self, Account};
use crate::block::{BlockRun, Rules};
use crate::code::CodeCache;
use crate::contract::{Contract, Installed};
use crate::parameters::Parameters;
use crate::schedule::{Plan, Turn};
use crate::system::{Registry, TemporaryObjects};
use crate::transaction::{self, Request};
use crate::ExecutionError;

/// The gas a read-only call says it brings; it may use `tx_gas_limit` like any other (execution §1.13).
const CALL_GAS: u64 = 0x7fff_ffff_ffff_ffff;

/// Answers the hashes of committed blocks.
pub trait BlockHashes: Send + Sync {
    /// The hash at a height; `None` if there is no block yet.
    fn hash_of(&self, number: u64) -> Result<Option<Hash>, StateError>;
}

/// What is the same for the whole life of a chain on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What the chain hashes and signs with.
    pub suite: Suite,
    /// What decoded rows may take in memory, in bytes.
    pub cache_bytes: usize,
    /// Was the chain made with `enable_free_storage`?
    pub free_storage: bool,
    /// May transactions run at the same time? What comes of a block is the same either way.
    pub parallel: bool,
}

/// A row the genesis brings: its table and its fields.
pub type GenesisRow = (String, Vec<(String, String)>);

/// A block with its receipts and its effects, not yet durable.
pub struct ExecutedBlock {
    block: Block,
    changes: BlockChanges,
    durations: Durations,
}

impl ExecutedBlock {
    /// Header filled, receipts attached, no signatures.
    #[must_use]
    pub fn block(&self) -> &Block {
        &self.block
    }

    /// What is to be written, and what [`Executor::apply`] takes.
    #[must_use]
    pub fn changes(&self) -> &BlockChanges {
        &self.changes
    }

    /// Where the time went.
    #[must_use]
    pub fn durations(&self) -> &Durations {
        &self.durations
    }
}

/// How long each stage of a block took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Durations {
    /// Recover senders that are not known yet.
    pub recover: Duration,
    /// Read what is sure to be needed, find out who waits for whom.
    pub plan: Duration,
    /// Run the transactions.
    pub run: Duration,
    /// The state root, and the rows to be written.
    pub root: Duration,
    /// The hashes of the receipts and their root.
    pub receipts: Duration,
}

/// A read-only call (execution §1.13).
#[derive(Debug, Clone)]
pub struct CallRequest {
    /// Who calls; not authenticated.
    pub sender: Address,
    /// Whom.
    pub to: Address,
    /// With what.
    pub data: Bytes,
    /// CALLVALUE.
    pub value: hansa_codec::U256,
    /// The committed height, which is also NUMBER.
    pub height: u64,
    /// TIMESTAMP: that of the committed head, in milliseconds.
    pub timestamp: u64,
}

/// What a read-only call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallResult {
    /// As in a receipt.
    pub status: Status,
    /// As in a receipt.
    pub output: Bytes,
    /// As in a receipt.
    pub gas_used: hansa_codec::U256,
}

/// The world state of one group, and the rules that change it.
pub struct Executor {
    committed: Arc<CommittedState>,
    rules: Rules,
    parallel: bool,
}

impl Executor {
    /// An executor on what `reader` holds.
    #[must_use]
    pub fn new(reader: Box<dyn StateReader>, hashes: Box<dyn BlockHashes>, settings: Settings) -> Self {
        let schedule = if settings.free_storage { GasSchedule::FREE_STORAGE } else { GasSchedule::NORMAL };
        let suite = settings.suite;
        Self {
            committed: Arc::new(CommittedState::new(suite, reader, settings.cache_bytes)),
            rules: Rules {
                suite,
                machine: Machine::new(suite, schedule),
                registry: Registry::new(suite),
                codes: CodeCache::new(),
                hashes,
            },
            parallel: settings.parallel,
        }
    }

    /// What the chain hashes and signs with.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.rules.suite
    }

    /// Put a contract at an address, in place of what is there. Before `first_block` the address is empty.
    pub fn install(&mut self, address: Address, first_block: u64, contract: Box<dyn Contract>) {
        self.rules.registry.install(address, Box::new(Installed { first_block, contract }));
    }

    /// Block 0: the rows are written, nothing enters a root (data model §6.3).
    pub fn genesis(&self, header: Header, rows: &[GenesisRow]) -> Result<ExecutedBlock, ExecutionError> {
        let state = BlockState::new(Arc::clone(&self.committed));
        let mut session = Session::new(&state);
        for (name, fields) in rows {
            let table = session.open(name)?.ok_or_else(|| ExecutionError::GenesisTable(name.clone()))?;
            let key = fields.iter().find(|(field, _)| *field == table.schema().key_field());
            let key = key.map_or(&[][..], |(_, value)| value.as_bytes());
            let values = fields.iter().map(|(field, value)| (field.as_str(), Bytes::from(value.clone())));
            session.insert(&table, key, values, Access::System)?;
        }
        let changes = state.changes(header.number)?;
        let root = header.transactions_root;
        let block = Block::propose(self.rules.suite, header, Arc::new(TransactionList::default()));
        // A genesis has no transactions and says so with zeros, not with the root of nothing.
        let header = Header { transactions_root: root, ..Header::clone(block.header()) };
        let block = block.with_receipts(header, Vec::new()).map_err(ExecutionError::Assembly)?;
        Ok(ExecutedBlock { block, changes, durations: Durations::default() })
    }

    /// Run a block on the committed state. What comes of it is what comes of one transaction after the other.
    pub fn execute(&self, block: &Block) -> Result<ExecutedBlock, ExecutionError> {
        if block.suite() != self.rules.suite {
            return Err(ExecutionError::OtherSuite);
        }
        let header = block.header();
        self.check_next(header)?;
        let mut durations = Durations::default();
        let mut watch = Stopwatch::start();
        let transactions = block.transactions();
        if let Some(index) = transactions.recover_senders().first() {
            return Err(ExecutionError::NoSender { index: *index });
        }
        durations.recover = watch.lap();

        let context = BlockContext { number: header.number, timestamp: header.timestamp };
        let requests =
            transactions.iter().enumerate().map(|(index, transaction)| request(index, transaction));
        let requests = requests.collect::<Result<_, _>>()?;
        let run = self.run(context, header.number)?;
        prefetch(&run, transactions)?;
        let plan = Plan::new(&run, requests)?;
        durations.plan = watch.lap();

        let (run, mut receipts) = self.follow(&plan, run)?;
        durations.run = watch.lap();

        let (root, changes) = rayon::join(|| run.state.root(), || run.state.changes(header.number));
        let changes = changes?;
        durations.root = watch.lap();

        let hashes = seal_receipts(self.rules.suite, &mut receipts, &root);
        let header = Header {
            state_root: root,
            db_hash: root,
            receipts_root: merkle::root(self.rules.suite, &hashes),
            ..Header::clone(header)
        };
        let block = block.with_receipts(header, receipts).map_err(ExecutionError::Assembly)?;
        durations.receipts = watch.lap();
        Ok(ExecutedBlock { block, changes, durations })
    }

    /// Run the transactions, if need be a second time.
    pub(crate) fn follow<'a>(
        &'a self,
        plan: &Plan,
        run: BlockRun<'a>,
    ) -> Result<(BlockRun<'a>, Vec<Receipt>), ExecutionError> {
        if !self.parallel || !plan.is_wide() || rayon::current_num_threads() == 1 {
            let receipts = plan.run_in_order(&run)?;
            return Ok((run, receipts));
        }
        let receipts = plan.run_together(&run);
        if run.state.is_in_order() {
            return Ok((run, receipts?));
        }
        let again = self.run(run.context, run.current_number)?;
        let receipts = plan.run_in_order(&again)?;
        Ok((again, receipts))
    }

    /// The block became durable: its rows are the committed state now.
    pub fn apply(&self, executed: &ExecutedBlock) {
        self.apply_changes(&executed.changes);
    }

    pub(crate) fn apply_changes(&self, changes: &BlockChanges) {
        self.committed.apply(changes);
    }

    /// A read-only call on the committed head. A block that is applied while it runs may be seen in parts.
    pub fn call(&self, call: CallRequest) -> Result<CallResult, ExecutionError> {
        let context = BlockContext { number: call.height, timestamp: call.timestamp };
        let run = self.run(context, call.height.saturating_add(1))?;
        let request = Request {
            origin: call.sender,
            to: Some(call.to),
            value: word(&call.value),
            gas: U256::from(CALL_GAS),
            gas_price: U256::ONE,
            data: call.data,
            is_call: true,
        };
        let executed = transaction::execute(&run, &request, Turn::ONLY)?;
        Ok(CallResult {
            status: executed.status,
            output: executed.output,
            gas_used: hansa_codec::U256(executed.gas_used.to_be_bytes()),
        })
    }

    /// Committed rows of one key, in row order; empty if there is no such table.
    pub fn select(&self, table: &str, key: &[u8]) -> Result<Vec<Vec<(String, Bytes)>>, ExecutionError> {
        let state = BlockState::new(Arc::clone(&self.committed));
        let session = Session::new(&state);
        let Some(table) = session.open(table)? else { return Ok(Vec::new()) };
        let rows = session.select(&table, key, &Condition::all())?;
        let named = |values: &hansa_state::Values| {
            let fields = table.schema().fields().zip(values.iter());
            fields.filter_map(|(field, value)| Some((field.to_owned(), value.clone()?))).collect()
        };
        Ok(rows.iter().map(|row| named(row.values())).collect())
    }

    /// The code of a contract; empty if there is none.
    pub fn code(&self, address: &Address) -> Result<Bytes, ExecutionError> {
        let state = BlockState::new(Arc::clone(&self.committed));
        let session = Session::new(&state);
        Ok(match Account::open(&session, address)? {
            Some(account) => account.code(&session)?,
            None => Bytes::new(),
        })
    }

    fn check_next(&self, header: &Header) -> Result<(), ExecutionError> {
        let number = header.number;
        let not_next = |reason| Err(ExecutionError::NotNext { number, reason });
        let Some(parent) = number.checked_sub(1) else { return not_next("it is a genesis block") };
        match self.rules.hashes.hash_of(parent)? {
            None => return not_next("its parent is not committed"),
            Some(hash) if hash != header.parent_hash => return not_next("its parent is another block"),
            Some(_) => {}
        }
        if self.rules.hashes.hash_of(number)?.is_some() {
            return not_next("a block of this height is committed");
        }
        Ok(())
    }

    pub(crate) fn run(
        &self,
        context: BlockContext,
        current_number: u64,
    ) -> Result<BlockRun<'_>, ExecutionError> {
        let state = BlockState::new(Arc::clone(&self.committed));
        let parameters = Parameters::read(&Session::new(&state))?;
        Ok(BlockRun {
            rules: &self.rules,
            state,
            context,
            current_number,
            parameters,
            objects: TemporaryObjects::new(),
        })
    }
}

/// Times one thing after the other.
struct Stopwatch {
    since: Instant,
}

impl Stopwatch {
    fn start() -> Self {
        Self { since: Instant::now() }
    }

    /// The time since the last lap.
    fn lap(&mut self) -> Duration {
        let lap = self.since.elapsed();
        self.since += lap;
        lap
    }
}

fn request(index: usize, transaction: &Transaction) -> Result<Request, ExecutionError> {
    Ok(Request {
        origin: transaction.sender().ok_or(ExecutionError::NoSender { index })?,
        to: transaction.to().copied(),
        value: word(transaction.value()),
        gas: word(transaction.gas()),
        gas_price: word(transaction.gas_price()),
        data: Bytes::copy_from_slice(transaction.data()),
        is_call: false,
    })
}

/// A number of the encoding as one to calculate with.
fn word(number: &hansa_codec::U256) -> U256 {
    U256::from_be_bytes(number.0)
}

/// Every receipt bears the state root of the whole block, then it can be hashed (data model §4.1).
fn seal_receipts(suite: Suite, receipts: &mut [Receipt], root: &Hash) -> Vec<Hash> {
    receipts
        .par_iter_mut()
        .map(|receipt| {
            receipt.state_root = *root;
            receipt.hash(suite)
        })
        .collect()
}

/// Ask the storage once for what the transactions are sure to read.
fn prefetch(run: &BlockRun<'_>, transactions: &TransactionList) -> Result<(), ExecutionError> {
    let mut accounts: Vec<(Address, &[&[u8]])> = Vec::new();
    for transaction in transactions.iter() {
        accounts.extend(transaction.to().map(|to| (*to, &account::READ_BY_CALLS[..])));
        accounts.extend(transaction.sender().map(|sender| (sender, &account::READ_OF_SENDERS[..])));
    }
    accounts.sort_unstable();
    accounts.dedup();
    let named: Vec<_> =
        accounts.iter().map(|(address, rows)| (account::table_name(address), *rows)).collect();
    let wanted = named.iter().flat_map(|(name, rows)| rows.iter().map(move |row| (name.as_str(), *row)));
    Ok(run.state.prefetch(&wanted.collect::<Vec<_>>())?)
}
