//! Frames: how calls nest, and what a failure does to gas (execution §1.4).

use std::ops::Range;

use bytes::Bytes;
use hansa_codec::Status;
use hansa_crypto::Suite;
use revm_interpreter::context_interface::cfg::GasParams;
use revm_interpreter::interpreter::ExtBytecode;
use revm_interpreter::interpreter_types::ReturnData;
use revm_interpreter::{
    CallInput, GasTable, InputsImpl, InstructionResult, InstructionTable, Interpreter, InterpreterAction,
    InterpreterResult, SharedMemory,
};

use crate::instructions::{result_word, table, Bridge, Wire, RULES};
use crate::{Entrance, GasSchedule, Host, HostError, Message, Outcome};

/// A frame wants another one.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) message: Message,
    /// Where in the caller's memory the output goes.
    pub(crate) output: Range<usize>,
}

/// What the chain hashes with and its prices made ready; one serves any number of runs.
#[derive(Debug, Clone)]
pub struct Machine {
    suite: Suite,
    schedule: GasSchedule,
    static_prices: GasTable,
    dynamic_prices: GasParams,
}

struct Frame<F> {
    interpreter: Interpreter<Wire>,
    host_frame: F,
    gas: u64,
    /// Where in the caller's memory the output goes.
    output: Range<usize>,
}

impl Machine {
    /// A machine of a chain with this suite and these prices.
    #[must_use]
    pub fn new(suite: Suite, schedule: GasSchedule) -> Self {
        let dynamic_prices = GasParams::new_spec(RULES);
        Self { suite, schedule, static_prices: schedule.static_prices(), dynamic_prices }
    }

    /// The prices.
    #[must_use]
    pub fn schedule(&self) -> &GasSchedule {
        &self.schedule
    }

    /// Run a message and all that it calls.
    ///
    /// # Errors
    /// The host's: the world does not work.
    pub fn run<H: Host>(&self, host: &mut H, message: Message) -> Result<Outcome, H::Error> {
        let mut bridge = Bridge {
            host,
            suite: self.suite,
            schedule: &self.schedule,
            prices: &self.dynamic_prices,
            stopped: None,
        };
        let instructions = table();
        let mut frames: Vec<Frame<H::Frame>> = Vec::new();
        let mut request = Request { message, output: 0..0 };
        loop {
            let mut finished = self.enter(&mut bridge, &mut frames, request)?;
            // Hand results down until a frame wants another call or nothing is left.
            request = loop {
                if let Some((outcome, output)) = finished.take() {
                    let Some(caller) = frames.last_mut() else { return Ok(outcome) };
                    resume(&mut caller.interpreter, &outcome, output);
                }
                match self.step(&mut bridge, &instructions, &mut frames)? {
                    Step::Call(request) => break request,
                    Step::Finished(outcome, output) => finished = Some((outcome, output)),
                }
            };
        }
    }

    /// Put a message on the stack, or answer at once.
    fn enter<H: Host>(
        &self,
        bridge: &mut Bridge<'_, H>,
        frames: &mut Vec<Frame<H::Frame>>,
        request: Request,
    ) -> Result<Option<(Outcome, Range<usize>)>, H::Error> {
        let Request { message, output } = request;
        let (contract, code, host_frame) = match bridge.host.enter(&message)? {
            Entrance::Over(outcome) => return Ok(Some((outcome, output))),
            Entrance::Code { contract, code, frame } => (contract, code, frame),
        };
        let memory = match frames.last_mut() {
            Some(caller) => caller.interpreter.memory.new_child_context(),
            None => SharedMemory::new(),
        };
        let input = if message.kind.is_creation() { Bytes::new() } else { message.input };
        let inputs = InputsImpl {
            target_address: contract.into(),
            bytecode_address: None,
            caller_address: message.sender.into(),
            input: CallInput::Bytes(input.into()),
            call_value: message.value,
            depth: message.depth,
        };
        let interpreter =
            Interpreter::new(memory, ExtBytecode::new(code), inputs, message.is_static, RULES, message.gas);
        frames.push(Frame { interpreter, host_frame, gas: message.gas, output });
        Ok(None)
    }

    /// Run the topmost frame until it ends or wants another one.
    fn step<'b, H: Host>(
        &self,
        bridge: &mut Bridge<'b, H>,
        instructions: &InstructionTable<Wire, Bridge<'b, H>>,
        frames: &mut Vec<Frame<H::Frame>>,
    ) -> Result<Step, H::Error> {
        let Some(frame) = frames.last_mut() else {
            return Ok(Step::Finished(Outcome::success(0), 0..0));
        };
        let action = frame.interpreter.run_plain(instructions, &self.static_prices, bridge);
        if let Some(request) = frame.interpreter.extend.take() {
            return Ok(Step::Call(*request));
        }
        let mut outcome = match (bridge.stopped.take(), action) {
            (Some(HostError::Fatal(error)), _) => return Err(error),
            (Some(HostError::Denied), _) => {
                Outcome::failure(Status::PermissionDenied, frame.gas, Bytes::new())
            }
            (None, InterpreterAction::Return(result)) => outcome_of(result, frame.gas),
            (None, InterpreterAction::NewFrame(_)) => Outcome::failure(Status::OutOfGas, 0, Bytes::new()),
        };
        let Some(frame) = frames.pop() else { return Ok(Step::Finished(outcome, 0..0)) };
        outcome = bridge.host.leave(frame.host_frame, outcome)?;
        Ok(Step::Finished(outcome, frame.output))
    }
}

enum Step {
    Call(Request),
    Finished(Outcome, Range<usize>),
}

/// What a frame's end means: status and gas (execution §1.4, §1.11). `gas` is what the frame was given.
fn outcome_of(result: InterpreterResult, gas: u64) -> Outcome {
    use InstructionResult as End;
    let (status, gas_left) = match result.result {
        End::Stop | End::Return | End::SelfDestruct => (Status::None, result.gas.remaining()),
        End::Revert => (Status::RevertInstruction, result.gas.remaining()),
        // Running out of gas takes no gas: the caller has all of it back.
        End::OutOfGas
        | End::MemoryOOG
        | End::MemoryLimitOOG
        | End::InvalidOperandOOG
        | End::ReentrancySentryOOG => (Status::OutOfGas, gas),
        End::OpcodeNotFound | End::InvalidFEOpcode | End::NotActivated => (Status::BadInstruction, 0),
        End::InvalidJump => (Status::BadJumpDestination, 0),
        End::StackOverflow => (Status::OutOfStack, 0),
        End::StackUnderflow => (Status::StackUnderflow, 0),
        End::OutOfOffset | End::StateChangeDuringStaticCall | End::CallNotAllowedInsideStatic => {
            (Status::Unknown, 0)
        }
        _ => (Status::OutOfGas, 0),
    };
    Outcome { status, gas_left, output: result.output.into(), created: None }
}

/// Give a caller what its call came to: a word on the stack, the output in memory and as return data, the gas left.
fn resume(caller: &mut Interpreter<Wire>, outcome: &Outcome, output: Range<usize>) {
    caller.memory.free_child_context();
    // The call took seven or three words off the stack, so there is room for one.
    let _ = caller.stack.push(result_word(outcome));
    let size = output.len().min(outcome.output.len());
    if size > 0 {
        caller.memory.set_data(output.start, 0, size, &outcome.output);
    }
    caller.return_data.set_buffer(outcome.output.clone().into());
    caller.gas.erase_cost(outcome.gas_left);
}
