//! Keywords in the style of the file.

use crate::dockerfile::Instruction;

/// A keyword in the case of the instruction that it replaces: uppercase or lowercase.
pub(in crate::rules) fn in_case_of(instruction: &Instruction, keyword: &str) -> String {
    let written = &instruction.keyword.text;
    if written.bytes().any(|b| b.is_ascii_uppercase()) {
        keyword.to_ascii_uppercase()
    } else {
        keyword.to_ascii_lowercase()
    }
}
