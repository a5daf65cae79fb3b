//! Whoever runs beside whom: what comes of a block is what comes of one transaction after the other.

use std::sync::LazyLock;

use bytes::Bytes;
use hansa_codec::{Receipt, Suite};
use hansa_evm::{Address, Hash, U256};
use proptest::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::assembler::{assemble, deploying, Part};
use super::fixture::{run, transaction, Chain};
use crate::block::BlockRun;
use crate::schedule::Plan;
use crate::system::abi::{encode, selector, Value};
use crate::transaction::Request;
use crate::GenesisRow;

/// More threads than cores: they are stopped anywhere.
static POOL: LazyLock<ThreadPool> =
    LazyLock::new(|| ThreadPoolBuilder::new().num_threads(8).build().unwrap());

const DEPLOYER: Address = [0xd0; 20];

/// Out of the way of what a mover stores.
const HONEST: &str = "move(uint256,uint256,uint256)";
const DISHONEST: &str = "half(uint256,uint256,uint256)";
const PROXY: &str = "proxy(uint256)";

fn system_contract(number: u16) -> Address {
    let mut address = [0; 20];
    address[18..].copy_from_slice(&number.to_be_bytes());
    address
}

/// Takes an amount from one slot, adds it to another and logs that. The lowest digit of the amount says how it ends.
fn mover() -> Vec<u8> {
    use Part::{Label, Op, Push, PushLabel};
    const CALLDATALOAD: Part = Op(0x35);
    const SLOAD: Part = Op(0x54);
    const SSTORE: Part = Op(0x55);
    let (source, target, amount) = (Push(4), Push(36), Push(68));
    let mut code = vec![
        // slot[source] -= amount
        amount,
        CALLDATALOAD,
        source,
        CALLDATALOAD,
        SLOAD,
        Op(0x03),
        source,
        CALLDATALOAD,
        SSTORE,
        // slot[target] += amount
        amount,
        CALLDATALOAD,
        target,
        CALLDATALOAD,
        SLOAD,
        Op(0x01),
        target,
        CALLDATALOAD,
        SSTORE,
        // LOG1(slot[target], topic 1)
        target,
        CALLDATALOAD,
        SLOAD,
        Push(0),
        Op(0x52),
        Push(1),
        Push(32),
        Push(0),
        Op(0xa1),
        amount,
        CALLDATALOAD,
        Push(15),
        Op(0x16),
    ];
    for (digit, label) in [(11, "create"), (12, "destroy"), (13, "revert"), (14, "loop"), (15, "invalid")] {
        code.extend([Op(0x80), Push(digit), Op(0x14), PushLabel(label), Op(0x57)]);
    }
    code.extend([Push(32), Push(0), Op(0xf3)]);
    code.extend([
        Label("create"),
        Push(0),
        Push(0),
        Push(0),
        Op(0xf0),
        Push(0),
        Op(0x52),
        Push(32),
        Push(0),
        Op(0xf3),
    ]);
    code.extend([Label("destroy"), Op(0x33), Op(0xff)]);
    code.extend([Label("revert"), Push(0), Push(0), Op(0xfd)]);
    code.extend([Label("loop"), PushLabel("loop"), Op(0x56)]);
    code.extend([Label("invalid"), Op(0xfe)]);
    assemble(&code)
}

/// Calls the address in its second argument with what follows, stores the first word of the answer in the slot of its
/// first argument, and answers the same; if the slot is an odd multiple of 8, it takes everything back.
fn proxy() -> Vec<u8> {
    use Part::{Label, Op, Push, PushLabel};
    assemble(&[
        Push(68),
        Op(0x36),
        Op(0x03), // the size of what follows
        Op(0x80),
        Push(68),
        Push(0),
        Op(0x37), // CALLDATACOPY
        Push(0),
        Push(0),
        Op(0x82),
        Push(0),
        Push(0),
        Push(36),
        Op(0x35),
        Op(0x5a),
        Op(0xf1), // CALL
        Op(0x3d),
        Push(0),
        Push(0),
        Op(0x3e), // RETURNDATACOPY
        Push(0),
        Op(0x51),
        Push(4),
        Op(0x35),
        Op(0x55), // SSTORE(key, the first word)
        Push(4),
        Op(0x35),
        Push(8),
        Op(0x16),
        PushLabel("revert"),
        Op(0x57),
        Op(0x3d),
        Push(0),
        Op(0xf3),
        Label("revert"),
        Op(0x3d),
        Push(0),
        Op(0xfd),
    ])
}

fn call(signature: &str, values: &[Value]) -> Vec<u8> {
    [&selector(Suite::Standard, signature)[..], &encode(values)].concat()
}

fn text(text: &str) -> Value {
    Value::Text(Bytes::copy_from_slice(text.as_bytes()))
}

fn number(number: u64) -> Value {
    Value::Uint(U256::from(number))
}

/// A chain with the two contracts, their functions registered, and a table.
struct Prepared {
    chain: Chain,
    mover: Address,
    proxy: Address,
}

fn config(key: &str, value: &str) -> GenesisRow {
    let fields = [("key", key), ("value", value), ("enable_num", "0")];
    ("_sys_config_".to_owned(), fields.map(|(field, value)| (field.to_owned(), value.to_owned())).to_vec())
}

impl Prepared {
    fn new(rows: &[GenesisRow]) -> Self {
        // A low limit: running out of gas is not to take long.
        let rows = [&[config("tx_gas_limit", "600000")], rows].concat();
        let mut chain = Chain::with_rows(false, &rows);
        let block = chain.block(0);
        let mover = run(&block, DEPLOYER, None, deploying(&mover())).contract.unwrap();
        let proxy = run(&block, DEPLOYER, None, deploying(&proxy())).contract.unwrap();
        for (contract, signature, size) in [(mover, HONEST, 2), (mover, DISHONEST, 1), (proxy, PROXY, 1)] {
            let signature_and_size = [Value::Address(contract), text(signature), number(size)];
            let data = call("registerParallelFunctionInternal(address,string,uint256)", &signature_and_size);
            assert!(run(&block, DEPLOYER, Some(system_contract(0x1006)), data).status.code() == 0);
        }
        let fields = [text("t"), text("id"), text("item,price")];
        run(
            &block,
            DEPLOYER,
            Some(system_contract(0x1001)),
            call("createTable(string,string,string)", &fields),
        );
        let data = call("userAdd(string,uint256)", &[text("user0"), number(100)]);
        run(&block, DEPLOYER, Some(system_contract(0x5002)), data);
        let changes = block.state.changes(1).unwrap();
        drop(block);
        chain.commit(&changes);
        Self { chain, mover, proxy }
    }

    fn block(&self) -> BlockRun<'_> {
        self.chain.block(1)
    }
}

static PLAIN: LazyLock<Prepared> = LazyLock::new(|| Prepared::new(&[]));

/// Gas is charged for: every transaction writes what its sender has left, who has nothing if no one gave.
static CHARGING: LazyLock<Prepared> = LazyLock::new(|| {
    let charger = crate::text::hex(&DEPLOYER);
    let mut prepared =
        Prepared::new(&[config("enable_charge_mgr", "on"), config("charger_list", &format!("{charger},"))]);
    let block = prepared.chain.block(1);
    for sender in 0..SENDERS / 2 {
        let data = call("charge(address,uint256)", &[Value::Address([0xa0 + sender; 20]), number(150_000)]);
        assert_eq!(run(&block, DEPLOYER, Some(system_contract(0x1009)), data).status.code(), 0);
    }
    let changes = block.state.changes(2).unwrap();
    drop(block);
    prepared.chain.commit(&changes);
    prepared
});

const SENDERS: u8 = 4;

/// What a transaction does.
#[derive(Debug, Clone)]
enum Action {
    /// Move between slots, honestly registered.
    Move(u8, u8, u8),
    /// The same, but only the source was registered.
    Half(u8, u8, u8),
    /// Call something that nobody registered, through a contract that names something else.
    Through(u8, Target),
    /// Call something itself.
    Directly(Target),
    /// DagTransfer: (method, user, other user, amount).
    Users(u8, u8, u8, u8),
    /// Deploy a contract.
    Create(bool),
    /// Malformed: the data of a move, cut.
    Cut(u8),
}

#[derive(Debug, Clone)]
enum Target {
    Move(u8, u8, u8),
    OpenTable,
    CreateTable(u8),
    NewObject,
    Insert(u8),
    Update(u8, u8),
    Remove(u8),
    Select(u8),
    Register(u8),
    Freeze,
    Config(u8),
    Users(u8, u8),
    Nothing,
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        2 => (0u8..4, 0u8..4, any::<u8>()).prop_map(|(from, to, amount)| Target::Move(from, to, amount)),
        2 => Just(Target::OpenTable),
        1 => (0u8..3).prop_map(Target::CreateTable),
        1 => Just(Target::NewObject),
        2 => (0u8..3).prop_map(Target::Insert),
        2 => (0u8..3, 0u8..3).prop_map(|(key, value)| Target::Update(key, value)),
        1 => (0u8..3).prop_map(Target::Remove),
        2 => (0u8..3).prop_map(Target::Select),
        1 => (0u8..3).prop_map(Target::Register),
        1 => Just(Target::Freeze),
        1 => (0u8..3).prop_map(Target::Config),
        2 => (0u8..4, 0u8..4).prop_map(|(from, to)| Target::Users(from, to)),
        1 => Just(Target::Nothing),
    ]
}

fn honest_action() -> impl Strategy<Value = Action> {
    // To create or to destroy writes the contract's nonce or code, which nobody named.
    let amount = any::<u8>().prop_filter("moves only", |amount| !matches!(amount & 15, 11 | 12));
    prop_oneof![
        4 => (0u8..12, 0u8..12, amount).prop_map(|(from, to, amount)| Action::Move(from, to, amount)),
        3 => (0u8..4, 0u8..12, 0u8..12, 0u8..40).prop_map(|(method, user, other, amount)| {
            Action::Users(method, user, other, amount)
        }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => honest_action(),
        3 => (0u8..6, 0u8..6, any::<u8>()).prop_map(|(from, to, amount)| Action::Half(from, to, amount)),
        4 => (any::<u8>(), target()).prop_map(|(key, target)| Action::Through(key, target)),
        2 => target().prop_map(Action::Directly),
        1 => any::<bool>().prop_map(Action::Create),
        1 => (0u8..100).prop_map(Action::Cut),
    ]
}

impl Prepared {
    fn moving(signature: &str, from: u8, to: u8, amount: u8) -> Vec<u8> {
        call(signature, &[number(from.into()), number(to.into()), number(amount.into())])
    }

    fn target(&self, target: &Target) -> (Address, Vec<u8>) {
        let user = |index: u8| text(&format!("user{index}"));
        let row = |value: u8| text(&format!("{{\"item\":\"i{value}\",\"price\":\"{value}\"}}"));
        let key = |key: u8| text(&format!("k{key}"));
        match *target {
            Target::Move(from, to, amount) => (self.mover, Self::moving(HONEST, from, to, amount)),
            Target::OpenTable => (system_contract(0x1001), call("openTable(string)", &[text("t")])),
            Target::CreateTable(name) => {
                let fields = [text(&format!("made{name}")), text("id"), text("item")];
                (system_contract(0x1001), call("createTable(string,string,string)", &fields))
            }
            // An object of an earlier transaction is never there.
            Target::NewObject => (system_contract(0x0001), selector(Suite::Standard, "newEntry()").to_vec()),
            Target::Insert(index) => {
                let data = call(
                    "insert(string,string,string,string)",
                    &[text("t"), key(index), row(index), text("")],
                );
                (system_contract(0x1002), data)
            }
            Target::Update(index, value) => {
                let values = [text("t"), key(index), row(value), text("{}"), text("")];
                (system_contract(0x1002), call("update(string,string,string,string,string)", &values))
            }
            Target::Remove(index) => {
                let data = call(
                    "remove(string,string,string,string)",
                    &[text("t"), key(index), text("{}"), text("")],
                );
                (system_contract(0x1002), data)
            }
            Target::Select(index) => {
                let data = call(
                    "select(string,string,string,string)",
                    &[text("t"), key(index), text("{}"), text("")],
                );
                (system_contract(0x1002), data)
            }
            Target::Register(size) => {
                let values = [Value::Address(self.mover), text(HONEST), number(size.into())];
                let data = call("registerParallelFunctionInternal(address,string,uint256)", &values);
                (system_contract(0x1006), data)
            }
            Target::Freeze => {
                (system_contract(0x1007), call("freeze(address)", &[Value::Address(self.mover)]))
            }
            Target::Config(value) => {
                let values = [text("tx_count_limit"), text(&format!("{}", 100 + u16::from(value)))];
                (system_contract(0x1000), call("setValueByKey(string,string)", &values))
            }
            Target::Users(from, to) => {
                let values = [user(from), user(to), number(1)];
                (system_contract(0x5002), call("userTransfer(string,string,uint256)", &values))
            }
            Target::Nothing => ([0x77; 20], Vec::new()),
        }
    }

    fn request(&self, sender: u8, action: &Action) -> Request {
        let user = |index: u8| text(&if index == 11 { String::new() } else { format!("user{index}") });
        let (to, data) = match action {
            Action::Move(from, to, amount) => (Some(self.mover), Self::moving(HONEST, *from, *to, *amount)),
            Action::Half(from, to, amount) => {
                (Some(self.mover), Self::moving(DISHONEST, *from, *to, *amount))
            }
            Action::Through(key, target) => {
                let (address, data) = self.target(target);
                let named = call(PROXY, &[number((*key).into()), Value::Address(address)]);
                (Some(self.proxy), [named, data].concat())
            }
            Action::Directly(target) => {
                let (address, data) = self.target(target);
                (Some(address), data)
            }
            Action::Users(method, source, target, amount) => {
                let amount = number((*amount).into());
                let data = match method {
                    0 => call("userAdd(string,uint256)", &[user(*source), amount]),
                    1 => call("userSave(string,uint256)", &[user(*source), amount]),
                    2 => call("userDraw(string,uint256)", &[user(*source), amount]),
                    _ => call("userTransfer(string,string,uint256)", &[user(*source), user(*target), amount]),
                };
                (Some(system_contract(0x5002)), data)
            }
            Action::Create(works) => {
                (None, if *works { deploying(&mover()) } else { vec![0x60, 0, 0x60, 0, 0xfd] })
            }
            Action::Cut(length) => {
                let mut data = Self::moving(HONEST, 1, 2, 3);
                data.truncate(usize::from(*length));
                (Some(self.mover), data)
            }
        };
        Request { gas: U256::from(100_000), ..transaction([0xa0 + sender; 20], to, data) }
    }

    fn plan(&self, actions: &[(u8, Action)]) -> Plan {
        let requests = actions.iter().map(|(sender, action)| self.request(*sender, action)).collect();
        Plan::new(&self.block(), requests).unwrap()
    }
}

/// What a block came to.
type Result = (Vec<Receipt>, Hash, Vec<(Vec<u8>, Vec<u8>)>);

fn result(block: &BlockRun<'_>, receipts: Vec<Receipt>) -> Result {
    let mut rows = block.state.changes(9).unwrap().encoded().to_vec();
    rows.sort();
    (receipts, block.state.root(), rows)
}

fn in_order(prepared: &Prepared, plan: &Plan) -> Result {
    let block = prepared.block();
    let receipts = plan.run_in_order(&block).unwrap();
    assert!(block.state.is_in_order());
    result(&block, receipts)
}

fn on_many_threads(prepared: &Prepared, plan: &Plan) -> Result {
    let (block, receipts) = POOL.install(|| prepared.chain.executor.follow(plan, prepared.block())).unwrap();
    result(&block, receipts)
}

fn actions(
    action: impl Strategy<Value = Action>,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Vec<(u8, Action)>> {
    prop::collection::vec((0..SENDERS, action), count)
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn any_block_comes_to_the_same(actions in actions(action(), 1..40)) {
        let plan = PLAIN.plan(&actions);
        prop_assert_eq!(on_many_threads(&PLAIN, &plan), in_order(&PLAIN, &plan));
    }

    #[test]
    fn any_block_with_charges_comes_to_the_same(actions in actions(action(), 1..30)) {
        let plan = CHARGING.plan(&actions);
        prop_assert_eq!(on_many_threads(&CHARGING, &plan), in_order(&CHARGING, &plan));
    }

    /// What was declared was true: nothing has to be run again.
    #[test]
    fn honest_blocks_run_once(actions in actions(honest_action(), 2..60)) {
        for prepared in [&*PLAIN, &*CHARGING] {
            let plan = prepared.plan(&actions);
            let block = prepared.block();
            let receipts = POOL.install(|| plan.run_together(&block)).unwrap();
            prop_assert!(block.state.is_in_order());
            prop_assert_eq!(result(&block, receipts), in_order(prepared, &plan));
        }
    }
}

/// Every transaction says that it works on something of its own, and all work on the same slot.
#[test]
fn a_lie_costs_a_second_run_and_changes_nothing() {
    let lies: Vec<_> = (0..200u8).map(|index| (0, Action::Half(index, 250, 16))).collect();
    let plan = PLAIN.plan(&lies);
    assert!(plan.is_wide());
    let expected = in_order(&PLAIN, &plan);
    for _ in 0..20 {
        assert_eq!(on_many_threads(&PLAIN, &plan), expected);
    }
}

/// Contracts that let temporary addresses out: they do not tell who was faster.
#[test]
fn temporary_addresses_are_those_of_one_after_the_other() {
    let actions: Vec<_> = (0..100u8)
        .map(|index| {
            let key = index & !8;
            let target = Target::OpenTable;
            (0, if index % 10 == 0 { Action::Directly(target) } else { Action::Through(key, target) })
        })
        .collect();
    let plan = PLAIN.plan(&actions);
    let (receipts, ..) = in_order(&PLAIN, &plan);
    let given: Vec<u64> =
        receipts.iter().map(|receipt| U256::from_be_slice(&receipt.output).as_limbs()[0] - 0x10000).collect();
    // One that runs alone counts on from all before it; one that may run beside others from the last that ran alone.
    assert_eq!(given[..12], [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 11, 12]);
    for _ in 0..10 {
        assert_eq!(on_many_threads(&PLAIN, &plan).0, receipts);
    }
}

#[test]
fn a_registration_counts_from_the_next_block_on() {
    let chain = Chain::new(false);
    let block = chain.block(0);
    let mover = run(&block, DEPLOYER, None, deploying(&mover())).contract.unwrap();
    let changes = block.state.changes(1).unwrap();
    drop(block);
    let mut chain = chain;
    chain.commit(&changes);

    let register = call(
        "registerParallelFunctionInternal(address,string,uint256)",
        &[Value::Address(mover), text(HONEST), number(2)],
    );
    let moves = |from: u8| transaction(DEPLOYER, Some(mover), Prepared::moving(HONEST, from, from + 1, 16));
    let requests =
        || vec![transaction(DEPLOYER, Some(system_contract(0x1006)), register.clone()), moves(0), moves(4)];
    let block = chain.block(1);
    let plan = Plan::new(&block, requests()).unwrap();
    assert!(!plan.is_wide());
    plan.run_in_order(&block).unwrap();
    let changes = block.state.changes(2).unwrap();
    drop(block);
    chain.commit(&changes);
    assert!(Plan::new(&chain.block(2), requests()).unwrap().is_wide());
}
