//! Hashes and signatures.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyList};

use crate::errors::invalid;
use crate::suite::{hashed, Suite};
use crate::values::Fixed;

#[pyfunction]
pub fn keccak256<'py>(py: Python<'py>, data: PyBackedBytes) -> Bound<'py, PyBytes> {
    hashed(py, &data, hansa_crypto::keccak256)
}

/// Elliptic curve verification takes a good part of a millisecond: others may run meanwhile.
#[pyfunction]
pub fn vrf_verify<'py>(
    py: Python<'py>,
    input: PyBackedBytes,
    public_key: PyBackedBytes,
    proof: PyBackedBytes,
) -> Option<Bound<'py, PyBytes>> {
    py.detach(|| hansa_privacy::curve25519_vrf_verify(&input, &public_key, &proof))
        .map(|hash| PyBytes::new(py, &hash))
}

#[pyfunction]
pub fn vrf_prove(py: Python<'_>, secret: Fixed<32>, input: &str) -> (String, String) {
    py.detach(|| hansa_privacy::curve25519_vrf_prove(&secret.0, input))
}

#[pyfunction]
#[pyo3(signature = (secret, *, suite = Suite::Standard))]
pub fn public_key<'py>(py: Python<'py>, secret: Fixed<32>, suite: Suite) -> PyResult<Bound<'py, PyBytes>> {
    let key = py.detach(|| suite.get().public_key(&secret.0)).map_err(invalid)?;
    Ok(PyBytes::new(py, &key))
}

#[pyfunction]
#[pyo3(signature = (secret, digest, *, suite = Suite::Standard))]
pub fn sign<'py>(
    py: Python<'py>,
    secret: Fixed<32>,
    digest: Fixed<32>,
    suite: Suite,
) -> PyResult<Bound<'py, PyBytes>> {
    let signature = py.detach(|| suite.get().sign(&secret.0, &digest.0)).map_err(invalid)?;
    Ok(PyBytes::new(py, &signature))
}

#[pyfunction]
#[pyo3(signature = (digest, signature, *, suite = Suite::Standard))]
pub fn recover<'py>(
    py: Python<'py>,
    digest: Fixed<32>,
    signature: PyBackedBytes,
    suite: Suite,
) -> Option<Bound<'py, PyBytes>> {
    py.detach(|| suite.get().recover(&digest.0, &signature)).map(|key| PyBytes::new(py, &key))
}

#[pyfunction]
#[pyo3(signature = (digests, signatures, *, suite = Suite::Standard))]
pub fn recover_batch<'py>(
    py: Python<'py>,
    digests: Vec<Fixed<32>>,
    signatures: Vec<PyBackedBytes>,
    suite: Suite,
) -> PyResult<Bound<'py, PyList>> {
    same_length(digests.len(), signatures.len())?;
    let keys = py.detach(|| {
        let items: Vec<_> =
            digests.iter().zip(&signatures).map(|(digest, signature)| (digest.0, &**signature)).collect();
        suite.get().recover_batch(&items)
    });
    PyList::new(py, keys.into_iter().map(|key| key.map(|key| PyBytes::new(py, &key))))
}

#[pyfunction]
#[pyo3(signature = (public_keys, digests, signatures, *, suite = Suite::Standard))]
pub fn verify_batch(
    py: Python<'_>,
    public_keys: Vec<Fixed<64>>,
    digests: Vec<Fixed<32>>,
    signatures: Vec<PyBackedBytes>,
    suite: Suite,
) -> PyResult<Vec<bool>> {
    same_length(public_keys.len(), digests.len())?;
    same_length(digests.len(), signatures.len())?;
    Ok(py.detach(|| {
        let items: Vec<_> = public_keys
            .iter()
            .zip(&digests)
            .zip(&signatures)
            .map(|((key, digest), signature)| (key.0, digest.0, &**signature))
            .collect();
        suite.get().verify_batch(&items)
    }))
}

fn same_length(one: usize, other: usize) -> PyResult<()> {
    if one == other {
        Ok(())
    } else {
        Err(invalid(format!("sequences of one length expected, not of {one} and {other}")))
    }
}
