//! EVM code for tests, with jumps by name.

use std::collections::HashMap;

#[derive(Clone, Copy)]
pub(super) enum Part {
    Op(u8),
    /// PUSH1.
    Push(u8),
    /// JUMPDEST.
    Label(&'static str),
    /// PUSH1 with the place of a label.
    PushLabel(&'static str),
}

/// At most 255 bytes.
pub(super) fn assemble(parts: &[Part]) -> Vec<u8> {
    let mut position = 0;
    let mut labels = HashMap::new();
    for part in parts {
        if let Part::Label(name) = part {
            labels.insert(*name, position);
        }
        position += if matches!(part, Part::Push(_) | Part::PushLabel(_)) { 2 } else { 1 };
    }
    parts
        .iter()
        .flat_map(|part| match part {
            Part::Op(opcode) => vec![*opcode],
            Part::Push(value) => vec![0x60, *value],
            Part::Label(_) => vec![0x5b],
            Part::PushLabel(name) => vec![0x60, labels[name]],
        })
        .collect()
}

/// Creation code that deploys this code, which is at most 255 bytes long.
pub(super) fn deploying(code: &[u8]) -> Vec<u8> {
    // PUSH1 size, DUP1, PUSH1 11, PUSH1 0, CODECOPY, PUSH1 0, RETURN
    let mut init = vec![0x60, code.len() as u8, 0x80, 0x60, 0x0b, 0x60, 0x00, 0x39, 0x60, 0x00, 0xf3];
    init.extend_from_slice(code);
    init
}
