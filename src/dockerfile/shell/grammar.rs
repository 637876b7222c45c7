//! tree-sitter's bash grammar: one parser per thread, and the relevant node kinds.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use crate::dockerfile::unread::UnreadReason;

/// Processor time for parsing a script of any length.
const MIN_TIME: Duration = Duration::from_millis(250);

/// Additional processor time per byte; parsing takes about a quarter of a microsecond.
const TIME_PER_BYTE: Duration = Duration::from_micros(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    AndOperator,
    Ansi,
    Case,
    CaseItem,
    Command,
    CommandName,
    CommandSubstitution,
    Comment,
    Concatenation,
    Declaration,
    Do,
    Elif,
    Error,
    Expansion,
    FileDescriptor,
    FileRedirect,
    For,
    Function,
    Group,
    HeredocBody,
    HeredocEnd,
    HeredocRedirect,
    HeredocStart,
    HerestringRedirect,
    If,
    List,
    Name,
    Negated,
    Number,
    OrOperator,
    Other,
    Pipe,
    Pipeline,
    ProcessSubstitution,
    RawString,
    Redirected,
    SimpleExpansion,
    String,
    StringContent,
    Subshell,
    Test,
    TestExpression,
    Then,
    Token,
    TranslatedString,
    Unset,
    VariableAssignment,
    VariableAssignments,
    While,
    Word,
}

fn kind_of_name(name: &str, named: bool) -> NodeKind {
    use NodeKind as K;
    // Keywords and operators are anonymous nodes in tree-sitter. Only these few are relevant.
    if !named {
        return match name {
            "&&" => K::AndOperator,
            "||" => K::OrOperator,
            "|" | "|&" => K::Pipe,
            "then" => K::Then,
            _ => K::Token,
        };
    }
    match name {
        "ansi_c_string" => K::Ansi,
        "binary_expression" | "parenthesized_expression" | "unary_expression" => K::TestExpression,
        "case_item" => K::CaseItem,
        "case_statement" => K::Case,
        "command" => K::Command,
        "command_name" => K::CommandName,
        "command_substitution" => K::CommandSubstitution,
        "comment" => K::Comment,
        "compound_statement" => K::Group,
        "concatenation" => K::Concatenation,
        "c_style_for_statement" | "for_statement" => K::For,
        "declaration_command" => K::Declaration,
        "do_group" => K::Do,
        "elif_clause" => K::Elif,
        "ERROR" => K::Error,
        "expansion" => K::Expansion,
        "file_descriptor" => K::FileDescriptor,
        "file_redirect" => K::FileRedirect,
        "function_definition" => K::Function,
        "heredoc_body" => K::HeredocBody,
        "heredoc_end" => K::HeredocEnd,
        "heredoc_redirect" => K::HeredocRedirect,
        "heredoc_start" => K::HeredocStart,
        "herestring_redirect" => K::HerestringRedirect,
        "if_statement" => K::If,
        "list" => K::List,
        "negated_command" => K::Negated,
        "number" => K::Number,
        "pipeline" => K::Pipeline,
        "process_substitution" => K::ProcessSubstitution,
        "raw_string" => K::RawString,
        "redirected_statement" => K::Redirected,
        "simple_expansion" => K::SimpleExpansion,
        "special_variable_name" | "variable_name" => K::Name,
        "string" => K::String,
        "string_content" => K::StringContent,
        "subshell" => K::Subshell,
        "test_command" => K::Test,
        "translated_string" => K::TranslatedString,
        "unset_command" => K::Unset,
        "variable_assignment" => K::VariableAssignment,
        "variable_assignments" => K::VariableAssignments,
        "while_statement" => K::While,
        "extglob_pattern" | "regex" | "test_operator" | "word" => K::Word,
        _ => K::Other,
    }
}

struct Bash {
    parser: Parser,
    /// Kinds by tree-sitter's number.
    kinds: Vec<NodeKind>,
}

impl Bash {
    fn new() -> Option<Self> {
        let language = tree_sitter::Language::new(tree_sitter_bash::LANGUAGE);
        let mut parser = Parser::new();
        parser.set_language(&language).ok()?;
        // Node kinds are looked up by number, because comparing names at each node would take
        // longer than parsing.
        let count = u16::try_from(language.node_kind_count()).ok()?;
        let mut kinds = Vec::with_capacity(usize::from(count));
        for id in 0..count {
            let name = language.node_kind_for_id(id).unwrap_or("");
            kinds.push(kind_of_name(name, language.node_kind_is_named(id)));
        }
        Some(Self { parser, kinds })
    }

    fn tree(&mut self, text: &str) -> Option<Tree> {
        // tree-sitter takes quadratic time for some hostile scripts, such as a pipeline with a
        // hundred thousand stages. They cannot be recognized by the number of steps, because a step
        // may read the rest of the script, so there is a time limit, many times longer than a
        // script needs. Only the time of this thread counts: on a busy machine an ordinary script
        // must not fail to parse.
        let limit = MIN_TIME + TIME_PER_BYTE * u32::try_from(text.len()).unwrap_or(u32::MAX);
        let end = processor_time() + limit;
        let mut on_progress = |_: &ParseState| {
            if processor_time() > end {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let options = ParseOptions::new().progress_callback(&mut on_progress);
        let mut rest = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
        let tree = self
            .parser
            .parse_with_options(&mut rest, None, Some(options));
        if tree.is_none() {
            // Otherwise the next parse would continue with this text.
            self.parser.reset();
        }
        tree
    }
}

/// The processor time of this thread.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

thread_local! {
    // Creating a parser costs more than parsing most scripts.
    static BASH: RefCell<Option<Bash>> = RefCell::new(Bash::new());
}

/// The tree of a script, unless it takes too much time.
pub(super) fn tree(text: &str) -> Result<Tree, UnreadReason> {
    let tree = BASH.with_borrow_mut(|bash| bash.as_mut()?.tree(text));
    tree.ok_or(UnreadReason::ScriptTime)
}

pub(super) fn kind(node: Node<'_>) -> NodeKind {
    if node.is_error() {
        return NodeKind::Error;
    }
    BASH.with_borrow(|bash| {
        let kinds = bash
            .as_ref()
            .map(|bash| bash.kinds.as_slice())
            .unwrap_or_default();
        kinds
            .get(usize::from(node.kind_id()))
            .copied()
            .unwrap_or(NodeKind::Other)
    })
}
