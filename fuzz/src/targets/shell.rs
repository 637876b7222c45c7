//! Shell scripts as in `RUN`.

use jettison::dockerfile::shell::{ShellPart, parse_text};
use jettison::source::Span;

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let script = parse_text(&text);
    let inside = |span: Span| assert!(text.get(span.range()).is_some(), "{span:?}");
    for command in &script.commands {
        inside(command.span);
        assert!(command.scope < script.scopes.len());
        for word in command.assignments.iter().chain(&command.words) {
            inside(word.span);
            for part in &word.parts {
                if let ShellPart::Variable { span, .. } | ShellPart::Other(span) = part {
                    inside(*span);
                }
            }
        }
    }
    for pipeline in &script.pipelines {
        inside(pipeline.span);
        let is_known = |&stage: &usize| stage < script.commands.len();
        assert!(pipeline.stages.iter().all(is_known));
    }
    for redirection in &script.redirections {
        inside(redirection.span);
    }
    for call in script.calls() {
        assert!(call.command < script.commands.len() && !call.words.is_empty());
    }
    assert_eq!(format!("{script:?}"), format!("{:?}", parse_text(&text)));
}
