//! Instructions in which this chain differs from Ethereum, and the table that says so.

use bytes::Bytes;
use hansa_codec::LogEntry;
use hansa_crypto::Suite;
use revm_interpreter::bytecode::opcode::*;
use revm_interpreter::context_interface::cfg::GasParams;
use revm_interpreter::context_interface::context::{SStoreResult, SelfDestructResult, StateLoad};
use revm_interpreter::context_interface::host::LoadError;
use revm_interpreter::context_interface::journaled_state::AccountInfoLoad;
use revm_interpreter::interpreter::EthInterpreter;
use revm_interpreter::interpreter_types::{InputsTr, LoopControl, MemoryTr, ReturnData, RuntimeFlag};
use revm_interpreter::primitives::hardfork::SpecId;
use revm_interpreter::primitives::{self, B256, U256};
use revm_interpreter::{
    instruction_table, FrameInput, Instruction, InstructionContext, InstructionExecResult, InstructionResult,
    InstructionTable, Interpreter, InterpreterAction,
};

use crate::frames::Request;
use crate::{GasSchedule, Host, HostError, Kind, Message};

/// The deepest frame.
const DEPTH_MAX: usize = 1024;

/// Offsets and sizes beyond this are out of gas, however much there is (execution §1.2).
const MEMORY_POSITION_MAX: usize = u32::MAX as usize;

/// The interpreter's types; a frame that wants to call leaves its request in the extension.
pub(crate) type Wire = EthInterpreter<Option<Box<Request>>>;

type Context<'a, 'b, H> = InstructionContext<'a, Bridge<'b, H>, Wire>;

/// The opcodes of this chain (execution §1.1): Istanbul's, with those replaced that touch what is different here.
pub(crate) fn table<'b, H: Host>() -> InstructionTable<Wire, Bridge<'b, H>> {
    let replaced: [(u8, Instruction<Wire, Bridge<'b, H>>); 19] = [
        (KECCAK256, Instruction::new(hash)),
        (BALANCE, Instruction::new(balance)),
        (SELFBALANCE, Instruction::new(self_balance)),
        (EXTCODESIZE, Instruction::new(code_size)),
        (EXTCODECOPY, Instruction::new(code_copy)),
        (EXTCODEHASH, Instruction::new(code_hash)),
        (SLOAD, Instruction::new(load)),
        (SSTORE, Instruction::new(store)),
        (LOG0, Instruction::new(log::<0, H>)),
        (LOG1, Instruction::new(log::<1, H>)),
        (LOG2, Instruction::new(log::<2, H>)),
        (LOG3, Instruction::new(log::<3, H>)),
        (LOG4, Instruction::new(log::<4, H>)),
        (CREATE, Instruction::new(create::<false, H>)),
        (CREATE2, Instruction::new(create::<true, H>)),
        (CALL, Instruction::new(call::<CALL, H>)),
        (CALLCODE, Instruction::new(call::<CALLCODE, H>)),
        (DELEGATECALL, Instruction::new(call::<DELEGATECALL, H>)),
        (STATICCALL, Instruction::new(call::<STATICCALL, H>)),
    ];
    let later_than_istanbul =
        [CLZ, BASEFEE, BLOBHASH, BLOBBASEFEE, SLOTNUM, TLOAD, TSTORE, MCOPY, PUSH0, DUPN, SWAPN, EXCHANGE];

    let mut table = instruction_table::<Wire, Bridge<'b, H>>();
    let unknown = later_than_istanbul.map(|opcode| (opcode, Instruction::unknown()));
    let destroying = [(SELFDESTRUCT, Instruction::new(self_destruct))];
    for (opcode, instruction) in replaced.into_iter().chain(unknown).chain(destroying) {
        if let Some(entry) = table.get_mut(usize::from(opcode)) {
            *entry = instruction;
        }
    }
    table
}

/// Our [`Host`] as the interpreter's.
pub(crate) struct Bridge<'b, H: Host> {
    pub(crate) host: &'b mut H,
    pub(crate) suite: Suite,
    pub(crate) schedule: &'b GasSchedule,
    pub(crate) prices: &'b GasParams,
    /// Why the running frame was stopped by the host, for the interpreter has no word for it.
    pub(crate) stopped: Option<HostError<H::Error>>,
}

impl<H: Host> Bridge<'_, H> {
    /// Stop the running frame for the host's reason.
    fn stop(&mut self, reason: HostError<H::Error>) -> InstructionResult {
        self.stopped = Some(reason);
        InstructionResult::FatalExternalError
    }

    fn ask<T>(
        &mut self,
        question: impl FnOnce(&mut H) -> Result<T, H::Error>,
    ) -> Result<T, InstructionResult> {
        question(self.host).map_err(|error| self.stop(HostError::Fatal(error)))
    }
}

macro_rules! pop {
    ([$($name:ident),+], $context:expr) => {
        let [$($name),+] = $context.interpreter.stack.popn().ok_or(InstructionResult::StackUnderflow)?;
    };
}

fn pay<H: Host>(context: &mut Context<'_, '_, H>, gas: u64) -> InstructionExecResult {
    let paid = context.interpreter.gas.record_regular_cost(gas);
    paid.then_some(()).ok_or(InstructionResult::OutOfGas)
}

fn push<H: Host>(context: &mut Context<'_, '_, H>, value: U256) -> InstructionExecResult {
    context.interpreter.stack.push(value).then_some(()).ok_or(InstructionResult::StackOverflow)
}

fn require_changeable<H: Host>(context: &Context<'_, '_, H>) -> InstructionExecResult {
    let is_static = context.interpreter.runtime_flag.is_static();
    (!is_static).then_some(()).ok_or(InstructionResult::StateChangeDuringStaticCall)
}

/// A size or an offset that has to be paid for.
fn position(value: U256) -> Result<usize, InstructionResult> {
    let position = usize::try_from(value).ok().filter(|position| *position <= MEMORY_POSITION_MAX);
    position.ok_or(InstructionResult::InvalidOperandOOG)
}

/// Make room for a piece of memory and pay for it. The offset of nothing does not matter.
fn reserve<H: Host>(
    context: &mut Context<'_, '_, H>,
    offset: U256,
    size: U256,
) -> Result<std::ops::Range<usize>, InstructionResult> {
    let size = position(size)?;
    if size == 0 {
        return Ok(0..0);
    }
    let offset = position(offset)?;
    context.interpreter.resize_memory(context.host.prices, offset, size)?;
    Ok(offset..offset + size)
}

fn read<H: Host>(context: &Context<'_, '_, H>, range: std::ops::Range<usize>) -> Bytes {
    if range.is_empty() {
        return Bytes::new();
    }
    Bytes::copy_from_slice(&context.interpreter.memory.slice(range))
}

fn address_of(word: U256) -> [u8; 20] {
    primitives::Address::from_word(B256::from(word)).into_array()
}

fn word_of(address: &[u8; 20]) -> U256 {
    U256::from_be_slice(address)
}

/// KECCAK256 is the hash of the chain, whichever that is (§1.14).
fn hash<H: Host>(mut context: Context<'_, '_, H>) -> InstructionExecResult {
    pop!([offset, size], context);
    let length = position(size)?;
    let price = context.host.prices.keccak256_cost(length);
    pay(&mut context, price)?;
    let range = reserve(&mut context, offset, size)?;
    let hash = match range.is_empty() {
        true => context.host.suite.hash(&[]),
        false => context.host.suite.hash(&context.interpreter.memory.slice(range)),
    };
    push(&mut context, U256::from_be_bytes(hash))
}

/// There is no native coin: every balance is 0 (§1.6).
fn balance<H: Host>(mut context: Context<'_, '_, H>) -> InstructionExecResult {
    pop!([_address], context);
    push(&mut context, U256::ZERO)
}

fn self_balance<H: Host>(mut context: Context<'_, '_, H>) -> InstructionExecResult {
    push(&mut context, U256::ZERO)
}

fn code_size<H: Host>(mut context: Context<'_, '_, H>) -> InstructionExecResult {
    pop!([address], context);
    let size = context.host.ask(|host| host.code_size(&address_of(address)))?;
    push(&mut context, U256::from(size))
}

fn code_copy<H: Host>(mut context: Context<'_, '_, H>) -> InstructionExecResult {
    pop!([address, target, source, size], context);
    let price = context.host.prices.extcodecopy(position(size)?);
    pay(&mut context, price)?;
    let range = reserve(&mut context, target, size)?;
    let code = context.host.ask(|host| host.code(&address_of(address)))?;
    let source = usize::try_from(source).unwrap_or(usize::MAX).min(code.len());
    context.interpreter.memory.set_data(range.start, source, range.len(), &code);
    Ok(())
}

fn code_hash<H: Host>(mut context: Context<'_, '_, H>) -> InstructionExecResult {
    pop!([address], context);
    let hash = context.host.ask(|host| host.code_hash(&address_of(address)))?;
    push(&mut context, U256::from_be_bytes(hash))
}

fn load<H: Host>(mut context: Context<'_, '_, H>) -> InstructionExecResult {
    pop!([slot], context);
    let contract = context.interpreter.input.target_address().into_array();
    let value = context.host.ask(|host| host.load(&contract, slot))?;
    push(&mut context, value)
}

/// No net metering: the price depends on the old and the new value alone (§1.2).
fn store<H: Host>(mut context: Context<'_, '_, H>) -> InstructionExecResult {
    require_changeable(&context)?;
    pop!([slot, value], context);
    if context.interpreter.gas.remaining() <= context.host.schedule.slot_sentry {
        return Err(InstructionResult::ReentrancySentryOOG);
    }
    let contract = context.interpreter.input.target_address().into_array();
    let old = context.host.host.store(&contract, slot, value);
    let old = old.map_err(|reason| context.host.stop(reason))?;
    let schedule = context.host.schedule;
    let price = match (old.is_zero(), value.is_zero()) {
        _ if old == value => schedule.slot_keep,
        (true, _) => schedule.slot_set,
        (false, true) => {
            context.host.host.count_cleared_slot();
            schedule.slot_change
        }
        (false, false) => schedule.slot_change,
    };
    pay(&mut context, price)
}

fn log<const TOPICS: usize, H: Host>(mut context: Context<'_, '_, H>) -> InstructionExecResult {
    require_changeable(&context)?;
    pop!([offset, size], context);
    let topics: [U256; TOPICS] = context.interpreter.stack.popn().ok_or(InstructionResult::StackUnderflow)?;
    let price = context.host.prices.log_cost(TOPICS as u8, position(size)? as u64);
    pay(&mut context, price)?;
    let range = reserve(&mut context, offset, size)?;
    let entry = LogEntry {
        address: context.interpreter.input.target_address().into_array(),
        topics: topics.map(|topic| topic.to_be_bytes()).into(),
        data: read(&context, range).into(),
    };
    context.host.host.log(entry);
    Ok(())
}

/// No balance moves, so the beneficiary does not matter (§1.8).
fn self_destruct<H: Host>(context: Context<'_, '_, H>) -> InstructionExecResult {
    require_changeable(&context)?;
    pop!([_beneficiary], context);
    let contract = context.interpreter.input.target_address().into_array();
    context.host.host.self_destruct(&contract);
    Err(InstructionResult::SelfDestruct)
}

/// CREATE and CREATE2. With an endowment or at the deepest frame nothing runs and 0 is pushed (§1.6).
fn create<const WITH_SALT: bool, H: Host>(mut context: Context<'_, '_, H>) -> InstructionExecResult {
    require_changeable(&context)?;
    pop!([endowment, offset, size], context);
    let kind = if WITH_SALT {
        pop!([salt], context);
        Kind::Create2 { salt }
    } else {
        Kind::Create
    };
    let hashing = if WITH_SALT { context.host.prices.keccak256_cost(position(size)?) } else { 0 };
    let price = context.host.schedule.create + hashing;
    pay(&mut context, price)?;
    let code = reserve(&mut context, offset, size)?;

    context.interpreter.return_data.clear();
    let depth = context.interpreter.input.depth();
    if depth >= DEPTH_MAX || !endowment.is_zero() {
        return push(&mut context, U256::ZERO);
    }
    let left = context.interpreter.gas.remaining();
    let gas = left - left / 64;
    pay(&mut context, gas)?;
    let message = Message {
        kind,
        depth: depth + 1,
        is_static: false,
        gas,
        sender: context.interpreter.input.target_address().into_array(),
        recipient: [0; 20],
        code_address: [0; 20],
        value: U256::ZERO,
        input: read(&context, code),
    };
    suspend(context.interpreter, Request { message, output: 0..0 })
}

/// The four calls. With value or at the deepest frame nothing runs and 0 is pushed (§1.6).
fn call<const OPCODE: u8, H: Host>(mut context: Context<'_, '_, H>) -> InstructionExecResult {
    pop!([gas, address], context);
    let value = if OPCODE == CALL || OPCODE == CALLCODE {
        pop!([value], context);
        value
    } else {
        U256::ZERO
    };
    pop!([input_offset, input_size, output_offset, output_size], context);
    let input = reserve(&mut context, input_offset, input_size)?;
    let output = reserve(&mut context, output_offset, output_size)?;

    let schedule = context.host.schedule;
    let bears_value = !value.is_zero();
    if bears_value {
        if OPCODE == CALL && context.interpreter.runtime_flag.is_static() {
            return Err(InstructionResult::CallNotAllowedInsideStatic);
        }
        pay(&mut context, schedule.call_value)?;
    }
    context.interpreter.return_data.clear();
    let depth = context.interpreter.input.depth();
    if depth >= DEPTH_MAX || bears_value {
        if bears_value {
            context.interpreter.gas.erase_cost(schedule.call_stipend);
        }
        return push(&mut context, U256::ZERO);
    }

    let left = context.interpreter.gas.remaining();
    let gas = u64::try_from(gas).unwrap_or(u64::MAX).min(left - left / 64);
    pay(&mut context, gas)?;
    let this = context.interpreter.input.target_address().into_array();
    let code_address = address_of(address);
    let (kind, sender, recipient, value) = match OPCODE {
        CALLCODE => (Kind::CallCode, this, this, U256::ZERO),
        DELEGATECALL => {
            let input = &context.interpreter.input;
            (Kind::DelegateCall, input.caller_address.into_array(), this, input.call_value)
        }
        STATICCALL => (Kind::StaticCall, this, code_address, U256::ZERO),
        _ => (Kind::Call, this, code_address, U256::ZERO),
    };
    let message = Message {
        kind,
        depth: depth + 1,
        is_static: OPCODE == STATICCALL || context.interpreter.runtime_flag.is_static(),
        gas,
        sender,
        recipient,
        code_address,
        value,
        input: read(&context, input),
    };
    suspend(context.interpreter, Request { message, output })
}

fn suspend(interpreter: &mut Interpreter<Wire>, request: Request) -> InstructionExecResult {
    interpreter.extend = Some(Box::new(request));
    interpreter.bytecode.set_action(InterpreterAction::NewFrame(FrameInput::Empty));
    Err(InstructionResult::Suspend)
}

/// What the instructions that were not replaced ask for. The rest is there because the interpreter's interface has it.
impl<H: Host> revm_interpreter::Host for Bridge<'_, H> {
    fn block_number(&self) -> U256 {
        U256::from(self.host.block().number)
    }

    fn timestamp(&self) -> U256 {
        U256::from(self.host.block().timestamp)
    }

    fn block_hash(&mut self, number: u64) -> Option<B256> {
        self.ask(|host| host.block_hash(number)).ok().map(B256::from)
    }

    fn effective_gas_price(&self) -> U256 {
        self.host.transaction().gas_price
    }

    fn caller(&self) -> primitives::Address {
        self.host.transaction().origin.into()
    }

    fn gas_params(&self) -> &GasParams {
        self.prices
    }

    fn chain_id(&self) -> U256 {
        U256::ZERO
    }

    fn gas_limit(&self) -> U256 {
        U256::ZERO
    }

    fn difficulty(&self) -> U256 {
        U256::ZERO
    }

    fn beneficiary(&self) -> primitives::Address {
        primitives::Address::ZERO
    }

    fn prevrandao(&self) -> Option<U256> {
        None
    }

    fn basefee(&self) -> U256 {
        U256::ZERO
    }

    fn blob_gasprice(&self) -> U256 {
        U256::ZERO
    }

    fn blob_hash(&self, _number: usize) -> Option<U256> {
        None
    }

    fn slot_num(&self) -> U256 {
        U256::ZERO
    }

    fn max_initcode_size(&self) -> usize {
        usize::MAX
    }

    fn is_amsterdam_eip8037_enabled(&self) -> bool {
        false
    }

    fn selfdestruct(
        &mut self,
        _address: primitives::Address,
        _target: primitives::Address,
        _skip_cold_load: bool,
    ) -> Result<StateLoad<SelfDestructResult>, LoadError> {
        Err(LoadError::DBError)
    }

    fn log(&mut self, _log: primitives::Log) {}

    fn sstore_skip_cold_load(
        &mut self,
        _address: primitives::Address,
        _key: U256,
        _value: U256,
        _skip_cold_load: bool,
    ) -> Result<StateLoad<SStoreResult>, LoadError> {
        Err(LoadError::DBError)
    }

    fn sload_skip_cold_load(
        &mut self,
        _address: primitives::Address,
        _key: U256,
        _skip_cold_load: bool,
    ) -> Result<StateLoad<U256>, LoadError> {
        Err(LoadError::DBError)
    }

    fn tstore(&mut self, _address: primitives::Address, _key: U256, _value: U256) {}

    fn tload(&mut self, _address: primitives::Address, _key: U256) -> U256 {
        U256::ZERO
    }

    fn load_account_info_skip_cold_load(
        &mut self,
        _address: primitives::Address,
        _load_code: bool,
        _skip_cold_load: bool,
    ) -> Result<AccountInfoLoad<'_>, LoadError> {
        Err(LoadError::DBError)
    }
}

/// The rules of the interpreter that are not replaced.
pub(crate) const RULES: SpecId = SpecId::ISTANBUL;

/// 1 for success, the address for a creation, 0 for a failure.
pub(crate) fn result_word(outcome: &crate::Outcome) -> U256 {
    match (outcome.is_success(), &outcome.created) {
        (false, _) => U256::ZERO,
        (true, Some(contract)) => word_of(contract),
        (true, None) => U256::ONE,
    }
}
