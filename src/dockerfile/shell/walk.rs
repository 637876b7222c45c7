//! From tree-sitter's tree to commands, pipelines and redirections.
//!
//! The tree is walked with a stack of its own, since nobody limits how deep a script nests.

use tree_sitter::Node;

use super::grammar::{self, NodeKind, kind};
use super::{Pipeline, Position, Redirection, Scope, ShellScript, ShellWord, SimpleCommand};
use super::{calls, leading_heredoc, words};
use crate::dockerfile::syntax::Joined;
use crate::source::Span;

/// How deep `bash -c "bash -c '…'"` is followed.
const MOST_SHELLS: usize = 4;

pub(super) fn read(script: &Joined) -> ShellScript {
    let mut read = ShellScript { scopes: vec![Scope::default()], ..ShellScript::default() };
    read_into(&mut read, script, Context::default(), 0);
    read
}

/// What the place of a node says about the commands in it.
#[derive(Clone, Copy, Debug, Default)]
struct Context {
    scope: usize,
    position: Position,
    /// An `||` goes on after a failure.
    caught: bool,
    /// On the line of a heredoc's opener: where the command before the opener starts.
    heredoc_owner: Option<usize>,
    /// Whether an assignment here is a command.
    statements: bool,
}

fn read_into(read: &mut ShellScript, script: &Joined, context: Context, shells: usize) {
    let masked = leading_heredoc::mask(script);
    let text = masked.as_ref().map_or(script.as_str(), |masked| &masked.text);
    let Some(tree) = grammar::tree(text) else {
        read.errors.push(script.source_span(0, script.as_str().len()));
        return;
    };
    let mut walk = Walk { script, read, starts: Vec::new(), pipelines: Vec::new(), redirects: Vec::new(), shells };
    let mut stack = vec![(tree.root_node(), context)];
    let mut children = Vec::new();
    while let Some((node, context)) = stack.pop() {
        walk.node(node, context);
        walk.children(node, context, &mut children);
        stack.extend(children.drain(..).rev());
    }
    walk.resolve();
    if let Some(masked) = masked {
        let command = walk.starts.first().map(|&(_, command)| command);
        read.redirections.push(masked.redirection(script, command));
    }
}

struct Walk<'a, 'tree> {
    script: &'a Joined,
    read: &'a mut ShellScript,
    /// Of this text's commands: where they start in it, and their index. Ascending.
    starts: Vec<(usize, usize)>,
    /// Pipelines whose stages are not known yet: the index, and the range of each stage.
    pipelines: Vec<(usize, Vec<(usize, usize)>)>,
    /// Redirects, and where the command starts that they belong to.
    redirects: Vec<(Node<'tree>, Option<usize>)>,
    shells: usize,
}

impl<'tree> Walk<'_, 'tree> {
    fn span(&self, node: Node<'_>) -> Span {
        self.script.source_span(node.start_byte(), node.end_byte())
    }

    fn word(&self, node: Node<'_>) -> ShellWord {
        words::word(self.script, node)
    }

    fn node(&mut self, node: Node<'tree>, context: Context) {
        // Bash needs no `;` between `done` and `done`.
        if node.is_missing() && !matches!(node.kind(), ";" | "\n") {
            self.read.errors.push(self.span(node));
        }
        match kind(node) {
            NodeKind::Error => self.read.errors.push(self.span(node)),
            NodeKind::Command => self.command(node, context),
            NodeKind::Declaration | NodeKind::Unset => self.builtin(node, context),
            NodeKind::Test => self.test(node, context),
            NodeKind::Pipeline => self.pipeline(node, context),
            NodeKind::Redirected => self.redirected(node),
            NodeKind::VariableAssignment | NodeKind::VariableAssignments if context.statements => {
                self.assignments(node, context);
            }
            _ => {}
        }
    }

    fn push(&mut self, node: Node<'_>, context: Context, assignments: Vec<ShellWord>, words: Vec<ShellWord>) {
        let all = assignments.iter().chain(&words).map(|word| word.span);
        let span = all.reduce(Span::to).unwrap_or_else(|| self.span(node));
        self.starts.push((node.start_byte(), self.read.commands.len()));
        let (position, scope) = (context.position, context.scope);
        self.read.commands.push(SimpleCommand { span, assignments, words, position, scope });
    }

    fn command(&mut self, node: Node<'tree>, context: Context) {
        let mut assignments = Vec::new();
        let mut words = Vec::new();
        let mut nodes = Vec::new();
        for child in node.children(&mut node.walk()) {
            match kind(child) {
                NodeKind::VariableAssignment => assignments.push(self.word(child)),
                NodeKind::FileRedirect | NodeKind::HerestringRedirect => {
                    self.redirects.push((child, Some(node.start_byte())));
                }
                NodeKind::Comment | NodeKind::Error | NodeKind::Subshell => {}
                NodeKind::CommandName => nodes.push(child.child(0).unwrap_or(child)),
                _ => nodes.push(child),
            }
        }
        words.extend(nodes.iter().map(|&node| self.word(node)));
        let index = self.read.commands.len();
        self.push(node, context, assignments, words);
        self.other_shell(index, &nodes, context);
    }

    /// Reads what `bash -c` and its like are given.
    fn other_shell(&mut self, command: usize, nodes: &[Node<'_>], context: Context) {
        if self.shells == MOST_SHELLS {
            return;
        }
        let words = &self.read.commands[command].words;
        let Some((index, options)) = calls::shell_text(words) else { return };
        let Some(text) = nodes.get(index).and_then(|&node| words::value(self.script, node)) else { return };
        let scope = self.read.scopes.len();
        self.read.scopes.push(Scope { parent: None, started_by: Some(command), options });
        let position = Position { subshell: true, ..context.position };
        let inner = Context { scope, position, heredoc_owner: None, ..context };
        read_into(self.read, &text, inner, self.shells + 1);
    }

    /// `export A=1`, `unset A`: the assignments are words of theirs.
    fn builtin(&mut self, node: Node<'_>, context: Context) {
        let children: Vec<_> = node.children(&mut node.walk()).collect();
        let words = children.into_iter().filter(|&child| kind(child) != NodeKind::Comment);
        let words = words.map(|child| self.word(child)).collect();
        self.push(node, context, Vec::new(), words);
    }

    fn assignments(&mut self, node: Node<'_>, context: Context) {
        let assignments = if kind(node) == NodeKind::VariableAssignment {
            vec![self.word(node)]
        } else {
            let children: Vec<_> = node.named_children(&mut node.walk()).collect();
            children.into_iter().map(|child| self.word(child)).collect()
        };
        self.push(node, context, assignments, Vec::new());
    }

    /// `[ a = b ]`: the expression is taken apart into words again.
    fn test(&mut self, node: Node<'tree>, context: Context) {
        let mut words = Vec::new();
        let mut stack = vec![node];
        while let Some(next) = stack.pop() {
            if matches!(kind(next), NodeKind::Test | NodeKind::TestExpression) {
                let children: Vec<_> = next.children(&mut next.walk()).collect();
                stack.extend(children.into_iter().rev());
            } else {
                words.push(self.word(next));
            }
        }
        self.push(node, context, Vec::new(), words);
    }

    fn pipeline(&mut self, node: Node<'_>, context: Context) {
        let mut pipes = Vec::new();
        let mut stages = Vec::new();
        let mut start = node.start_byte();
        for child in node.children(&mut node.walk()) {
            match kind(child) {
                NodeKind::Pipe => {
                    if stages.is_empty() {
                        // After a heredoc's opener the first stage is not part of the node.
                        start = context.heredoc_owner.unwrap_or(start);
                        stages.push((start, child.start_byte()));
                    }
                    pipes.push(self.span(child));
                }
                NodeKind::Comment | NodeKind::Error => {}
                _ => stages.push((child.start_byte(), child.end_byte())),
            }
        }
        let span = self.script.source_span(start, node.end_byte());
        self.pipelines.push((self.read.pipelines.len(), stages));
        self.read.pipelines.push(Pipeline { span, pipes, stages: Vec::new(), scope: context.scope });
    }

    fn redirected(&mut self, node: Node<'tree>) {
        let owner = node.child_by_field_name("body").and_then(last_command).map(|command| command.start_byte());
        for child in node.children(&mut node.walk()) {
            if matches!(kind(child), NodeKind::FileRedirect | NodeKind::HerestringRedirect | NodeKind::HeredocRedirect)
            {
                self.redirects.push((child, owner));
                let inner = child.children_by_field_name("redirect", &mut child.walk()).collect::<Vec<_>>();
                self.redirects.extend(inner.into_iter().map(|redirect| (redirect, owner)));
            }
        }
    }

    /// Lays the children of a node out for the walk, each with its context.
    fn children(&mut self, node: Node<'tree>, context: Context, children: &mut Vec<(Node<'tree>, Context)>) {
        let parent = kind(node);
        let mut context = context;
        match parent {
            NodeKind::Subshell | NodeKind::CommandSubstitution | NodeKind::ProcessSubstitution => {
                context = self.subshell(context);
            }
            NodeKind::Redirected => context.heredoc_owner = Some(node.start_byte()),
            _ => {}
        }
        if !matches!(parent, NodeKind::Redirected | NodeKind::HeredocRedirect) {
            context.heredoc_owner = None;
        }
        context.statements = holds_statements(parent);
        let caught = parent == NodeKind::List && has_or(node);
        let mut conditional = parent == NodeKind::Function;
        for child in node.children(&mut node.walk()) {
            conditional |= match (parent, kind(child)) {
                (NodeKind::If, NodeKind::Then)
                | (NodeKind::List | NodeKind::HeredocRedirect, NodeKind::OrOperator)
                | (NodeKind::While | NodeKind::For, NodeKind::Do)
                | (NodeKind::Case, NodeKind::CaseItem) => true,
                (NodeKind::List, NodeKind::AndOperator) => context.caught,
                _ => false,
            };
            if child.child_count() == 0 && !child.is_error() && !child.is_missing() {
                continue;
            }
            let mut inner = context;
            inner.position.conditional |= conditional;
            inner.caught |= caught && !conditional;
            if parent == NodeKind::Pipeline {
                inner = self.subshell(inner);
            }
            children.push((child, inner));
        }
    }

    fn subshell(&mut self, context: Context) -> Context {
        let scope = self.read.scopes.len();
        self.read.scopes.push(Scope { parent: Some(context.scope), ..Scope::default() });
        Context { scope, position: Position { subshell: true, ..context.position }, ..context }
    }

    /// Gives pipelines and redirections their commands, which are all known now.
    fn resolve(&mut self) {
        for (pipeline, stages) in std::mem::take(&mut self.pipelines) {
            let first = |(start, end)| {
                let index = self.starts.partition_point(|&(at, _)| at < start);
                self.starts.get(index).filter(|&&(at, _)| at < end).map(|&(_, command)| command)
            };
            self.read.pipelines[pipeline].stages = stages.into_iter().filter_map(first).collect();
        }
        for (node, owner) in std::mem::take(&mut self.redirects) {
            let command = owner.and_then(|start| {
                let index = self.starts.binary_search_by_key(&start, |&(at, _)| at).ok()?;
                Some(self.starts[index].1)
            });
            self.redirect(node, command);
        }
        self.read.redirections.sort_by_key(|redirection| redirection.span.start);
    }

    fn redirect(&mut self, node: Node<'_>, command: Option<usize>) {
        let mut fd = None;
        let mut operator = String::new();
        let mut target = None;
        let mut end = node.end_byte();
        for child in node.children(&mut node.walk()) {
            match kind(child) {
                NodeKind::FileDescriptor => fd = self.script.as_str()[child.byte_range()].parse().ok(),
                NodeKind::Token if operator.is_empty() => {
                    self.script.as_str()[child.byte_range()].clone_into(&mut operator);
                    end = child.end_byte();
                }
                NodeKind::HeredocStart => {
                    target = Some(words::verbatim(self.script, child.byte_range()));
                    end = child.end_byte();
                }
                // Nested redirects have an entry of their own, and the body is not part of this one.
                NodeKind::FileRedirect
                | NodeKind::HerestringRedirect
                | NodeKind::Pipeline
                | NodeKind::HeredocBody
                | NodeKind::HeredocEnd
                | NodeKind::Comment
                | NodeKind::Error => {}
                _ if target.is_none() => {
                    target = Some(self.word(child));
                    end = child.end_byte();
                }
                // `program > file word`: the grammar counts all words after the operator to the redirect.
                _ if child.is_named() && !is_statement(kind(child)) => self.add_word(command, child),
                _ => {}
            }
        }
        let span = self.script.source_span(node.start_byte(), end);
        self.read.redirections.push(Redirection { span, operator, fd, target, command });
    }

    fn add_word(&mut self, command: Option<usize>, node: Node<'_>) {
        let word = self.word(node);
        if let Some(command) = command.and_then(|index| self.read.commands.get_mut(index)) {
            command.span = command.span.to(word.span);
            command.words.push(word);
        }
    }
}

/// Whether an assignment inside this is a command of its own.
fn holds_statements(parent: NodeKind) -> bool {
    !matches!(
        parent,
        NodeKind::Command
            | NodeKind::Declaration
            | NodeKind::For
            | NodeKind::TestExpression
            | NodeKind::VariableAssignments
    )
}

/// What can stand to the right of `&&` after a heredoc's opener.
fn is_statement(kind: NodeKind) -> bool {
    use NodeKind as K;
    matches!(
        kind,
        K::Case
            | K::Command
            | K::Declaration
            | K::For
            | K::Function
            | K::If
            | K::List
            | K::Negated
            | K::Other
            | K::Redirected
            | K::Subshell
            | K::Test
            | K::Unset
            | K::VariableAssignment
            | K::VariableAssignments
            | K::While
    )
}

fn has_or(list: Node<'_>) -> bool {
    list.children(&mut list.walk()).any(|child| kind(child) == NodeKind::OrOperator)
}

/// The command that a redirection after this statement belongs to; none where it is a group's.
fn last_command(statement: Node<'_>) -> Option<Node<'_>> {
    let mut node = statement;
    loop {
        node = match kind(node) {
            NodeKind::Command | NodeKind::Declaration | NodeKind::Unset | NodeKind::Test => return Some(node),
            NodeKind::Redirected => node.child_by_field_name("body")?,
            NodeKind::List | NodeKind::Pipeline | NodeKind::Negated => {
                node.named_child(u32::try_from(node.named_child_count()).ok()?.checked_sub(1)?)?
            }
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ShellPart, parse, parse_text};
    use super::*;
    use crate::dockerfile::{Body, Command, Script, parse as parse_dockerfile};
    use crate::source::Source;

    fn show(word: &ShellWord) -> &str {
        word.literal().unwrap_or("?")
    }

    fn commands(text: &str) -> Vec<String> {
        let script = parse_text(text);
        assert!(script.errors.is_empty(), "{text}: {:?}", script.errors);
        let words = |command: &SimpleCommand| {
            command.assignments.iter().chain(&command.words).map(show).collect::<Vec<_>>().join(" ")
        };
        script.commands.iter().map(words).collect()
    }

    /// The script of the last instruction.
    fn script(source: &Source) -> Script {
        let file = parse_dockerfile(source);
        match file.instructions.into_iter().next_back().map(|instruction| instruction.body) {
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
    fn quotes_and_escapes_are_not_part_of_words() {
        let text = r#"a"b"'c'd\ e "f\"\g" $'h\n' "" *.deb {x,y} 123 ~/z"#;
        assert_eq!(commands(text), ["abcd e f\"\\g h\n  *.deb {x,y} 123 ~/z"]);
    }

    #[test]
    fn builtins_with_a_syntax_of_their_own_are_commands() {
        let text = "export A=1 B; unset A; [ -f x -a \"$y\" = z ] && [[ a == b* ]]; C=1; D=2 E=3";
        let expected = ["export A=1 B", "unset A", "[ -f x -a ? = z ]", "[[ a == b* ]]", "C=1", "D=2 E=3"];
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
        let expected =
            [literal("x"), variable(3, 5, "P", false, false), variable(6, 10, "Q", true, false), literal("y")];
        assert_eq!(words[1].parts, expected);
        assert_eq!(words[2].parts, [variable(13, 20, "R", false, true)]);
    }

    #[test]
    fn positions_say_what_may_not_run_or_not_last() {
        let script = parse_text("a && b || c; if d; then e; fi; (f); g | h; i && j; k() { l; }; while m; do n; done");
        let place = |command: &SimpleCommand| {
            let position = command.position;
            let marks = [(position.subshell, "s"), (position.conditional, "c")];
            show(&command.words[0]).to_owned() + &marks.map(|(set, mark)| if set { mark } else { "" }).concat()
        };
        let places: Vec<_> = script.commands.iter().map(place).collect();
        assert_eq!(places, ["a", "bc", "cc", "d", "ec", "fs", "gs", "hs", "i", "j", "lc", "m", "nc"]);
    }

    #[test]
    fn pipelines_know_their_stages() {
        let text = "a | { b; c; } |& d; cat <<E | sh\nx\nE\ne 2>&1 | f && g | h";
        let script = parse_text(text);
        let stages = |pipeline: &Pipeline| {
            let names = pipeline.stages.iter().map(|&stage| show(&script.commands[stage].words[0]));
            (names.collect::<Vec<_>>().join(" "), pipeline.pipes.iter().map(|pipe| &text[pipe.range()]).collect())
        };
        let expected: [(String, Vec<&str>); 4] = [
            ("a b d".into(), vec!["|", "|&"]),
            ("cat sh".into(), vec!["|"]),
            ("e f".into(), vec!["|"]),
            ("g h".into(), vec!["|"]),
        ];
        assert_eq!(script.pipelines.iter().map(stages).collect::<Vec<_>>(), expected);
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
                let command = redirection.command.map_or("-", |command| show(&script.commands[command].words[0]));
                format!(
                    "{command}: {}{} {target}",
                    redirection.fd.map_or(String::new(), |fd| fd.to_string()),
                    redirection.operator
                )
            })
            .collect();
        assert_eq!(shown, ["a: > /etc/f", "a: 2>& 1", "-: >> d", "cat: <<- E", "cat: > g", "h: <<< i"]);
        assert_eq!(script.commands[0].words.iter().map(show).collect::<Vec<_>>(), ["a", "x", "y"]);
    }

    #[test]
    fn places_are_exact_through_continuations() {
        let source =
            Source::new("Dockerfile", "FROM a\nRUN x && \\\n  # why\n\n  apt-get ins\\\ntall \"$(b\\\n c)\"\n");
        let read = parse(&script(&source));
        let slices: Vec<_> = read.commands.iter().map(|command| source.slice(command.span)).collect();
        assert_eq!(slices, ["x", "apt-get ins\\\ntall \"$(b\\\n c)\"", "b\\\n c"]);
        assert_eq!(read.commands[1].words[1].literal(), Some("install"));
        assert_eq!(source.slice(read.commands[1].words[1].span), "ins\\\ntall");
    }

    #[test]
    fn places_are_exact_in_heredocs() {
        let source = Source::new("Dockerfile", "FROM a\nRUN <<-E\n\tset -e\n\t\tb 'c\n\td'\n\tE\n");
        let read = parse(&script(&source));
        assert_eq!(read.commands[1].words[1].literal(), Some("c\nd"));
        let slices: Vec<_> = read.commands.iter().map(|command| source.slice(command.span)).collect();
        assert_eq!(slices, ["set -e", "b 'c\n\td'"]);

        let source = Source::new("Dockerfile", "FROM a\nRUN x <<E && y $(z)\n$(b)\nE\n");
        let read = parse(&script(&source));
        let slices: Vec<_> = read.commands.iter().map(|command| source.slice(command.span)).collect();
        assert_eq!(slices, ["x", "y $(z)", "z", "b"]);
    }

    #[test]
    fn a_heredoc_may_come_before_its_command() {
        let source = Source::new("Dockerfile", "FROM a\nRUN <<E python3 - && b\nimport 'x\nE\n");
        let read = parse(&script(&source));
        assert_eq!(read.errors, []);
        let slices: Vec<_> = read.commands.iter().map(|command| source.slice(command.span)).collect();
        assert_eq!(slices, ["python3 -", "b"]);
        let redirection = &read.redirections[0];
        assert_eq!((source.slice(redirection.span), redirection.command), ("<<E", Some(0)));
    }

    #[test]
    fn places_inside_another_shells_text_are_exact() {
        let source = Source::new("Dockerfile", "FROM a\nRUN bash -c \"x \\\"y\\\" && \\\n z\"\n");
        let read = parse(&script(&source));
        let slices: Vec<_> = read.commands.iter().map(|command| source.slice(command.span)).collect();
        assert_eq!(slices[1..], ["x \\\"y\\\"", "z"]);
        assert_eq!(read.scopes[read.commands[1].scope].started_by, Some(0));
    }

    #[test]
    fn what_bash_would_refuse_is_an_error() {
        for text in ["if a; then b", "a && ", "echo 'x", "a )"] {
            assert!(!parse_text(text).errors.is_empty(), "{text}");
        }
        for text in ["", "# x", "for i in a; do for j in b; do c; done; done && d", "a &", ":"] {
            assert_eq!(parse_text(text).errors, [], "{text}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        for text in ["(".repeat(100_000), "$(".repeat(100_000), "\"$(".repeat(20_000), "if a; then ".repeat(20_000)] {
            parse_text(&text);
        }
        let nested = format!("{}a{}", "( ".repeat(10_000), " )".repeat(10_000));
        let script = parse_text(&nested);
        assert_eq!(script.errors, []);
        assert_eq!(script.commands.len(), 1);
    }
}
