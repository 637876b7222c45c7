//! `secret-value`: a text in the file has the shape of a key or a token.

use crate::lint::{Context, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule =
    Rule { name: "secret-value", page: include_str!("../../rules/lint/secret-value.md"), check };

/// How a token starts, how many characters it has at least, and whose it is.
const TOKENS: [(&str, usize, &str); 26] = [
    ("AKIA", 20, "AWS"),
    ("ASIA", 20, "AWS"),
    ("AIza", 39, "Google"),
    ("dckr_pat_", 30, "Docker Hub"),
    ("dop_v1_", 64, "DigitalOcean"),
    ("ghp_", 40, "GitHub"),
    ("gho_", 40, "GitHub"),
    ("ghu_", 40, "GitHub"),
    ("ghs_", 40, "GitHub"),
    ("ghr_", 40, "GitHub"),
    ("github_pat_", 60, "GitHub"),
    ("glpat-", 26, "GitLab"),
    ("glrt-", 25, "GitLab"),
    ("hf_", 37, "Hugging Face"),
    ("hvs.", 90, "Vault"),
    ("npm_", 40, "npm"),
    ("pypi-AgEIcHlwaS", 50, "PyPI"),
    ("rk_live_", 24, "Stripe"),
    ("sk_live_", 24, "Stripe"),
    ("sk-ant-", 80, "Anthropic"),
    ("sk-proj-", 60, "OpenAI"),
    ("SG.", 66, "SendGrid"),
    ("shpat_", 38, "Shopify"),
    ("xoxb-", 40, "Slack"),
    ("xoxp-", 40, "Slack"),
    ("ya29.", 60, "Google"),
];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for instruction in &cx.dockerfile.instructions {
        let text = cx.source.slice(instruction.span);
        let mut start = instruction.span.start;
        // What parts the words is kept at the end of each, so that their lengths are the way through the text.
        for piece in text.split_inclusive(|c: char| !is_token(c)) {
            let word = piece.trim_end_matches(|c: char| !is_token(c));
            if let Some(owner) = owner(word) {
                findings.add(Span::new(start, start + word.len()), format!("this looks like a token of {owner}"));
            }
            start += piece.len();
        }
        let mut at = 0;
        while let Some(found) = text[at..].find("-----BEGIN ") {
            let start = at + found;
            let line = text[start..].lines().next().unwrap_or_default();
            if line.contains("PRIVATE KEY-----") {
                let end = start + line.find("KEY-----").map_or(line.len(), |key| key + "KEY-----".len());
                let span = Span::new(instruction.span.start + start, instruction.span.start + end);
                findings.add(span, "a private key stands in the file");
            }
            at = start + "-----BEGIN ".len();
        }
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.".contains(c)
}

/// Whose token a word is.
fn owner(word: &str) -> Option<&'static str> {
    let (prefix, length, owner) = TOKENS.iter().find(|(prefix, ..)| word.starts_with(prefix))?;
    let rest = &word[prefix.len()..];
    // AWS's are as long as that and no longer, and in capitals.
    let fits = if *owner == "AWS" {
        word.len() == *length && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    } else {
        word.len() >= *length
    };
    // After a short mark there are letters and digits only: `npm_config_…` is a variable.
    let plain = prefix.len() > 4
        || rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b) && !prefix.ends_with('_'));
    (fits && plain && is_random(rest)).then_some(*owner)
}

/// Documentation has `EXAMPLE` in it, placeholders one letter many times.
fn is_random(text: &str) -> bool {
    let mut letters: Vec<u8> = text.bytes().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.len() >= 8 && letters.iter().any(u8::is_ascii_digit) && !text.to_ascii_uppercase().contains("EXAMPLE")
}
