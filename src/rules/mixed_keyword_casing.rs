//! `mixed-keyword-casing`: the keywords of a file differ in case.

use crate::dockerfile::{Instruction, Kind};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "mixed-keyword-casing",
    page: include_str!("../../rules/lint/mixed-keyword-casing.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // The ARGs before the first FROM have no say in it, as for BuildKit.
    let instructions = || {
        let all = cx
            .dockerfile
            .instructions
            .iter()
            .skip_while(|instruction| instruction.keyword.kind != Kind::From);
        all.filter(|instruction| instruction.keyword.kind != Kind::Unknown)
    };
    let lower = instructions()
        .filter(|instruction| is_lower(instruction))
        .count();
    let upper = instructions()
        .filter(|instruction| is_upper(instruction))
        .count();
    let (wanted, case): (fn(&Instruction) -> bool, _) = if lower > upper {
        (is_lower, "lowercase")
    } else {
        (is_upper, "uppercase")
    };
    for keyword in instructions()
        .filter(|instruction| !wanted(instruction))
        .map(|instruction| &instruction.keyword)
    {
        let name = keyword.kind.name();
        let replacement = if lower > upper {
            name.to_ascii_lowercase()
        } else {
            name.to_owned()
        };
        let message = format!("`{}` is not {case} like most instructions", keyword.text);
        let edit = Edit {
            span: keyword.span,
            replacement: replacement.clone(),
        };
        findings.add(keyword.span, message).fix(Fix::new(
            format!("use `{replacement}`"),
            Applicability::Safe,
            vec![edit],
        ));
    }
}

fn is_lower(instruction: &Instruction) -> bool {
    instruction
        .keyword
        .text
        .bytes()
        .all(|b| b.is_ascii_lowercase())
}

fn is_upper(instruction: &Instruction) -> bool {
    instruction
        .keyword
        .text
        .bytes()
        .all(|b| b.is_ascii_uppercase())
}
