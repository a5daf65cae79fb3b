//! Contracts in Python: the kernel calls one callable per address, and what the contract asks comes back here.
//!
//! While a contract answers, the interpreter is attached and the call it works in is lent to its thread: a
//! `ContractCall` is only a ticket, good on that thread until the answer is there. The kernel holds no lock while it
//! reads rows from the storage, so keeping the interpreter attached meanwhile cannot stop anyone for good.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use hansa_executor::{CallFacts, Contract, ContractFailure, Operation, Rights, StateError};
use hansa_state::{Bytes, Condition, Created, Selected, Table, Written};
use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::errors::invalid;
use crate::suite::Suite;
use crate::values::{Count, Fixed};

/// What a write answers whose origin may not (execution §2.0).
const NO_AUTHORITY: i64 = -50_000;
const TABLE_EXISTS: i64 = -50_001;

/// A contract that a Python callable answers.
pub struct PythonContract(pub Py<PyAny>);

impl Contract for PythonContract {
    fn answer(
        &self,
        call: &mut dyn hansa_executor::ContractCall,
        input: &[u8],
    ) -> Result<Vec<u8>, ContractFailure> {
        let facts = call.facts();
        let (answered, broken) = lend(call, |ticket| {
            Python::attach(|py| {
                let call = ContractCall { ticket, facts };
                let answer = self.0.call1(py, (call, PyBytes::new(py, input)))?;
                let (is_answer, bytes): (bool, PyBackedBytes) = answer.extract(py)?;
                PyResult::Ok((is_answer, bytes.to_vec()))
            })
            // Whatever a contract does wrong, its caller answers for; this is a mistake of the caller's.
            .map_err(|error| Python::attach(|py| error.write_unraisable(py, None)))
        });
        if let Some(error) = broken {
            return Err(ContractFailure::State(error));
        }
        match answered {
            Ok((true, output)) => Ok(output),
            Ok((false, text)) => Err(ContractFailure::Failed(text)),
            Err(()) => Err(ContractFailure::unspecified()),
        }
    }
}

/// The call a thread works in.
struct Lent {
    ticket: u64,
    call: *mut (dyn hansa_executor::ContractCall + 'static),
    /// The first storage failure: it ends the block, whatever the contract makes of it.
    broken: Option<StateError>,
}

thread_local! {
    static LENT: RefCell<Option<Lent>> = const { RefCell::new(None) };
}

/// Puts back what was lent before, also when `work` panics.
struct Return(Option<Lent>);

impl Drop for Return {
    fn drop(&mut self) {
        LENT.set(self.0.take());
    }
}

/// Let [`with_call`] reach `call` on this thread as long as `work` runs; what broke meanwhile.
fn lend<T>(
    call: &mut dyn hansa_executor::ContractCall,
    work: impl FnOnce(u64) -> T,
) -> (T, Option<StateError>) {
    static TICKETS: AtomicU64 = AtomicU64::new(0);
    let ticket = TICKETS.fetch_add(1, Ordering::Relaxed);
    let call: *mut (dyn hansa_executor::ContractCall + '_) = call;
    // SAFETY: only the lifetime changes. The pointer is taken away again by `Return` before `call`, which is borrowed
    // for the whole of this function, can be used by anyone else.
    let call: *mut (dyn hansa_executor::ContractCall + 'static) = unsafe { std::mem::transmute(call) };
    let before = Return(LENT.replace(Some(Lent { ticket, call, broken: None })));
    let result = work(ticket);
    let broken = LENT.take().and_then(|lent| lent.broken);
    drop(before);
    (result, broken)
}

/// Work on the call this thread was lent under that ticket.
fn with_call<T>(
    ticket: u64,
    work: impl FnOnce(&mut dyn hansa_executor::ContractCall) -> Result<T, StateError>,
) -> PyResult<T> {
    LENT.with(|lent| {
        let over = || PyRuntimeError::new_err("this call is over, or belongs to another thread");
        let mut lent = lent.try_borrow_mut().map_err(|_| over())?;
        let lent = lent.as_mut().filter(|lent| lent.ticket == ticket).ok_or_else(over)?;
        // SAFETY: `lend` has the call borrowed and waits; the borrow of the cell makes this the only way to it.
        let call = unsafe { &mut *lent.call };
        work(call).map_err(|error| {
            let raised = PyOSError::new_err(error.to_string());
            lent.broken.get_or_insert(error);
            raised
        })
    })
}

/// A table during one call.
#[pyclass(frozen, module = "hansa._kernel")]
pub struct ContractTable {
    ticket: u64,
    table: Arc<Table>,
}

#[pymethods]
impl ContractTable {
    #[getter]
    fn name(&self) -> &str {
        self.table.schema().name()
    }

    #[getter]
    fn key_field(&self) -> &str {
        self.table.schema().key_field()
    }

    /// Key field and value fields, in byte order.
    #[getter]
    fn fields(&self) -> Vec<&str> {
        self.table.schema().fields().collect()
    }
}

/// The call a contract answers.
#[pyclass(frozen, module = "hansa._kernel")]
pub struct ContractCall {
    ticket: u64,
    facts: CallFacts,
}

/// One condition of a select: field, operator, value.
type Where = (String, String, PyBackedBytes);

type Fields = Vec<(String, PyBackedBytes)>;

#[pymethods]
impl ContractCall {
    #[getter]
    fn origin(&self) -> &[u8] {
        &self.facts.origin
    }

    #[getter]
    fn sender(&self) -> &[u8] {
        &self.facts.sender
    }

    #[getter]
    fn address(&self) -> &[u8] {
        &self.facts.address
    }

    #[getter]
    fn number(&self) -> u64 {
        self.facts.number
    }

    #[getter]
    fn timestamp(&self) -> u64 {
        self.facts.timestamp
    }

    #[getter]
    fn is_static(&self) -> bool {
        self.facts.is_static
    }

    #[getter]
    fn suite(&self) -> Suite {
        self.facts.suite.into()
    }

    #[getter]
    fn gas(&self) -> u64 {
        self.facts.gas
    }

    fn open(&self, name: &str) -> PyResult<Option<ContractTable>> {
        let table = with_call(self.ticket, |call| call.open(name))?;
        Ok(table.map(|table| ContractTable { ticket: self.ticket, table }))
    }

    #[pyo3(signature = (name, key_field, value_fields, *, as_origin))]
    fn create(&self, name: &str, key_field: &str, value_fields: &str, as_origin: bool) -> PyResult<i64> {
        let rights = rights(as_origin);
        let created = with_call(self.ticket, |call| call.create(name, key_field, value_fields, rights))?;
        Ok(match created {
            Created::Table(_) => 0,
            Created::Exists => TABLE_EXISTS,
            Created::Denied => NO_AUTHORITY,
        })
    }

    #[pyo3(signature = (table, key, conditions, limit))]
    fn select<'py>(
        &self,
        py: Python<'py>,
        table: &ContractTable,
        key: PyBackedBytes,
        conditions: Vec<Where>,
        limit: Option<(i64, i64)>,
    ) -> PyResult<Bound<'py, PyList>> {
        let condition = condition(conditions, limit)?;
        let table = self.own(table)?;
        let rows = with_call(self.ticket, |call| call.select(table, &key, &condition))?;
        let list = PyList::empty(py);
        for row in &rows {
            list.append(named(py, table, row)?)?;
        }
        Ok(list)
    }

    fn committed<'py>(
        &self,
        py: Python<'py>,
        table: &ContractTable,
        key: PyBackedBytes,
        field: &str,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let table = self.own(table)?;
        let value = with_call(self.ticket, |call| call.committed_field(table, &key, field))?;
        Ok(value.map(|value| PyBytes::new(py, &value)))
    }

    #[pyo3(signature = (table, key, fields, *, as_origin))]
    fn insert(
        &self,
        table: &ContractTable,
        key: PyBackedBytes,
        fields: Fields,
        as_origin: bool,
    ) -> PyResult<i64> {
        let (table, fields) = (self.own(table)?, owned(fields));
        with_call(self.ticket, |call| call.insert(table, &key, &fields, rights(as_origin))).map(code)
    }

    #[pyo3(signature = (table, key, fields, conditions, *, as_origin))]
    fn update(
        &self,
        table: &ContractTable,
        key: PyBackedBytes,
        fields: Fields,
        conditions: Vec<Where>,
        as_origin: bool,
    ) -> PyResult<i64> {
        let (table, fields) = (self.own(table)?, owned(fields));
        let condition = condition(conditions, None)?;
        with_call(self.ticket, |call| call.update(table, &key, &fields, &condition, rights(as_origin)))
            .map(code)
    }

    #[pyo3(signature = (table, key, conditions, *, as_origin))]
    fn remove(
        &self,
        table: &ContractTable,
        key: PyBackedBytes,
        conditions: Vec<Where>,
        as_origin: bool,
    ) -> PyResult<i64> {
        let table = self.own(table)?;
        let condition = condition(conditions, None)?;
        with_call(self.ticket, |call| call.remove(table, &key, &condition, rights(as_origin))).map(code)
    }

    fn log(&self, topics: Vec<Fixed<32>>, data: PyBackedBytes) -> PyResult<()> {
        let topics = topics.into_iter().map(|topic| topic.0).collect();
        with_call(self.ticket, |call| {
            call.log(topics, data.to_vec());
            Ok(())
        })
    }

    fn charge(&self, operation: &str, times: Count) -> PyResult<u64> {
        let operation = priced(operation)?;
        with_call(self.ticket, |call| {
            call.charge(operation, times.as_usize());
            Ok(call.cost())
        })
    }

    fn charge_gas(&self, gas: Count) -> PyResult<u64> {
        with_call(self.ticket, |call| {
            call.charge_gas(gas.0);
            Ok(call.cost())
        })
    }

    fn raise_memory(&self, size: Count) -> PyResult<()> {
        with_call(self.ticket, |call| {
            call.raise_memory(size.as_usize());
            Ok(())
        })
    }

    fn block_hash<'py>(&self, py: Python<'py>, number: Count) -> PyResult<Bound<'py, PyBytes>> {
        let hash = with_call(self.ticket, |call| call.block_hash(number.0))?;
        Ok(PyBytes::new(py, &hash))
    }
}

impl ContractCall {
    /// A table of this very call: one that was kept from another belongs to another block.
    fn own<'t>(&self, table: &'t ContractTable) -> PyResult<&'t Arc<Table>> {
        match table.ticket == self.ticket {
            true => Ok(&table.table),
            false => Err(PyRuntimeError::new_err("this table belongs to another call")),
        }
    }
}

fn rights(as_origin: bool) -> Rights {
    if as_origin {
        Rights::Origin
    } else {
        Rights::System
    }
}

fn code(written: Written) -> i64 {
    match written {
        Written::Rows(count) => i64::try_from(count).unwrap_or(i64::MAX),
        Written::Denied => NO_AUTHORITY,
    }
}

fn owned(fields: Fields) -> Vec<(String, Bytes)> {
    fields.into_iter().map(|(field, value)| (field, Bytes::copy_from_slice(&value))).collect()
}

fn named<'py>(py: Python<'py>, table: &Table, row: &Selected) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    for (field, value) in table.schema().fields().zip(row.values().iter()) {
        if let Some(value) = value {
            fields.set_item(field, PyBytes::new(py, value))?;
        }
    }
    Ok(fields)
}

fn condition(parts: Vec<Where>, limit: Option<(i64, i64)>) -> PyResult<Condition> {
    let mut condition = Condition::all();
    for (field, operator, value) in parts {
        let value = Bytes::copy_from_slice(&value);
        match operator.as_str() {
            "==" => condition.equal(field, value),
            "!=" => condition.not_equal(field, value),
            ">" => condition.greater(field, value),
            ">=" => condition.greater_or_equal(field, value),
            "<" => condition.less(field, value),
            "<=" => condition.less_or_equal(field, value),
            _ => return Err(invalid(format!("{operator:?} is not one of == != > >= < <="))),
        }
    }
    if let Some((offset, count)) = limit {
        condition.limit(offset, count);
    }
    Ok(condition)
}

/// The operations that contracts in Python are charged for.
fn priced(operation: &str) -> PyResult<Operation> {
    Ok(match operation {
        "create_table" => Operation::CreateTable,
        "open_table" => Operation::OpenTable,
        "select" => Operation::Select,
        "insert" => Operation::Insert,
        "update" => Operation::Update,
        "remove" => Operation::Remove,
        "set" => Operation::Set,
        _ => return Err(invalid(format!("{operation:?} is not an operation with a price"))),
    })
}
