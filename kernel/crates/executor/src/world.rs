//! The world that a transaction's code runs in: what a call meets (execution §1.5), how a contract is made (§1.7), what
//! is taken back when a frame fails.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use bytes::Bytes;
use hansa_codec::rlp::encode_list;
use hansa_codec::{LogEntry, Status, Suite};
use hansa_evm::precompiles::{self, Failure};
use hansa_evm::{
    analyse, Address, BlockContext, Entrance, Hash, Host, HostError, Kind, Message, Outcome,
    TransactionContext, U256,
};
use hansa_state::{names, Access, Savepoint, Session};

use crate::account::{Account, Accounts};
use crate::block::BlockRun;
use crate::schedule::Turn;
use crate::slot_keys::SlotKeys;
use crate::system::{self, Object, TemporaryAddresses};
use crate::text::{hex, prefixed_hex};
use crate::ExecutionError;

/// The longest code a contract can have, in bytes (§1.1).
const CODE_SIZE_MAX: usize = 0x40000;

/// Where a transaction stands: to this a failing frame is taken back.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark {
    savepoint: Savepoint,
    logs: usize,
    cleared_slots: u64,
    destroyed: usize,
}

/// What to do when a frame ends.
pub(crate) enum Frame {
    Call { mark: Mark },
    Creation { mark: Mark, contract: Address },
}

/// One transaction's world.
pub(crate) struct World<'a> {
    pub(crate) block: &'a BlockRun<'a>,
    pub(crate) session: Session<'a>,
    transaction: TransactionContext,
    /// The origin as permission rows write it.
    pub(crate) origin_text: String,
    accounts: Accounts,
    slot_keys: SlotKeys,
    pub(crate) logs: Vec<LogEntry>,
    pub(crate) cleared_slots: u64,
    pub(crate) destroyed: Vec<Address>,
    objects: HashMap<Address, Rc<Object>>,
    pub(crate) addresses: TemporaryAddresses,
}

impl<'a> World<'a> {
    pub(crate) fn new(block: &'a BlockRun<'a>, transaction: TransactionContext, turn: Turn) -> Self {
        Self {
            block,
            session: Session::at(&block.state, turn.position),
            transaction,
            origin_text: prefixed_hex(&transaction.origin),
            accounts: Accounts::default(),
            slot_keys: SlotKeys::default(),
            logs: Vec::new(),
            cleared_slots: 0,
            destroyed: Vec::new(),
            objects: HashMap::new(),
            addresses: block.objects.begin(turn),
        }
    }

    /// Who signed the transaction: everything is permitted or denied to the origin, whoever calls.
    pub(crate) fn origin(&self) -> &Address {
        &self.transaction.origin
    }

    /// The origin as permission rows write it.
    pub(crate) fn origin_text(&self) -> &str {
        &self.origin_text
    }

    /// An account that has a table.
    pub(crate) fn account(&mut self, address: &Address) -> Result<Option<Account>, ExecutionError> {
        Ok(self.accounts.open(&self.session, address)?.cloned())
    }

    /// Give an object a temporary address.
    pub(crate) fn register(&mut self, object: Object) -> Address {
        let address = self.addresses.next();
        self.objects.insert(address, Rc::new(object));
        address
    }

    /// The object at a temporary address.
    pub(crate) fn object(&self, address: &Address) -> Option<Rc<Object>> {
        self.objects.get(address).cloned()
    }

    fn mark(&self) -> Mark {
        Mark {
            savepoint: self.session.savepoint(),
            logs: self.logs.len(),
            cleared_slots: self.cleared_slots,
            destroyed: self.destroyed.len(),
        }
    }

    fn revert_to(&mut self, mark: Mark) {
        self.session.revert_to(mark.savepoint);
        self.logs.truncate(mark.logs);
        self.cleared_slots = mark.cleared_slots;
        self.destroyed.truncate(mark.destroyed);
    }

    fn is_frozen(&mut self, address: &Address) -> Result<bool, ExecutionError> {
        Ok(match self.accounts.open(&self.session, address)? {
            Some(account) => account.is_frozen(&self.session)?,
            None => false,
        })
    }

    fn system_contract(&self, address: &Address) -> Option<system::Contract<'a>> {
        let block = self.block;
        match block.rules.registry.get(address) {
            Some(contract) if contract.first_block() <= block.current_number => {
                Some(system::Contract::BuiltIn(contract))
            }
            _ => self.object(address).map(system::Contract::Object),
        }
    }

    fn refuse(&self, status: Status, gas: u64, text: &str) -> Entrance<Frame> {
        let output = system::abi::error(self.block.rules.suite, text.as_bytes());
        Entrance::Over(Outcome::failure(status, gas, output))
    }

    /// What a call meets, in the order of §1.5.
    fn enter_call(&mut self, message: &Message) -> Result<Entrance<Frame>, ExecutionError> {
        let address = &message.code_address;
        let origin = *self.origin();
        if message.depth == 0 && self.is_frozen(&origin)? {
            let text = format!("Frozen account:{}", self.origin_text);
            return Ok(self.refuse(Status::AccountFrozen, message.gas, &text));
        }
        if let Some(contract) = precompiles::at(address) {
            return Ok(Entrance::Over(match contract(&message.input, message.gas) {
                Ok(answer) => Outcome {
                    output: answer.output,
                    ..Outcome::success(message.gas.saturating_sub(answer.cost))
                },
                Err(Failure::OutOfGas) => Outcome::failure(Status::OutOfGasBase, message.gas, Bytes::new()),
                Err(Failure::BadInput) => Outcome::failure(Status::RevertInstruction, 0, Bytes::new()),
            }));
        }
        if let Some(contract) = self.system_contract(address) {
            return Ok(Entrance::Over(self.call_system(&contract, message)?));
        }
        if let Some(account) = self.accounts.open(&self.session, address)? {
            if account.is_frozen(&self.session)? {
                let text = format!("Frozen contract:{}", hex(address));
                return Ok(self.refuse(Status::ContractFrozen, message.gas, &text));
            }
            let code = account.code(&self.session)?;
            if !code.is_empty() {
                let code = self.block.rules.codes.analysed(address, code);
                let frame = Frame::Call { mark: self.mark() };
                return Ok(Entrance::Code { contract: message.recipient, code, frame });
            }
        }
        let text = format!("Error address:{}", hex(address));
        Ok(self.refuse(Status::CallAddressError, message.gas, &text))
    }

    /// A system contract or a temporary object (§2.0). An exception takes back what the call did and keeps the gas.
    fn call_system(
        &mut self,
        contract: &system::Contract<'a>,
        message: &Message,
    ) -> Result<Outcome, ExecutionError> {
        let mark = self.mark();
        let mut call = system::Call::new(self, message);
        let answer = contract.answer(&mut call, &message.input);
        let answer = answer.and_then(|output| call.pay(&output).map(|gas_left| (output, gas_left)));
        match answer {
            Ok((output, gas_left)) => Ok(Outcome { output: output.into(), ..Outcome::success(gas_left) }),
            Err(system::Exception::Thrown(text)) => {
                self.revert_to(mark);
                let output = system::abi::error(self.block.rules.suite, &text);
                Ok(Outcome::failure(Status::PrecompiledError, message.gas, output))
            }
            Err(system::Exception::Fatal(error)) => Err(error),
        }
    }

    /// How a contract is made (§1.7), up to its creation code.
    fn enter_creation(&mut self, message: &Message) -> Result<Entrance<Frame>, ExecutionError> {
        let origin = *self.origin();
        let tables = self.session.open_built_in(names::TABLES)?;
        // A refusal takes back the whole transaction, not only the frame that asked.
        if !tables.is_writable(Access::Origin(&self.origin_text)) {
            self.revert_to(Mark::default());
            return Ok(Entrance::Over(Outcome::failure(Status::PermissionDenied, 0, Bytes::new())));
        }
        if self.is_frozen(&origin)? {
            self.revert_to(Mark::default());
            return Ok(Entrance::Over(Outcome::failure(Status::AccountFrozen, 0, Bytes::new())));
        }

        // The nonce is used up before the mark: it stays so if the creation fails.
        let sender = Account::open_or_create(&mut self.session, &message.sender)?;
        let nonce = sender.nonce(&self.session)?;
        sender.set_nonce(&mut self.session, nonce.saturating_add(U256::ONE))?;
        let contract = created_address(self.block.rules.suite, message, nonce);
        let mark = self.mark();

        if let Some(account) = self.account(&contract)? {
            let used = !account.code(&self.session)?.is_empty() || !account.nonce(&self.session)?.is_zero();
            if used {
                return Ok(Entrance::Over(Outcome::failure(Status::AddressAlreadyUsed, 0, Bytes::new())));
            }
        }
        sender.touch_balance(&mut self.session)?;
        let account = Account::open_or_create(&mut self.session, &contract)?;
        account.set_nonce(&mut self.session, U256::ZERO)?;
        self.grant_authorities(&account, message, &origin)?;

        if message.input.is_empty() {
            let outcome = Outcome { created: Some(contract), ..Outcome::success(message.gas) };
            return Ok(Entrance::Over(outcome));
        }
        let frame = Frame::Creation { mark, contract };
        Ok(Entrance::Code { contract, code: analyse(message.input.clone()), frame })
    }

    /// The origin may manage the contract; so may whoever manages the contract that made it.
    fn grant_authorities(
        &mut self,
        account: &Account,
        message: &Message,
        origin: &Address,
    ) -> Result<(), ExecutionError> {
        let origin = Bytes::from(hex(origin));
        account.add_authority(&mut self.session, origin.clone())?;
        if message.depth > 0 {
            let Some(creator) = self.account(&message.sender)? else { return Ok(()) };
            let inherited = creator.authorities(&self.session)?;
            for authority in inherited.into_iter().filter(|authority| *authority != origin) {
                account.add_authority(&mut self.session, authority)?;
            }
        }
        Ok(())
    }

    /// The creation code has run: its output is the contract, if it is not too long and can be paid for (§1.3, §1.4).
    fn deploy(&mut self, mark: Mark, contract: Address, outcome: Outcome) -> Result<Outcome, ExecutionError> {
        if !outcome.is_success() {
            self.revert_to(mark);
            return Ok(outcome);
        }
        let schedule = self.block.rules.machine.schedule();
        let deposit = outcome.output.len() as u64 * schedule.code_byte;
        if outcome.output.len() > CODE_SIZE_MAX || deposit > outcome.gas_left {
            self.revert_to(mark);
            return Ok(Outcome::failure(Status::OutOfGas, outcome.gas_left, Bytes::new()));
        }
        let account = Account::open_or_create(&mut self.session, &contract)?;
        account.set_code(&mut self.session, outcome.output)?;
        let paid = if schedule.code_is_free { 0 } else { deposit };
        Ok(Outcome { created: Some(contract), ..Outcome::success(outcome.gas_left - paid) })
    }

    /// The transaction ends: contracts that destroyed themselves are gone (§1.8). Counts them.
    pub(crate) fn destroy_marked(&mut self) -> Result<u64, ExecutionError> {
        let destroyed: BTreeSet<Address> = std::mem::take(&mut self.destroyed).into_iter().collect();
        for contract in &destroyed {
            if let Some(account) = self.account(contract)? {
                account.destroy(&mut self.session)?;
            }
        }
        Ok(destroyed.len() as u64)
    }
}

/// The address of a new contract (data model §3.3).
pub(crate) fn created_address(suite: Suite, message: &Message, nonce: U256) -> Address {
    let hash = match message.kind {
        Kind::Create2 { salt } => {
            suite.hash_of(&[&[0xff], &message.sender, &salt.to_be_bytes::<32>(), &suite.hash(&message.input)])
        }
        _ => suite.hash(&encode_list(64, |list| {
            list.bytes(&message.sender);
            list.u256(&hansa_codec::U256(nonce.to_be_bytes()));
        })),
    };
    let mut address = Address::default();
    address.copy_from_slice(&hash[12..]);
    address
}

impl Host for World<'_> {
    type Error = ExecutionError;
    type Frame = Frame;

    fn block(&self) -> BlockContext {
        self.block.context
    }

    fn transaction(&self) -> TransactionContext {
        self.transaction
    }

    fn block_hash(&mut self, number: u64) -> Result<Hash, ExecutionError> {
        self.block.block_hash(number)
    }

    /// 1 for system contracts: Solidity looks before it calls (§1.1).
    fn code_size(&mut self, address: &Address) -> Result<usize, ExecutionError> {
        if self.system_contract(address).is_some() {
            return Ok(1);
        }
        Ok(self.code(address)?.len())
    }

    fn code(&mut self, address: &Address) -> Result<Bytes, ExecutionError> {
        Ok(match self.account(address)? {
            Some(account) => account.code(&self.session)?,
            None => Bytes::new(),
        })
    }

    fn code_hash(&mut self, address: &Address) -> Result<Hash, ExecutionError> {
        let Some(account) = self.account(address)? else { return Ok(Hash::default()) };
        let is_empty = account.code(&self.session)?.is_empty() && account.nonce(&self.session)?.is_zero();
        Ok(if is_empty { Hash::default() } else { account.code_hash(&self.session)? })
    }

    fn load(&mut self, contract: &Address, slot: U256) -> Result<U256, ExecutionError> {
        Ok(match self.accounts.open(&self.session, contract)? {
            Some(account) => account.slot(&self.session, self.slot_keys.of(slot))?,
            None => U256::ZERO,
        })
    }

    fn store(
        &mut self,
        contract: &Address,
        slot: U256,
        value: U256,
    ) -> Result<U256, HostError<ExecutionError>> {
        let account = self.accounts.open(&self.session, contract).map_err(ExecutionError::from)?;
        let Some(account) = account else { return Ok(U256::ZERO) };
        if !account.is_writable(&self.origin_text) {
            return Err(HostError::Denied);
        }
        let before = account.set_slot(&mut self.session, self.slot_keys.of(slot), value);
        Ok(before.map_err(ExecutionError::from)?)
    }

    fn count_cleared_slot(&mut self) {
        self.cleared_slots += 1;
    }

    fn log(&mut self, entry: LogEntry) {
        self.logs.push(entry);
    }

    fn self_destruct(&mut self, contract: &Address) {
        self.destroyed.push(*contract);
    }

    fn enter(&mut self, message: &Message) -> Result<Entrance<Frame>, ExecutionError> {
        if message.kind.is_creation() {
            return self.enter_creation(message);
        }
        self.enter_call(message)
    }

    fn leave(&mut self, frame: Frame, outcome: Outcome) -> Result<Outcome, ExecutionError> {
        match frame {
            Frame::Creation { mark, contract } => self.deploy(mark, contract, outcome),
            Frame::Call { mark } => {
                if !outcome.is_success() {
                    self.revert_to(mark);
                }
                Ok(outcome)
            }
        }
    }
}
