//! Tables as transactions and blocks see them (data model §7, §9; execution §3, §4.1).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use hansa_crypto::Suite;
use hansa_state::{
    names, Access, BlockState, Bytes, CommittedState, Condition, Created, Savepoint, Session, StateError,
    StateReader, Table, Written,
};
use proptest::prelude::*;

#[derive(Clone, Default)]
struct Store(Arc<Mutex<HashMap<Vec<u8>, Vec<u8>>>>);

impl StateReader for Store {
    fn read_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StateError> {
        let rows = self.0.lock().unwrap();
        Ok(keys.iter().map(|key| rows.get(key).cloned()).collect())
    }
}

/// A committed state that blocks can be run on.
struct Chain {
    store: Store,
    committed: Arc<CommittedState>,
    height: u64,
}

impl Chain {
    fn new() -> Self {
        Self::with_suite(Suite::Standard)
    }

    fn with_suite(suite: Suite) -> Self {
        let store = Store::default();
        let committed = Arc::new(CommittedState::new(suite, Box::new(store.clone()), 1 << 20));
        Self { store, committed, height: 0 }
    }

    fn block(&self) -> BlockState {
        BlockState::new(Arc::clone(&self.committed))
    }

    /// Run one transaction and commit it as a block.
    fn run<T>(&mut self, work: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let block = self.block();
        let result = work(&mut Session::new(&block));
        self.commit(&block);
        result
    }

    fn commit(&mut self, block: &BlockState) {
        self.height += 1;
        let changes = block.changes(self.height).unwrap();
        self.store.0.lock().unwrap().extend(changes.encoded().iter().cloned());
        self.committed.apply(&changes);
    }
}

fn create(session: &mut Session<'_>) -> Arc<Table> {
    match session.create("u_t", "name", "item_id,item_name", Access::System).unwrap() {
        Created::Table(table) => table,
        other => panic!("{other:?}"),
    }
}

fn open(session: &Session<'_>) -> Arc<Table> {
    session.open("u_t").unwrap().unwrap()
}

fn fields(id: &str, name: &str) -> [(&'static str, Bytes); 2] {
    [("item_id", Bytes::from(id.to_owned())), ("item_name", Bytes::from(name.to_owned()))]
}

fn insert(session: &mut Session<'_>, key: &str, id: &str, name: &str) {
    let table = open(session);
    session.insert(&table, key.as_bytes(), fields(id, name), Access::System).unwrap();
}

fn update(session: &mut Session<'_>, key: &str, condition: &Condition, name: &str) -> Written {
    let fields = [("item_name", Bytes::from(name.to_owned()))];
    session.update(&open(session), key.as_bytes(), fields, condition, Access::System).unwrap()
}

fn remove(session: &mut Session<'_>, key: &str, condition: &Condition) -> Written {
    session.remove(&open(session), key.as_bytes(), condition, Access::System).unwrap()
}

fn ids(session: &Session<'_>, key: &str, condition: &Condition) -> Vec<String> {
    let table = open(session);
    let rows = session.select(&table, key.as_bytes(), condition).unwrap();
    let id = |row: &hansa_state::Selected| row.get(table.schema(), "item_id").cloned().unwrap_or_default();
    rows.iter().map(|row| String::from_utf8(id(row).to_vec()).unwrap()).collect()
}

fn of_id(id: &str) -> Condition {
    let mut condition = Condition::all();
    condition.equal("item_id", id.to_owned());
    condition
}

fn of_name(name: &str) -> Condition {
    let mut condition = Condition::all();
    condition.equal("item_name", name.to_owned());
    condition
}

mod roots {
    use serde_json::Value;

    use super::*;

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    fn vectors() -> Vec<Value> {
        let text = include_str!("vectors/state_roots.json");
        let Value::Object(mut file) = serde_json::from_str(text).unwrap() else { panic!() };
        let Some(Value::Array(roots)) = file.remove("roots") else { panic!() };
        roots
    }

    fn root_of(vector: &Value) -> Vec<u8> {
        unhex(vector["stateRoot"].as_str().unwrap())
    }

    /// The root on a guomi chain.
    fn root_of_sm(vector: &Value) -> Vec<u8> {
        unhex(vector["stateRootSm"].as_str().unwrap())
    }

    /// Insert the rows of a vector; tables of accounts come with their rows in `_sys_tables_`.
    fn insert_rows(session: &mut Session<'_>, vector: &Value) {
        for table in vector["tables"].as_array().unwrap() {
            let name = table["table"].as_str().unwrap();
            if name == names::TABLES {
                continue;
            }
            let opened = session.open(name).unwrap();
            let opened = opened.unwrap_or_else(|| {
                match session.create(name, "key", "value", Access::System).unwrap() {
                    Created::Table(table) => table,
                    other => panic!("{other:?}"),
                }
            });
            for row in table["rows"].as_array().unwrap() {
                let fields = row["fields"].as_object().unwrap();
                let key = unhex(fields[opened.schema().key_field()].as_str().unwrap());
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), Bytes::from(unhex(value.as_str().unwrap()))));
                session.insert(&opened, &key, fields, Access::System).unwrap();
            }
        }
    }

    #[test]
    fn of_a_deployment_on_a_real_chain() {
        let vector = &vectors()[0];
        let block = Chain::new().block();
        insert_rows(&mut Session::new(&block), vector);
        assert_eq!(block.root()[..], root_of(vector));
    }

    #[test]
    fn of_changed_removed_and_new_rows() {
        let vector = &vectors()[1];
        assert_eq!(root_of_changes(Suite::Standard)[..], root_of(vector));
        assert_eq!(root_of_changes(Suite::Sm)[..], root_of_sm(vector));
    }

    fn root_of_changes(suite: Suite) -> [u8; 32] {
        let mut chain = Chain::with_suite(suite);
        chain.run(|session| {
            create(session);
            insert(session, "fruit", "1", "apple");
            insert(session, "fruit", "2", "apple");
        });
        let block = chain.block();
        let session = &mut Session::new(&block);
        // In another order than the root has them.
        insert(session, "zoo", "3", "");
        insert(session, "book", "9", "atlas");
        assert_eq!(remove(session, "fruit", &of_id("2")), Written::Rows(1));
        assert_eq!(update(session, "fruit", &of_id("1"), "pear"), Written::Rows(1));
        let cns = session.open_built_in(names::CNS).unwrap();
        let contract = "9dbaf42da05a0148d2ca9905870a91085c23ce71";
        let row = [("version", "1.0"), ("address", contract), ("abi", "[]")];
        let row = row.map(|(field, value)| (field, Bytes::from(value)));
        session.insert(&cns, b"HelloWorld", row, Access::System).unwrap();
        block.root()
    }

    #[test]
    fn of_a_write_without_effect_and_of_nothing() {
        let vectors = vectors();
        let mut chain = Chain::new();
        chain.run(create);
        let block = chain.block();
        let session = &mut Session::new(&block);
        assert_eq!(ids(session, "fruit", &Condition::all()), [""; 0]);
        assert_eq!(block.root()[..], root_of(&vectors[3]), "reading leaves nothing");
        assert_eq!(update(session, "fruit", &Condition::all(), "pear"), Written::Rows(0));
        assert_eq!(block.root()[..], root_of(&vectors[2]), "writing does");
    }

    #[test]
    fn a_reverted_change_leaves_the_row_touched() {
        let mut chain = Chain::new();
        chain.run(|session| {
            create(session);
            insert(session, "fruit", "1", "apple");
        });
        let (reverted, rewritten) = (chain.block(), chain.block());
        let session = &mut Session::new(&reverted);
        let start = session.savepoint();
        update(session, "fruit", &of_id("1"), "pear");
        insert(session, "fruit", "2", "plum");
        session.revert_to(start);
        update(&mut Session::new(&rewritten), "fruit", &of_id("1"), "apple");
        assert_eq!(reverted.root(), rewritten.root());
        assert_ne!(reverted.root(), chain.block().root());
    }

    #[test]
    fn a_row_that_came_and_went_is_hashed_as_removed() {
        let mut chain = Chain::new();
        chain.run(create);
        let (gone, never) = (chain.block(), chain.block());
        let session = &mut Session::new(&gone);
        insert(session, "fruit", "1", "apple");
        remove(session, "fruit", &of_id("1"));
        update(&mut Session::new(&never), "fruit", &of_id("1"), "pear");
        assert_ne!(gone.root(), never.root());
        assert!(gone.changes(9).unwrap().encoded().is_empty(), "but it is not stored");
    }
}

#[test]
fn rows_come_in_the_order_every_node_sees() {
    let mut chain = Chain::new();
    chain.run(|session| {
        create(session);
        // Ids are given by content, not by the order of insertion.
        insert(session, "k", "2", "a");
        insert(session, "k", "1", "b");
        insert(session, "k", "3", "a");
    });
    let block = chain.block();
    let session = &mut Session::new(&block);
    assert_eq!(ids(session, "k", &Condition::all()), ["1", "2", "3"]);
    insert(session, "k", "0", "a");
    update(session, "k", &of_id("1"), "a");
    assert_eq!(ids(session, "k", &Condition::all()), ["1", "2", "3", "0"]);
    assert_eq!(ids(session, "k", &of_name("a")), ["2", "3", "1", "0"], "what matches since then follows");
    let mut limited = of_name("a");
    limited.limit(1, 2);
    assert_eq!(ids(session, "k", &limited), ["3", "1"]);
}

#[test]
fn ids_go_on_where_the_last_block_stopped() {
    let mut chain = Chain::new();
    chain.run(create);
    for id in ["9", "5", "7"] {
        chain.run(|session| insert(session, "k", id, ""));
    }
    // A new node over the same storage continues as the old one would.
    chain.committed = Arc::new(CommittedState::new(Suite::Standard, Box::new(chain.store.clone()), 1 << 20));
    chain.run(|session| insert(session, "k", "1", ""));
    let block = chain.block();
    assert_eq!(ids(&Session::new(&block), "k", &Condition::all()), ["9", "5", "7", "1"]);
}

#[test]
fn changed_tables_are_named() {
    let mut chain = Chain::new();
    chain.run(create);
    let block = chain.block();
    let session = &mut Session::new(&block);
    insert(session, "k", "1", "a");
    update(session, "other", &Condition::all(), "b");
    assert_eq!(block.changes(2).unwrap().tables(), ["u_t"]);
}

#[test]
fn a_table_whose_creation_was_taken_back_stays_known_for_the_block() {
    let mut chain = Chain::new();
    let block = chain.block();
    let session = &mut Session::new(&block);
    let start = session.savepoint();
    create(session);
    insert(session, "k", "1", "a");
    session.revert_to(start);
    assert!(session.open("u_t").unwrap().is_some());
    assert_eq!(ids(session, "k", &Condition::all()), [""; 0]);
    chain.commit(&block);
    assert!(Session::new(&chain.block()).open("u_t").unwrap().is_none());
}

mod permission {
    use super::*;

    const ALICE: &str = "0x1111111111111111111111111111111111111111";
    const BOB: &str = "0x2222222222222222222222222222222222222222";

    fn grant(session: &mut Session<'_>, table: &str, address: &str) {
        let access = session.open_built_in(names::TABLE_ACCESS).unwrap();
        let fields = [("address", Bytes::from(address.to_owned())), ("enable_num", "1".into())];
        session.insert(&access, table.as_bytes(), fields, Access::System).unwrap();
    }

    fn may_write(session: &Session<'_>, table: &str, address: &str) -> bool {
        session.open(table).unwrap().unwrap().is_writable(Access::Origin(address))
    }

    #[test]
    fn an_empty_list_lets_everyone_write_and_a_grant_works_from_the_next_block() {
        let mut chain = Chain::new();
        chain.run(create);
        chain.run(|session| {
            grant(session, "u_t", ALICE);
            assert!(may_write(session, "u_t", BOB));
        });
        let block = chain.block();
        let session = &mut Session::new(&block);
        assert!(may_write(session, "u_t", ALICE));
        assert!(!may_write(session, "u_t", BOB));
        let table = open(session);
        let denied = session.insert(&table, b"k", fields("1", "a"), Access::Origin(BOB)).unwrap();
        assert_eq!(denied, Written::Denied);
        assert_eq!(block.root(), [0; 32], "a refused write leaves nothing");
    }

    #[test]
    fn a_committee_of_one_is_not_a_committee_yet() {
        let mut chain = Chain::new();
        chain.run(|session| grant(session, names::TABLE_ACCESS, ALICE));
        assert!(may_write(&Session::new(&chain.block()), names::TABLE_ACCESS, BOB));
        chain.run(|session| grant(session, names::TABLE_ACCESS, BOB));
        let block = chain.block();
        assert!(!may_write(&Session::new(&block), names::TABLE_ACCESS, "0x3333"));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u8, u8),
    Update(u8, u8),
    Remove(u8, u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..3u8, 0..3u8, 0..3u8).prop_map(|(kind, key, id)| match kind {
        0 => Step::Insert(key, id),
        1 => Step::Update(key, id),
        _ => Step::Remove(key, id),
    });
    prop::collection::vec(step, 0..12)
}

fn take(session: &mut Session<'_>, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Insert(key, id) => insert(session, &key.to_string(), &id.to_string(), "new"),
            Step::Update(key, id) => {
                update(session, &key.to_string(), &of_id(&id.to_string()), "changed");
            }
            Step::Remove(key, id) => {
                remove(session, &key.to_string(), &of_id(&id.to_string()));
            }
        }
    }
}

fn contents(session: &Session<'_>) -> Vec<Vec<hansa_state::Values>> {
    let table = open(session);
    let rows = |key: u8| session.select(&table, key.to_string().as_bytes(), &Condition::all()).unwrap();
    (0..3).map(|key| rows(key).iter().map(|row| row.values().clone()).collect()).collect()
}

proptest! {
    #[test]
    fn reverting_brings_back_what_was_there(committed in steps(), kept in steps(), undone in steps()) {
        let mut chain = Chain::new();
        chain.run(create);
        chain.run(|session| take(session, &committed));
        let block = chain.block();
        let session = &mut Session::new(&block);
        take(session, &kept);
        let (savepoint, before) = (session.savepoint(), contents(session));
        take(session, &undone);
        session.revert_to(savepoint);
        prop_assert_eq!(contents(session), before);
    }

    #[test]
    fn what_a_block_showed_is_what_is_committed(first in steps(), second in steps()) {
        let mut chain = Chain::new();
        chain.run(create);
        chain.run(|session| take(session, &first));
        let block = chain.block();
        take(&mut Session::new(&block), &second);
        let mut seen = contents(&Session::new(&block));
        chain.commit(&block);
        let mut stored = contents(&Session::new(&chain.block()));
        // Ids order new rows by content, so only the order within a key may differ.
        for rows in seen.iter_mut().chain(&mut stored) {
            rows.sort();
        }
        prop_assert_eq!(stored, seen);
    }
}

/// Sessions of one block that run at the same time (here: in turns), and whether the block notices.
mod order {
    use super::*;

    /// A table with a row under `k`.
    fn chain() -> Chain {
        let mut chain = Chain::new();
        chain.run(|session| {
            create(session);
            insert(session, "k", "1", "pear");
        });
        chain
    }

    fn read(session: &Session<'_>, key: &str) {
        let _ = ids(session, key, &Condition::all());
    }

    #[test]
    fn sessions_that_do_not_meet_run_in_any_order() {
        let chain = chain();
        let block = chain.block();
        let (mut first, mut second) = (Session::at(&block, 1), Session::at(&block, 2));
        insert(&mut second, "b", "2", "plum");
        update(&mut first, "k", &Condition::all(), "apple");
        read(&second, "b");
        read(&first, "a");
        read(&second, "a");
        first.revert_to(Savepoint::default());
        assert!(block.is_in_order());
    }

    #[test]
    fn sessions_that_meet_have_to_keep_their_order() {
        let chain = chain();
        let in_turns = |work: &dyn Fn(&mut Session<'_>, &mut Session<'_>)| {
            let block = chain.block();
            work(&mut Session::at(&block, 1), &mut Session::at(&block, 2));
            block.is_in_order()
        };
        let change = |session: &mut Session<'_>| {
            update(session, "k", &Condition::all(), "apple");
        };
        assert!(in_turns(&|first, second| {
            change(first);
            read(second, "k");
            change(second);
        }));
        // Read too early, read too late, written too late, taken back too late.
        assert!(!in_turns(&|first, second| {
            read(second, "k");
            change(first);
        }));
        assert!(!in_turns(&|first, second| {
            change(second);
            read(first, "k");
        }));
        assert!(!in_turns(&|first, second| {
            insert(second, "k", "2", "plum");
            insert(first, "k", "3", "fig");
        }));
        assert!(!in_turns(&|first, second| {
            change(first);
            read(second, "k");
            first.revert_to(Savepoint::default());
        }));
        assert!(!in_turns(&|first, second| {
            read(second, "k");
            remove(first, "k", &Condition::all());
        }));
    }

    #[test]
    fn whether_a_table_exists_is_read_and_written_too() {
        let chain = Chain::new();
        let exists = |session: &Session<'_>| session.open("u_t").unwrap().is_some();
        let block = chain.block();
        create(&mut Session::at(&block, 1));
        assert!(exists(&Session::at(&block, 2)) && block.is_in_order());
        // It is not there yet for one that comes before.
        assert!(exists(&Session::at(&block, 0)) && !block.is_in_order());

        let block = chain.block();
        assert!(!exists(&Session::at(&block, 2)) && block.is_in_order());
        create(&mut Session::at(&block, 1));
        assert!(!block.is_in_order());

        // That it stays known after a revert is known only later on.
        let block = chain.block();
        let mut second = Session::at(&block, 2);
        create(&mut second);
        second.revert_to(Savepoint::default());
        assert!(exists(&Session::at(&block, 3)) && block.is_in_order());
        assert!(exists(&Session::at(&block, 1)) && !block.is_in_order());
    }
}
