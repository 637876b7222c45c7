//! A node of a script's syntax tree, whichever of the two parsers made it.

use std::ops::Range;

use super::grammar::{self, NodeKind};

/// A tree in one vector, so that dropping a long list does not recurse.
#[derive(Debug, Default)]
pub(super) struct ReadTree {
    nodes: Vec<ReadNode>,
}

/// An index into the nodes of a [`ReadTree`].
pub(super) type NodeId = usize;

#[derive(Debug)]
struct ReadNode {
    kind: NodeKind,
    range: Range<usize>,
    children: Vec<NodeId>,
    field: Option<NodeField>,
}

/// The role of a child in its parent, if it does not follow from the child's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeField {
    /// The statement in front of its redirections.
    Body,
    /// The name of a function.
    Name,
    /// A redirection in the line of a heredoc's opener.
    Redirect,
    /// The text of an assignment, or a word of a loop's list.
    Value,
    /// The variable of a loop.
    Variable,
}

impl NodeField {
    fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Name => "name",
            Self::Redirect => "redirect",
            Self::Value => "value",
            Self::Variable => "variable",
        }
    }
}

impl ReadTree {
    pub(super) fn push(
        &mut self,
        kind: NodeKind,
        range: Range<usize>,
        children: Vec<NodeId>,
    ) -> NodeId {
        self.nodes.push(ReadNode {
            kind,
            range,
            children,
            field: None,
        });
        self.nodes.len() - 1
    }

    pub(super) fn set_field(&mut self, node: NodeId, field: NodeField) {
        self.nodes[node].field = Some(field);
    }

    pub(super) fn kind(&self, node: NodeId) -> NodeKind {
        self.nodes[node].kind
    }

    pub(super) fn range(&self, node: NodeId) -> Range<usize> {
        self.nodes[node].range.clone()
    }

    /// The whole script: the node that was added last.
    pub(super) fn root(&self) -> Node<'_> {
        Node::Read(self, self.nodes.len().saturating_sub(1))
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Node<'tree> {
    /// A node of tree-sitter.
    Grammar(tree_sitter::Node<'tree>),
    /// A node of `reader`.
    Read(&'tree ReadTree, NodeId),
}

impl Node<'_> {
    pub(super) fn kind(self) -> NodeKind {
        match self {
            Self::Grammar(node) => grammar::kind(node),
            Self::Read(tree, id) => tree.kind(id),
        }
    }

    pub(super) fn byte_range(self) -> Range<usize> {
        match self {
            Self::Grammar(node) => node.byte_range(),
            Self::Read(tree, id) => tree.range(id),
        }
    }

    pub(super) fn start_byte(self) -> usize {
        self.byte_range().start
    }

    pub(super) fn end_byte(self) -> usize {
        self.byte_range().end
    }

    pub(super) fn children(self) -> Vec<Self> {
        match self {
            Self::Grammar(node) => node.children(&mut node.walk()).map(Self::Grammar).collect(),
            Self::Read(tree, id) => {
                let children = tree.nodes[id].children.iter();
                children.map(|&child| Self::Read(tree, child)).collect()
            }
        }
    }

    /// The children that are not keywords or operators.
    pub(super) fn named_children(self) -> Vec<Self> {
        let mut children = self.children();
        children.retain(|child| child.is_named());
        children
    }

    pub(super) fn is_named(self) -> bool {
        match self {
            Self::Grammar(node) => node.is_named(),
            Self::Read(tree, id) => !matches!(
                tree.kind(id),
                NodeKind::AndOperator
                    | NodeKind::OrOperator
                    | NodeKind::Pipe
                    | NodeKind::Then
                    | NodeKind::Token
            ),
        }
    }

    pub(super) fn has_children(self) -> bool {
        match self {
            Self::Grammar(node) => node.child_count() > 0,
            Self::Read(tree, id) => !tree.nodes[id].children.is_empty(),
        }
    }

    pub(super) fn has_named_children(self) -> bool {
        match self {
            Self::Grammar(node) => node.named_child_count() > 0,
            Self::Read(..) => !self.named_children().is_empty(),
        }
    }

    /// Returns true for a token that tree-sitter supplies because the script lacks it.
    pub(super) fn is_missing(self) -> bool {
        match self {
            // Bash needs no `;` between `done` and `done`.
            Self::Grammar(node) => node.is_missing() && !matches!(node.kind(), ";" | "\n"),
            Self::Read(..) => false,
        }
    }

    pub(super) fn field(self, field: NodeField) -> Option<Self> {
        match self {
            Self::Grammar(node) => node.child_by_field_name(field.name()).map(Self::Grammar),
            Self::Read(..) => self.fields(field).into_iter().next(),
        }
    }

    pub(super) fn fields(self, field: NodeField) -> Vec<Self> {
        match self {
            Self::Grammar(node) => node
                .children_by_field_name(field.name(), &mut node.walk())
                .map(Self::Grammar)
                .collect(),
            Self::Read(tree, id) => {
                let children = tree.nodes[id].children.iter();
                let children = children.filter(|&&child| tree.nodes[child].field == Some(field));
                children.map(|&child| Self::Read(tree, child)).collect()
            }
        }
    }
}
