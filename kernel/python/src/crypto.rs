//! Hashes and signatures.

use hansa_crypto::{ecdsa, SUITE};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyList};

use crate::errors::invalid;
use crate::values::Fixed;

/// Hashing less than this takes no longer than giving up the interpreter lock and getting it back.
const DETACH_SIZE_MIN: usize = 4096;

#[pyfunction]
pub fn keccak256<'py>(py: Python<'py>, data: PyBackedBytes) -> Bound<'py, PyBytes> {
    let hash = if data.len() < DETACH_SIZE_MIN {
        hansa_crypto::keccak256(&data)
    } else {
        py.detach(|| hansa_crypto::keccak256(&data))
    };
    PyBytes::new(py, &hash)
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
pub fn public_key<'py>(py: Python<'py>, secret: Fixed<32>) -> PyResult<Bound<'py, PyBytes>> {
    let key = py.detach(|| ecdsa::public_key(&secret.0)).map_err(invalid)?;
    Ok(PyBytes::new(py, &key))
}

#[pyfunction]
pub fn sign<'py>(py: Python<'py>, secret: Fixed<32>, digest: Fixed<32>) -> PyResult<Bound<'py, PyBytes>> {
    let signature = py.detach(|| ecdsa::sign(&secret.0, &digest.0)).map_err(invalid)?;
    Ok(PyBytes::new(py, &signature))
}

#[pyfunction]
pub fn recover<'py>(
    py: Python<'py>,
    digest: Fixed<32>,
    signature: PyBackedBytes,
) -> Option<Bound<'py, PyBytes>> {
    py.detach(|| SUITE.recover(&digest.0, &signature)).map(|key| PyBytes::new(py, &key))
}

#[pyfunction]
pub fn recover_batch<'py>(
    py: Python<'py>,
    digests: Vec<Fixed<32>>,
    signatures: Vec<PyBackedBytes>,
) -> PyResult<Bound<'py, PyList>> {
    same_length(digests.len(), signatures.len())?;
    let keys = py.detach(|| {
        let items: Vec<_> =
            digests.iter().zip(&signatures).map(|(digest, signature)| (digest.0, &**signature)).collect();
        hansa_crypto::recover_batch(&items)
    });
    PyList::new(py, keys.into_iter().map(|key| key.map(|key| PyBytes::new(py, &key))))
}

#[pyfunction]
pub fn verify_batch(
    py: Python<'_>,
    public_keys: Vec<Fixed<64>>,
    digests: Vec<Fixed<32>>,
    signatures: Vec<PyBackedBytes>,
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
        hansa_crypto::verify_batch(&items)
    }))
}

fn same_length(one: usize, other: usize) -> PyResult<()> {
    if one == other {
        Ok(())
    } else {
        Err(invalid(format!("sequences of one length expected, not of {one} and {other}")))
    }
}
