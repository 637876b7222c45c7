//! Scripts and their parsed form.

use super::*;
use crate::dockerfile::unread::{MAX_DEPTH, UnreadReason};
use crate::dockerfile::{Body, Command, Script, parse as parse_dockerfile};
use crate::source::Source;

fn show(word: &ShellWord) -> &str {
    word.literal().unwrap_or("?")
}

fn commands(text: &str) -> Vec<String> {
    let script = parse_text(text);
    assert!(script.errors.is_empty(), "{text}: {:?}", script.errors);
    let words = |command: &SimpleCommand| {
        command
            .assignments
            .iter()
            .chain(&command.words)
            .map(show)
            .collect::<Vec<_>>()
            .join(" ")
    };
    script.commands.iter().map(words).collect()
}

/// The script of the last instruction.
fn script(source: &Source) -> Script {
    let file = parse_dockerfile(source);
    match file
        .instructions
        .into_iter()
        .next_back()
        .map(|instruction| instruction.body)
    {
        Some(Body::Command(Command::Shell(script))) => script,
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands_are_found_at_any_depth() {
    let cases = [
        ("(a; { b & c; })", "a b c"),
        ("x \"`a` $(b \"$(c)\")\"", "x ? a b ? c"),
        ("if a; then b; elif c; then d; else ! e; fi", "a b c d e"),
        ("for i in $(a); do while b; do c; done; done", "a b c"),
        ("case $(a) in x) b ;; *) c;; esac", "a b c"),
        ("f() { a | b; }; f", "a b f"),
        ("a && b || c | d; e <(f)", "a b c d e ? f"),
        ("A=$(a) b", "? b a"),
        ("cat <<E | sh && b\n$(a)\nE\nc", "cat sh b a c"),
    ];
    for (text, expected) in cases {
        assert_eq!(commands(text).join(" "), expected, "{text}");
    }
}

#[test]
fn a_script_in_dollar_quotes_knows_its_places() {
    let text = r"sh -c $'a\n\'ü\' b; c ü'";
    let spans: Vec<&str> = parse_text(text)
        .commands
        .iter()
        .map(|command| &text[command.span.range()])
        .collect();
    assert_eq!(spans, [text, "a", r"\'ü\' b", "c ü"]);
}

#[test]
fn quotes_and_escapes_are_not_part_of_words() {
    let text = r#"a"b"'c'd\ e "f\"\g" $'h\n' "" *.deb {x,y} 123 ~/z"#;
    assert_eq!(commands(text), ["abcd e f\"\\g h\n  *.deb {x,y} 123 ~/z"]);
}

#[test]
fn builtins_with_a_syntax_of_their_own_are_commands() {
    let text = "export A=1 B; unset A; [ -f x -a \"$y\" = z ] && [[ a == b* ]]; C=1; D=2 E=3";
    let expected = [
        "export A=1 B",
        "unset A",
        "[ -f x -a ? = z ]",
        "[[ a == b* ]]",
        "C=1",
        "D=2 E=3",
    ];
    assert_eq!(commands(text), expected);
}

#[test]
fn variables_are_parts_of_words() {
    let script = parse_text("a x$P\"${Q}y\" ${R:-z}");
    let variable = |start, end, name: &str, quoted, modified| ShellPart::Variable {
        span: Span::new(start, end),
        name: name.to_owned(),
        quoted,
        modified,
    };
    let literal = |text: &str| ShellPart::Literal(text.to_owned());
    let words = &script.commands[0].words;
    let expected = [
        literal("x"),
        variable(3, 5, "P", false, false),
        variable(6, 10, "Q", true, false),
        literal("y"),
    ];
    assert_eq!(words[1].parts, expected);
    assert_eq!(words[2].parts, [variable(13, 20, "R", false, true)]);
}

#[test]
fn positions_say_what_may_not_run_or_not_last() {
    let script = parse_text(
        "a && b || c; if d; then e; fi; (f); g | h; i && j; k() { l; }; while m; do n; done",
    );
    let place = |command: &SimpleCommand| {
        let position = command.position;
        let marks = [(position.subshell, "s"), (position.conditional, "c")];
        show(&command.words[0]).to_owned()
            + &marks
                .map(|(set, mark)| if set { mark } else { "" })
                .concat()
    };
    let places: Vec<_> = script.commands.iter().map(place).collect();
    assert_eq!(
        places,
        [
            "a", "bc", "cc", "d", "ec", "fs", "gs", "hs", "i", "j", "lc", "m", "nc"
        ]
    );
}

#[test]
fn pipelines_know_their_stages() {
    let text = "a | { b; c; } |& d; cat <<E | sh\nx\nE\ne 2>&1 | f && g | h";
    let script = parse_text(text);
    let stages = |pipeline: &Pipeline| {
        let names = pipeline
            .stages
            .iter()
            .map(|&stage| show(&script.commands[stage].words[0]));
        (
            names.collect::<Vec<_>>().join(" "),
            pipeline
                .pipes
                .iter()
                .map(|pipe| &text[pipe.range()])
                .collect(),
        )
    };
    let expected: [(String, Vec<&str>); 4] = [
        ("a b d".into(), vec!["|", "|&"]),
        ("cat sh".into(), vec!["|"]),
        ("e f".into(), vec!["|"]),
        ("g h".into(), vec!["|"]),
    ];
    assert_eq!(
        script.pipelines.iter().map(stages).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn redirections_know_their_command() {
    let text = "a x > /etc/f y 2>&1; { b; c; } >> d; cat <<-'E' > g && h <<< i\n\tbody\n\tE\n";
    let script = parse_text(text);
    let shown: Vec<_> = script
        .redirections
        .iter()
        .map(|redirection| {
            let target = redirection.target.as_ref().map_or("", show);
            let command = redirection
                .command
                .map_or("-", |command| show(&script.commands[command].words[0]));
            format!(
                "{command}: {}{} {target}",
                redirection.fd.map_or(String::new(), |fd| fd.to_string()),
                redirection.operator
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "a: > /etc/f",
            "a: 2>& 1",
            "-: >> d",
            "cat: <<- E",
            "cat: > g",
            "h: <<< i"
        ]
    );
    assert_eq!(
        script.commands[0]
            .words
            .iter()
            .map(show)
            .collect::<Vec<_>>(),
        ["a", "x", "y"]
    );
}

#[test]
fn places_are_exact_through_continuations() {
    let source = Source::new(
        "Dockerfile",
        "FROM a\nRUN x && \\\n  # why\n\n  apt-get ins\\\ntall \"$(b\\\n c)\"\n",
    );
    let read = parse(&script(&source));
    let slices: Vec<_> = read
        .commands
        .iter()
        .map(|command| source.slice(command.span))
        .collect();
    assert_eq!(
        slices,
        ["x", "apt-get ins\\\ntall \"$(b\\\n c)\"", "b\\\n c"]
    );
    assert_eq!(read.commands[1].words[1].literal(), Some("install"));
    assert_eq!(source.slice(read.commands[1].words[1].span), "ins\\\ntall");
}

#[test]
fn places_are_exact_in_heredocs() {
    let source = Source::new(
        "Dockerfile",
        "FROM a\nRUN <<-E\n\tset -e\n\t\tb 'c\n\td'\n\tE\n",
    );
    let read = parse(&script(&source));
    assert_eq!(read.commands[1].words[1].literal(), Some("c\nd"));
    let slices: Vec<_> = read
        .commands
        .iter()
        .map(|command| source.slice(command.span))
        .collect();
    assert_eq!(slices, ["set -e", "b 'c\n\td'"]);

    let source = Source::new("Dockerfile", "FROM a\nRUN x <<E && y $(z)\n$(b)\nE\n");
    let read = parse(&script(&source));
    let slices: Vec<_> = read
        .commands
        .iter()
        .map(|command| source.slice(command.span))
        .collect();
    assert_eq!(slices, ["x", "y $(z)", "z", "b"]);
}

#[test]
fn a_heredoc_may_come_before_its_command() {
    let source = Source::new(
        "Dockerfile",
        "FROM a\nRUN <<E python3 - && b\nimport 'x\nE\n",
    );
    let read = parse(&script(&source));
    assert_eq!(read.errors, []);
    let slices: Vec<_> = read
        .commands
        .iter()
        .map(|command| source.slice(command.span))
        .collect();
    assert_eq!(slices, ["python3 -", "b"]);
    let redirection = &read.redirections[0];
    assert_eq!(
        (source.slice(redirection.span), redirection.command),
        ("<<E", Some(0))
    );
}

#[test]
fn places_inside_another_shells_text_are_exact() {
    let source = Source::new(
        "Dockerfile",
        "FROM a\nRUN bash -c \"x \\\"y\\\" && \\\n z\"\n",
    );
    let read = parse(&script(&source));
    let slices: Vec<_> = read
        .commands
        .iter()
        .map(|command| source.slice(command.span))
        .collect();
    assert_eq!(slices[1..], ["x \\\"y\\\"", "z"]);
    assert_eq!(read.scopes[read.commands[1].scope].started_by, Some(0));
}

#[test]
fn what_bash_would_refuse_is_an_error() {
    for text in ["if a; then b", "a && ", "echo 'x", "a )"] {
        assert!(!parse_text(text).errors.is_empty(), "{text}");
    }
    for text in [
        "",
        "# x",
        "for i in a; do for j in b; do c; done; done && d",
        "a &",
        ":",
    ] {
        assert_eq!(parse_text(text).errors, [], "{text}");
    }
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    for text in [
        "(".repeat(100_000),
        "$(".repeat(100_000),
        "\"$(".repeat(20_000),
        "if a; then ".repeat(20_000),
    ] {
        parse_text(&text);
    }
}

#[test]
fn what_is_nested_too_deeply_is_reported_and_not_read() {
    for (open, close) in [
        ("( ", " )"),
        ("{ ", "; }"),
        ("echo $(", ")"),
        ("if a; then ", "; fi"),
    ] {
        let nested = |depth: usize| format!("{}b{}", open.repeat(depth), close.repeat(depth));
        let script = parse_text(&nested(MAX_DEPTH));
        assert_eq!(
            (&script.errors[..], &script.unread[..]),
            (&[][..], &[][..]),
            "{open}"
        );
        let last = script.commands.last().expect("a command");
        assert_eq!(last.words[0].literal(), Some("b"), "{open}");
        let script = parse_text(&nested(10_000));
        let reasons: Vec<_> = script.unread.iter().map(|part| part.reason).collect();
        // A script with a list at each level may report its condition and its body.
        assert!(
            !reasons.is_empty() && reasons.len() <= 2,
            "{open}: {reasons:?}"
        );
        assert!(
            reasons
                .iter()
                .all(|reason| *reason == UnreadReason::ScriptDepth),
            "{open}: {reasons:?}"
        );
        assert!(script.commands.len() <= 2 * MAX_DEPTH + 2, "{open}");
    }
}

#[test]
fn nested_words_share_the_text_of_the_script() {
    let text = format!("{}b{}", "a $(".repeat(60), ")".repeat(60));
    let script = parse_text(&text);
    let words = script.commands.iter().flat_map(|command| &command.words);
    let inside = words.filter(|word| word.raw.starts_with("$("));
    let starts: Vec<_> = inside
        .map(|word| word.raw.as_ptr() as usize - word.span.start)
        .collect();
    assert_eq!(starts.len(), 60);
    assert!(starts.iter().all(|start| *start == starts[0]));
}
