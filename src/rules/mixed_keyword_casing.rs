//! `mixed-keyword-casing`: the keywords of a file differ in case.

use crate::dockerfile::{Instruction, Kind};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "mixed-keyword-casing",
    page: include_str!("../../rules/lint/mixed-keyword-casing.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Like BuildKit, ignore the ARGs before the first FROM.
    let instructions: Vec<&Instruction> = cx
        .dockerfile
        .instructions
        .iter()
        .skip_while(|instruction| instruction.keyword.kind != Kind::From)
        .filter(|instruction| instruction.keyword.kind != Kind::Unknown)
        .collect();
    // A keyword in mixed case counts for neither style.
    let lower = instructions.iter().filter(|one| is_lower(one)).count();
    let upper = instructions.iter().filter(|one| is_upper(one)).count();
    let wants_lower = lower > upper;
    for instruction in instructions {
        let keyword = &instruction.keyword;
        let name = keyword.kind.name();
        let (is_fine, case, replacement) = if wants_lower {
            (
                is_lower(instruction),
                "lowercase",
                name.to_ascii_lowercase(),
            )
        } else {
            (is_upper(instruction), "uppercase", name.to_owned())
        };
        if is_fine {
            continue;
        }
        let message = format!("`{}` is not {case} like most instructions", keyword.text);
        let title = format!("use `{replacement}`");
        let edit = Edit::replace(keyword.span, replacement);
        findings
            .add(keyword.span, message)
            .fix(Fix::safe(title, [edit]));
    }
}

/// Whether a keyword is in lowercase.
fn is_lower(instruction: &Instruction) -> bool {
    instruction
        .keyword
        .text
        .bytes()
        .all(|b| b.is_ascii_lowercase())
}

/// Whether a keyword is in uppercase.
fn is_upper(instruction: &Instruction) -> bool {
    instruction
        .keyword
        .text
        .bytes()
        .all(|b| b.is_ascii_uppercase())
}
