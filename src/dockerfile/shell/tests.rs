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
fn spans_in_a_dollar_quoted_script_are_exact() {
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
fn tests_exports_and_assignments_are_commands() {
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
fn variables_are_separate_parts_of_a_word() {
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
fn commands_are_marked_as_conditional_or_in_a_subshell() {
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
fn an_exit_status_is_ignored_if_a_command_that_succeeds_follows_or() {
    for (text, expected) in [
        ("a || true", "a"),
        ("a > /x 2>&1 || :; b", "a"),
        ("a && b || true", "b"),
        ("a || b || echo x", "b"),
        ("{ a; b; } || true", "a b"),
        ("if a; then b; fi || true", "b"),
        ("a || b; a && true; a | true; ! a", ""),
    ] {
        let script = parse_text(text);
        let mut ignored = Vec::new();
        for command in &script.commands {
            if command.status == StatusUse::Ignored {
                ignored.push(show(&command.words[0]));
            }
        }
        assert_eq!(ignored.join(" "), expected, "{text}");
    }
}

#[test]
fn a_pipeline_lists_its_stages_and_its_pipes() {
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
fn a_redirection_is_linked_to_its_command() {
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
fn spans_are_exact_across_continuation_lines() {
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
fn spans_are_exact_in_heredocs() {
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
fn a_comment_includes_continuation_lines_except_in_a_heredoc() {
    for (text, expected) in [
        ("FROM a\nRUN b # c \\\n d\n", vec!["# c \\\n d"]),
        ("FROM a\nRUN b 'x # c' && d#e\n", vec![]),
        ("FROM a\nRUN bash -c 'b # c'\n", vec!["# c"]),
        (
            "FROM a\nRUN <<E\nb # c \\\nd # e\nE\n",
            vec!["# c \\", "# e"],
        ),
    ] {
        let source = Source::new("Dockerfile", text);
        let read = parse(&script(&source));
        let comments: Vec<_> = read
            .comments
            .iter()
            .map(|&comment| source.slice(comment))
            .collect();
        assert_eq!(comments, expected, "{text}");
    }
}

#[test]
fn a_blank_may_come_before_the_name_of_a_leading_heredoc() {
    let source = Source::new("Dockerfile", "FROM a\nRUN << E cat\nc\nE\n");
    let read = parse(&script(&source));
    assert_eq!(show(&read.commands[0].words[0]), "cat");
    let heredoc = &read.redirections[0];
    assert_eq!(heredoc.operator, "<<");
    let target = heredoc.target.as_ref().expect("a heredoc has a name");
    assert_eq!(source.slice(target.span), "E");
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
fn spans_are_exact_in_a_script_passed_to_another_shell() {
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
fn syntax_errors_of_bash_are_reported() {
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
fn commands_beyond_the_nesting_limit_are_reported_and_not_parsed() {
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
fn nested_words_borrow_from_the_script_without_a_copy() {
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

/// Scripts that dash or bash accept, many of which tree-sitter refuses, with their commands.
const ACCEPTED: &[(&str, &str)] = &[
    ("for i do a \"$i\"; done; b", "a ? b"),
    ("for i; do a; done\nfor j\ndo b; done", "a b"),
    ("case $x in ,*,--,) a ;; *) b ;; esac", "a b"),
    ("case \" $x\" in *' '?*) a ;; ?*' '?*) b;; esac; c", "a b c"),
    ("a $(($1 + 0)) b; c", "a ? b c"),
    ("a $(expr \"`b`\" : 'x')\"`c`\"; d", "a ? expr ? : x b c d"),
    ("a `b \"$c\"`'x'`d`; e", "a ? b ? d e"),
    ("a \"`b \\\"x\\\" \\`c\\``\"; d", "a ? b ? ? c d"),
    ("(a; (b) 2>&1) | c; ((d; e) | f) >g", "a b c d e f"),
    ("a() { local L OP=$1; b; }; a", "local L ? b a"),
    ("if (a) then b; fi; { c; } 4>&1 | d", "a b c d"),
    ("A=$(a <<E\n$(b)\nE\n); c", "? a b c"),
    (
        "[[ $a =~ ^(b|c)\\ d$ && -f e ]] && f",
        "[[ ? =~ ^(b|c) d$ && -f e ]] f",
    ),
    ("select x in a b; do c; done; time { d; }", "c d"),
    ("a x@(b|c d)y; A=(b $(c)\n # no\n d)", "a x@(b|c d)y ? c"),
    (
        "a() ( b )\nfunction c-d { e; }; until f; do g; done",
        "b e f g",
    ),
    ("for ((i = 0; i < 3; i++)); do a; done; ((i++)) && b", "a b"),
    ("a {fd}>b 2>&- c <>d >|e &>f; g <(h) > >(i)", "a c g ? h i"),
    ("case a in (b) c;& d|e) f;;& *) esac", "c f"),
];

fn recovered(text: &str) -> ShellScript {
    let mut joined = Joined::default();
    joined.push(text, 0);
    walk::read_recovered(&joined)
}

#[test]
fn every_command_of_a_valid_script_is_parsed() {
    for (text, expected) in ACCEPTED {
        assert_eq!(commands(text).join(" "), *expected, "{text}");
    }
}

/// Everything that a script was read to, with its places.
fn described(script: &ShellScript) -> String {
    let mut lines = Vec::new();
    for command in &script.commands {
        let words = command.words.iter().map(|word| (&word.raw, &word.parts));
        let assignments = command.assignments.iter();
        lines.push(format!(
            "{:?} {:?} {:?} {:?}",
            command.span,
            command.position,
            assignments.map(|word| &word.raw).collect::<Vec<_>>(),
            words.collect::<Vec<_>>(),
        ));
    }
    for pipeline in &script.pipelines {
        lines.push(format!("{:?} {:?}", pipeline.pipes, pipeline.stages));
    }
    for redirection in &script.redirections {
        lines.push(format!(
            "{:?} {:?} {} {:?} {:?}",
            redirection.span,
            redirection.fd,
            redirection.operator,
            redirection.target.as_ref().map(|word| &word.raw),
            redirection.command,
        ));
    }
    for one in &script.loops {
        let words = one.words.iter().map(|word| &word.raw);
        lines.push(format!("{} {:?}", one.variable, words.collect::<Vec<_>>()));
    }
    lines.join("\n")
}

#[test]
fn the_bash_parser_and_our_own_agree() {
    let texts = [
        "(a; { b & c; }) > d",
        "x \"`a`-$(b \"$(c)\")\" y",
        "if a; then b; elif c; then d; else ! e; fi",
        "for i in $(a) b*; do while b; do c; done; done",
        "case $(a) in x | y) b ;; *) c;; esac",
        "f() { a | b; }; f 2>/dev/null >&2",
        "a && b || c | d; A=1 B=\"$x\" e <(f)",
        "a\"b\"'c'd\\ e \"f\\\"\\g\" $'h\\n' \"\" *.deb {x,y} 123 ~/z ${A:-b} \"${B}\"",
        "export A=1 B; unset A; C=1; D=2 E=3; F+=x",
        "cat <<E && b\n$(a)\nE\nc",
        "cat <<-'E' > f\n\t$(a)\n\tE\nc <<< \"$d\"",
        "# x\na \\\n  b # c\nd",
    ];
    for text in texts {
        assert_eq!(
            described(&parse_text(text)),
            described(&recovered(text)),
            "{text}"
        );
    }
}

#[test]
fn a_script_that_bash_refuses_is_not_parsed_as_complete() {
    for text in [
        "if a; then b",
        "a && ",
        "echo 'x",
        "a )",
        "a | ; b",
        "if a; then fi",
        "( )",
        "a;; b",
        "for in; do a",
        "case a in b c) esac",
        "a $(b",
        "a `b",
        "a \"$(b)",
        "a ${b",
        "{ a; ",
        "while a; done",
        "a < ",
        "a; & b",
        "f() ",
        "A=(b",
        "fi",
        "a (b)",
        "[[ a",
        "a ${b'}",
    ] {
        assert!(reader::read(text).is_none(), "{text}");
    }
}

#[test]
fn hostile_scripts_take_little_time() {
    for (open, close) in [
        ("(", ")"),
        ("$(", ")"),
        ("\"$(", ")\""),
        ("${a:-", "}"),
        ("if a; then ", "; fi"),
        ("((", "))"),
        ("a $((", "))"),
        ("! ", ""),
        ("f() ", ""),
        ("`", "`"),
        ("a[", "]"),
        ("@(", ")"),
        ("<<E ", ""),
        ("a && ", ""),
        ("case a in b) ", ";; esac"),
        ("\\ü", "ü\\"),
    ] {
        for count in [1, 50, 20_000] {
            let text = format!("{}b{}", open.repeat(count), close.repeat(count));
            let started = std::time::Instant::now();
            reader::read(&text);
            assert!(started.elapsed().as_secs() < 5, "{open} {count}");
        }
        reader::read(&open.repeat(20_000));
    }
}

#[test]
fn no_change_of_a_script_makes_the_parser_panic() {
    for (text, _) in ACCEPTED {
        for (at, char) in text.char_indices() {
            let (before, after) = text.split_at(at);
            for inserted in ["ü", "\\", "`", "\"", "'", "$(", "${", ")", "\n", "<<E\n"] {
                reader::read(&format!("{before}{inserted}{after}"));
                reader::read(&format!("{before}{inserted}ü"));
            }
            reader::read(&format!("{before}{}", &after[char.len_utf8()..]));
        }
    }
}
