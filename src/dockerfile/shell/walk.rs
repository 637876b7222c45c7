//! Conversion of a syntax tree to commands, pipelines and redirections.
//!
//! The tree is walked with an explicit stack, because tree-sitter does not limit nesting; parts
//! that are nested too deeply are not analyzed.

use std::sync::Arc;

use super::grammar::{self, NodeKind};
use super::leading_heredoc::Masked;
use super::node::{Node, NodeField, ReadTree};
use super::options::OptionChanges;
use super::{
    CommandPosition, Loop, Pipeline, Redirection, Scope, ShellFunction, ShellScript, ShellWord,
    SimpleCommand, StatusUse,
};
use super::{calls, leading_heredoc, reader, words};
use crate::dockerfile::syntax::Joined;
use crate::dockerfile::unread::{MAX_COMMANDS, MAX_DEPTH, MAX_SCRIPT, Unread, UnreadReason};
use crate::source::Span;

/// Maximum nesting of `bash -c "bash -c '…'"`. Each level needs a different kind of quoting, so
/// scripts rarely have more than one.
const MAX_SHELLS: usize = 4;

/// Reads a whole script.
pub(super) fn read(script: &Joined) -> ShellScript {
    read_with(script, parse)
}

/// Reads a script as if it had errors, for tests that compare the parsers.
#[cfg(test)]
pub(super) fn read_recovered(script: &Joined) -> ShellScript {
    read_with(script, recover)
}

fn read_with(script: &Joined, parse: Parse) -> ShellScript {
    let mut read = ShellScript {
        scopes: vec![Scope::default()],
        ..ShellScript::default()
    };
    read_into(&mut read, script, Context::default(), 0, parse);
    read.settings = OptionChanges::of(&read.commands);
    read
}

/// Facts about the commands in a node that follow from its position in the tree.
#[derive(Clone, Copy, Debug, Default)]
struct Context {
    scope: usize,
    position: CommandPosition,
    /// Whether an `||` catches a failure.
    caught: bool,
    /// A failure decides about a branch, or about nothing.
    may_fail: bool,
    status: StatusUse,
    /// Start of the command before a heredoc's opener, on the line of that opener.
    heredoc_owner: Option<usize>,
    /// True if an assignment is a command.
    statements: bool,
    /// Number of constructs around it that contain commands.
    depth: usize,
}

fn read_into(
    read: &mut ShellScript,
    script: &Joined,
    context: Context,
    shells: usize,
    parse: Parse,
) {
    let syntax = match parse(script) {
        Ok(syntax) => syntax,
        Err(reason) => {
            let span = script.source_span(0, script.as_str().len());
            return read.leave_unread(span, reason);
        }
    };
    let (root, masked) = match &syntax {
        Syntax::Whole(tree) => (tree.root(), None),
        Syntax::Recovered(tree, masked) => (Node::Grammar(tree.root_node()), masked.as_ref()),
    };
    let mut walk = Walk {
        script,
        shared: Arc::from(script.as_str()),
        read,
        starts: Vec::new(),
        pipelines: Vec::new(),
        redirects: Vec::new(),
        shells,
        parse,
    };
    // The children of a node go onto the stack in reverse, so that nodes come in the order of the
    // text: commands are found by binary search in `starts` later.
    let mut stack = vec![(root, context)];
    let mut children = Vec::new();
    while let Some((node, context)) = stack.pop() {
        if walk.read.commands.len() >= MAX_COMMANDS {
            let span = walk.span(node);
            let rest = Span::new(span.start, script.source_span(0, script.as_str().len()).end);
            walk.read.leave_unread(rest, UnreadReason::Commands);
            break;
        }
        if context.depth > MAX_DEPTH {
            let span = walk.span(node);
            walk.read.leave_unread(span, UnreadReason::ScriptDepth);
            continue;
        }
        walk.node(node, context);
        walk.children(node, context, &mut children);
        stack.extend(children.drain(..).rev());
    }
    walk.resolve();
    // A leading heredoc is the input of the first command.
    if let Some(masked) = masked {
        let command = walk.starts.first().map(|&(_, command)| command);
        let redirection = masked.redirection(script, &walk.shared, command);
        read.redirections.push(redirection);
    }
}

impl ShellScript {
    /// Reports a part that exceeds a limit, also in `errors` for callers that only check those.
    fn leave_unread(&mut self, span: Span, reason: UnreadReason) {
        self.unread.push(Unread { span, reason });
        self.errors.push(span);
    }
}

/// The syntax of a script, by the parser that could read it.
enum Syntax {
    Whole(ReadTree),
    /// With errors, and blanked out what tree-sitter cannot read at all.
    Recovered(tree_sitter::Tree, Option<Masked>),
}

/// One of the two ways to parse a script.
type Parse = fn(&Joined) -> Result<Syntax, UnreadReason>;

fn parse(script: &Joined) -> Result<Syntax, UnreadReason> {
    let text = script.as_str();
    if text.len() > MAX_SCRIPT {
        return Err(UnreadReason::ScriptLength);
    }
    match reader::read(text) {
        Some(tree) => Ok(Syntax::Whole(tree)),
        None => recover(script),
    }
}

/// Parses a script with errors, so that the commands around these are not lost.
fn recover(script: &Joined) -> Result<Syntax, UnreadReason> {
    let masked = leading_heredoc::mask(script);
    let text = masked
        .as_ref()
        .map_or(script.as_str(), |masked| &masked.text);
    let tree = grammar::tree(text)?;
    Ok(Syntax::Recovered(tree, masked))
}

struct Walk<'a, 'tree> {
    script: &'a Joined,
    /// The text of `script`, for the words.
    shared: Arc<str>,
    read: &'a mut ShellScript,
    /// Start of each command in this text, and its index, in ascending order.
    starts: Vec<(usize, usize)>,
    /// Pipelines whose stages are not known yet: the index, and the range of each stage.
    pipelines: Vec<(usize, Vec<(usize, usize)>)>,
    /// Redirections whose command is not known yet, and the start of that command.
    redirects: Vec<(Node<'tree>, Option<usize>)>,
    shells: usize,
    parse: Parse,
}

impl<'tree> Walk<'_, 'tree> {
    fn span(&self, node: Node<'_>) -> Span {
        self.script.source_span(node.start_byte(), node.end_byte())
    }

    /// Whether a word could start at the start of a node. tree-sitter also treats `#` in the middle
    /// of a word as a comment.
    fn is_at_word_start(&self, node: Node<'_>) -> bool {
        let before = self.shared[..node.start_byte()].chars().next_back();
        before.is_none_or(|before| before.is_whitespace() || "();&|<>`".contains(before))
    }

    fn word(&self, node: Node<'_>) -> ShellWord {
        words::word(self.script, &self.shared, node)
    }

    fn node(&mut self, node: Node<'tree>, context: Context) {
        if node.is_missing() {
            self.read.errors.push(self.span(node));
        }
        match node.kind() {
            NodeKind::Error => self.read.errors.push(self.span(node)),
            NodeKind::Command => self.command(node, context),
            NodeKind::Declaration | NodeKind::Unset => self.builtin(node, context),
            NodeKind::Test => self.test(node, context),
            NodeKind::Pipeline => self.pipeline(node, context),
            NodeKind::Redirected => self.redirected(node),
            NodeKind::For => self.for_loop(node),
            NodeKind::Function => self.function(node),
            NodeKind::VariableAssignment | NodeKind::VariableAssignments if context.statements => {
                self.assignments(node, context);
            }
            _ => {}
        }
    }

    fn push(
        &mut self,
        node: Node<'_>,
        context: Context,
        assignments: Vec<ShellWord>,
        words: Vec<ShellWord>,
    ) {
        let all = assignments.iter().chain(&words).map(|word| word.span);
        let span = all.reduce(Span::to).unwrap_or_else(|| self.span(node));
        let index = self.read.commands.len();
        self.starts.push((node.start_byte(), index));
        let (position, scope) = (context.position, context.scope);
        self.read.commands.push(SimpleCommand {
            span,
            assignments,
            words,
            position,
            scope,
            status: context.status,
        });
    }

    fn command(&mut self, node: Node<'tree>, context: Context) {
        let mut assignments = Vec::new();
        let mut words = Vec::new();
        let mut nodes = Vec::new();
        for child in node.children() {
            match child.kind() {
                NodeKind::VariableAssignment => assignments.push(self.word(child)),
                NodeKind::FileRedirect
                | NodeKind::HerestringRedirect
                | NodeKind::HeredocRedirect => {
                    self.redirects.push((child, Some(node.start_byte())));
                }
                // The grammar allows a subshell after the name. It is walked separately.
                NodeKind::Comment | NodeKind::Error | NodeKind::Subshell => {}
                // The name is a node around the word, which shows how the word is quoted.
                NodeKind::CommandName => {
                    nodes.push(child.children().first().copied().unwrap_or(child));
                }
                _ => nodes.push(child),
            }
        }
        words.extend(nodes.iter().map(|&node| self.word(node)));
        words.shrink_to_fit();
        let index = self.read.commands.len();
        self.push(node, context, assignments, words);
        self.other_shell(index, &nodes, context);
    }

    /// Reads the script in the arguments of `bash -c` and similar commands.
    fn other_shell(&mut self, command: usize, nodes: &[Node<'_>], context: Context) {
        if self.shells == MAX_SHELLS {
            return;
        }
        let words = &self.read.commands[command].words;
        let shell = match calls::shell_text(words) {
            Ok(shell) => shell,
            Err(reason) => {
                let span = self.read.commands[command].span;
                return self.read.leave_unread(span, reason);
            }
        };
        let Some((index, options)) = shell else {
            return;
        };
        let Some(text) = nodes
            .get(index)
            .and_then(|&node| words::value(self.script, node))
        else {
            return;
        };
        let scope = self.read.scopes.len();
        // Another process does not inherit options, so the scope has no parent.
        self.read.scopes.push(Scope {
            parent: None,
            started_by: Some(command),
            options,
        });
        let position = CommandPosition {
            subshell: true,
            ..context.position
        };
        let inner = Context {
            scope,
            position,
            heredoc_owner: None,
            ..context
        };
        read_into(self.read, &text, inner, self.shells + 1, self.parse);
    }

    /// Reads `export A=1` or `unset A`: the assignments are arguments.
    fn builtin(&mut self, node: Node<'_>, context: Context) {
        let words = node
            .children()
            .into_iter()
            .filter(|&child| child.kind() != NodeKind::Comment);
        let words = words.map(|child| self.word(child)).collect();
        self.push(node, context, Vec::new(), words);
    }

    fn assignments(&mut self, node: Node<'_>, context: Context) {
        let assignments = if node.kind() == NodeKind::VariableAssignment {
            vec![self.word(node)]
        } else {
            let children = node.named_children().into_iter();
            children.map(|child| self.word(child)).collect()
        };
        self.push(node, context, assignments, Vec::new());
    }

    /// Reads `[ a = b ]`: the grammar's expression is split into words again, because rules treat
    /// `[` as an ordinary command.
    fn test(&mut self, node: Node<'tree>, context: Context) {
        let mut words = Vec::new();
        let mut stack = vec![node];
        while let Some(next) = stack.pop() {
            if matches!(next.kind(), NodeKind::Test | NodeKind::TestExpression) {
                stack.extend(next.children().into_iter().rev());
            } else {
                words.push(self.word(next));
            }
        }
        self.push(node, context, Vec::new(), words);
    }

    fn for_loop(&mut self, node: Node<'_>) {
        let Some(variable) = node.field(NodeField::Variable) else {
            return;
        };
        let variable = self.script.as_str()[variable.byte_range()].to_owned();
        let words = node
            .fields(NodeField::Value)
            .into_iter()
            .map(|value| self.word(value))
            .collect();
        self.read.loops.push(Loop { variable, words });
    }

    fn function(&mut self, node: Node<'_>) {
        if let Some(name) = node.field(NodeField::Name) {
            self.read.functions.push(ShellFunction {
                name: self.script.as_str()[name.byte_range()].to_owned(),
                span: self.span(node),
            });
        }
    }

    fn pipeline(&mut self, node: Node<'_>, context: Context) {
        let mut pipes = Vec::new();
        let mut stages = Vec::new();
        let mut start = node.start_byte();
        // The commands of the stages have not been walked yet, so their ranges are kept for
        // `resolve`.
        for child in node.children() {
            match child.kind() {
                NodeKind::Pipe => {
                    if stages.is_empty() {
                        // After a heredoc's opener, the first stage is not part of the node.
                        start = context.heredoc_owner.unwrap_or(start);
                        stages.push((start, child.start_byte()));
                    }
                    pipes.push(self.span(child));
                }
                NodeKind::Comment | NodeKind::Error | NodeKind::HeredocBody => {}
                _ => stages.push((child.start_byte(), child.end_byte())),
            }
        }
        // In `! a | b` the grammar has the `!` in the first stage.
        let is_negated = node
            .named_children()
            .first()
            .is_some_and(|first| first.kind() == NodeKind::Negated);
        let span = self.script.source_span(start, node.end_byte());
        self.pipelines.push((self.read.pipelines.len(), stages));
        self.read.pipelines.push(Pipeline {
            span,
            pipes,
            stages: Vec::new(),
            scope: context.scope,
            may_fail: context.may_fail || is_negated,
        });
    }

    fn redirected(&mut self, node: Node<'tree>) {
        let owner = node
            .field(NodeField::Body)
            .and_then(last_command)
            .map(Node::start_byte);
        for child in node.children() {
            if matches!(
                child.kind(),
                NodeKind::FileRedirect | NodeKind::HerestringRedirect | NodeKind::HeredocRedirect
            ) {
                self.redirects.push((child, owner));
                // In `cat <<EOF > file` the second redirection is a child of the heredoc's.
                for inner in child.fields(NodeField::Redirect) {
                    self.redirects.push((inner, owner));
                }
            }
        }
    }

    /// Collects the children of a node for the walk, each with its context.
    fn children(
        &mut self,
        node: Node<'tree>,
        context: Context,
        children: &mut Vec<(Node<'tree>, Context)>,
    ) {
        let parent = node.kind();
        let mut context = context;
        match parent {
            NodeKind::Subshell | NodeKind::CommandSubstitution | NodeKind::ProcessSubstitution => {
                context = self.subshell(context);
            }
            NodeKind::Redirected => context.heredoc_owner = Some(node.start_byte()),
            _ => {}
        }
        context.depth += usize::from(nests(parent));
        // The owner only applies to the rest of the opener's line, which is a child of the heredoc.
        if !matches!(parent, NodeKind::Redirected | NodeKind::HeredocRedirect) {
            context.heredoc_owner = None;
        }
        context.statements = holds_statements(parent);
        // In `a && b || c` a failure of `a` does not end the script, so `b` is conditional.
        let caught = parent == NodeKind::List && has_or(node);
        let mut conditional = parent == NodeKind::Function;
        let is_ignored = self.ignores_failures(node);
        let mut is_condition = has_condition(parent);
        let mut is_before_operator = parent == NodeKind::List;
        for child in node.children() {
            is_condition &= !starts_body(child.kind());
            is_before_operator &=
                !matches!(child.kind(), NodeKind::AndOperator | NodeKind::OrOperator);
            // Conditional from this child on: the condition of an `if` or `while` always runs.
            conditional |= match (parent, child.kind()) {
                (NodeKind::If, NodeKind::Then)
                | (NodeKind::List | NodeKind::HeredocRedirect, NodeKind::OrOperator)
                | (NodeKind::While | NodeKind::For, NodeKind::Do)
                | (NodeKind::Case, NodeKind::CaseItem) => true,
                (NodeKind::List, NodeKind::AndOperator) => context.caught,
                _ => false,
            };
            if child.kind() == NodeKind::Comment && self.is_at_word_start(child) {
                self.read.comments.push(self.span(child));
            }
            // Tokens, most of the tree, have nothing to read.
            if !child.has_children() && child.kind() != NodeKind::Error && !child.is_missing() {
                continue;
            }
            let mut inner = context;
            inner.position.conditional |= conditional;
            inner.caught |= caught && !conditional;
            inner.may_fail |= is_condition || (is_ignored && !conditional);
            // The operator, or the condition, reads the status.
            if is_before_operator && is_ignored {
                inner.status = StatusUse::Ignored;
            } else if is_before_operator || is_condition {
                inner.status = StatusUse::Used;
            }
            // Bash runs every stage of a pipeline in a subshell of its own.
            if parent == NodeKind::Pipeline {
                inner = self.subshell(inner);
            }
            children.push((child, inner));
        }
    }

    /// Returns true for nodes in which no failure ends the script: `a || true`, `<(a)`, `<<< $(a)`.
    fn ignores_failures(&self, node: Node<'_>) -> bool {
        match node.kind() {
            NodeKind::ProcessSubstitution | NodeKind::HerestringRedirect | NodeKind::Negated => {
                true
            }
            NodeKind::List if has_or(node) => self.ends_in_success(node),
            _ => false,
        }
    }

    /// Returns true for a list whose last command always succeeds.
    fn ends_in_success(&self, list: Node<'_>) -> bool {
        let mut command = None;
        for child in list.named_children() {
            if child.kind() != NodeKind::Comment {
                command = Some(child);
            }
        }
        let Some(command) = command else { return false };
        let mut words = self.script.as_str()[command.byte_range()].split_whitespace();
        match words.next() {
            Some("true" | ":" | "/bin/true" | "echo" | "printf") => true,
            Some("exit" | "return") => words.next() == Some("0"),
            _ => false,
        }
    }

    fn subshell(&mut self, context: Context) -> Context {
        let scope = self.read.scopes.len();
        self.read.scopes.push(Scope {
            parent: Some(context.scope),
            ..Scope::default()
        });
        Context {
            scope,
            position: CommandPosition {
                subshell: true,
                ..context.position
            },
            ..context
        }
    }

    /// Assigns pipelines and redirections their commands, which are all known now.
    fn resolve(&mut self) {
        for (pipeline, stages) in std::mem::take(&mut self.pipelines) {
            for (start, end) in stages {
                let index = self.starts.partition_point(|&(at, _)| at < start);
                if let Some(&(at, command)) = self.starts.get(index)
                    && at < end
                {
                    self.read.pipelines[pipeline].stages.push(command);
                }
            }
        }
        for (node, owner) in std::mem::take(&mut self.redirects) {
            let command = owner.and_then(|start| {
                let index = self
                    .starts
                    .binary_search_by_key(&start, |&(at, _)| at)
                    .ok()?;
                Some(self.starts[index].1)
            });
            self.redirect(node, command);
        }
        // Those of other shells' scripts were added while this text was walked.
        self.read
            .redirections
            .sort_by_key(|redirection| redirection.span.start);
    }

    fn redirect(&mut self, node: Node<'_>, command: Option<usize>) {
        let mut fd = None;
        let mut operator = String::new();
        let mut target = None;
        let mut end = node.end_byte();
        for child in node.children() {
            match child.kind() {
                NodeKind::FileDescriptor => {
                    fd = self.script.as_str()[child.byte_range()].parse().ok();
                }
                NodeKind::Token if operator.is_empty() => {
                    self.script.as_str()[child.byte_range()].clone_into(&mut operator);
                    end = child.end_byte();
                }
                NodeKind::HeredocStart => {
                    target = Some(words::verbatim(
                        self.script,
                        &self.shared,
                        child.byte_range(),
                    ));
                    end = child.end_byte();
                }
                // Nested redirects have separate entries, and the body is not part of this one.
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
                // `program > file word`: in the grammar, all words after the operator belong to the
                // redirect.
                _ if child.is_named() && !is_statement(child.kind()) => {
                    self.add_word(command, child);
                }
                _ => {}
            }
        }
        let span = self.script.source_span(node.start_byte(), end);
        self.read.redirections.push(Redirection {
            span,
            operator,
            fd,
            target,
            command,
        });
    }

    fn add_word(&mut self, command: Option<usize>, node: Node<'_>) {
        let word = self.word(node);
        if let Some(command) = command.and_then(|index| self.read.commands.get_mut(index)) {
            command.span = command.span.to(word.span);
            command.words.push(word);
        }
    }
}

/// Returns true for constructs that count as a level of nesting. Lists do not: for tree-sitter, `a
/// && b && c` is a list in a list.
fn nests(parent: NodeKind) -> bool {
    use NodeKind as K;
    matches!(
        parent,
        K::Case
            | K::CommandSubstitution
            | K::Error
            | K::Expansion
            | K::For
            | K::Function
            | K::Group
            | K::If
            | K::Negated
            | K::ProcessSubstitution
            | K::Subshell
            | K::While
    )
}

/// Returns true for constructs that start with a condition, or with words to compare or to iterate
/// over.
fn has_condition(parent: NodeKind) -> bool {
    use NodeKind as K;
    matches!(parent, K::Case | K::Elif | K::For | K::If | K::While)
}

/// Returns true for what ends that condition.
fn starts_body(child: NodeKind) -> bool {
    matches!(child, NodeKind::Then | NodeKind::Do | NodeKind::CaseItem)
}

/// Returns true for constructs in which an assignment is a command of its own.
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

/// Returns true for nodes that can follow `&&` after a heredoc's opener.
fn is_statement(kind: NodeKind) -> bool {
    use NodeKind as K;
    matches!(
        kind,
        K::Case
            | K::Command
            | K::Declaration
            | K::For
            | K::Function
            | K::Group
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
    list.children()
        .into_iter()
        .any(|child| child.kind() == NodeKind::OrOperator)
}

/// The command that a redirection after this statement belongs to; `None` if it belongs to a group.
fn last_command(statement: Node<'_>) -> Option<Node<'_>> {
    let mut node = statement;
    loop {
        node = match node.kind() {
            NodeKind::Command | NodeKind::Declaration | NodeKind::Unset | NodeKind::Test => {
                return Some(node);
            }
            NodeKind::Redirected => node.field(NodeField::Body)?,
            NodeKind::List | NodeKind::Pipeline | NodeKind::Negated => {
                node.named_children().pop()?
            }
            _ => return None,
        };
    }
}
