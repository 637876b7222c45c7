//! Tables: columns that fit the terminal, or a list if the terminal is too narrow.

use std::fmt::Write as _;

use anstyle::Style;
use pulldown_cmark::{Alignment, Event, Tag, TagEnd};

use super::line::Line;

const HEADER: Style = Style::new().bold();
/// Number of spaces between two columns.
const GAP: usize = 2;

/// The events inside a cell.
type Cell = Vec<Event<'static>>;

/// A table that is being read. The first row is the header.
pub(super) struct Table {
    alignments: Vec<Alignment>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Self {
            alignments,
            rows: Vec::new(),
        }
    }

    /// Handles an event between the start and the end of the table.
    pub(super) fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::TableHead | Tag::TableRow) => self.rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => {
                if let Some(row) = self.rows.last_mut() {
                    row.push(Cell::new());
                }
            }
            Event::End(TagEnd::TableHead | TagEnd::TableRow | TagEnd::TableCell) => {}
            event => {
                if let Some(cell) = self.rows.last_mut().and_then(|row| row.last_mut()) {
                    cell.push(event.into_static());
                }
            }
        }
    }

    /// Renders the table as lines of at most `width` columns.
    pub(super) fn render(&self, width: usize) -> String {
        match self.column_widths(width) {
            Some(widths) => self.columns(&widths),
            None => self.list(width),
        }
    }

    /// Column widths such that every line fits; `None` if a row of the longest words does not.
    fn column_widths(&self, width: usize) -> Option<Vec<usize>> {
        let available = width.checked_sub(GAP * self.alignments.len().saturating_sub(1))?;
        // With unlimited width, a cell is one line; with width 0, each word is on its own line.
        let natural = self.widest_lines(usize::MAX);
        let smallest = self.widest_lines(0);
        if natural.iter().sum::<usize>() <= available {
            return Some(natural);
        }
        let mut widths = smallest;
        let mut spare = available.checked_sub(widths.iter().sum())?;
        // The remaining width is given one character at a time to the narrowest column that still
        // wraps, so that short columns stay on one line and the others share the rest evenly.
        while spare > 0 {
            let narrowest = (0..widths.len())
                .filter(|&column| widths[column] < natural[column])
                .min_by_key(|&column| widths[column])?;
            widths[narrowest] += 1;
            spare -= 1;
        }
        Some(widths)
    }

    /// The width of the widest line of each column when its cells are wrapped to `width`.
    fn widest_lines(&self, width: usize) -> Vec<usize> {
        let mut widest = vec![0; self.alignments.len()];
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate().take(widest.len()) {
                for line in lines(cell, width) {
                    widest[column] = widest[column].max(columns_of(&line));
                }
            }
        }
        widest
    }

    fn columns(&self, widths: &[usize]) -> String {
        let mut out = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            let cells: Vec<Vec<String>> = row
                .iter()
                .zip(widths)
                .map(|(cell, &width)| lines(cell, width))
                .collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or_default();
            for at in 0..height {
                let texts: Vec<&str> = cells
                    .iter()
                    .map(|cell| cell.get(at).map_or("", String::as_str))
                    .collect();
                self.push_line(&texts, widths, index == 0, &mut out);
            }
            if index == 0 {
                let rules: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
                out.push_str(&rules.join(&" ".repeat(GAP)));
                out.push('\n');
            }
        }
        out
    }

    /// Adds one line of a row, without trailing spaces.
    fn push_line(&self, texts: &[&str], widths: &[usize], is_header: bool, out: &mut String) {
        let start = out.len();
        // Spaces are written before the next text, so that none are left at the end of the line.
        let mut owed = 0;
        for (column, (text, &width)) in texts.iter().zip(widths).enumerate() {
            let padding = width.saturating_sub(columns_of(text));
            let (before, after) = match self.alignments.get(column) {
                Some(Alignment::Right) => (padding, 0),
                Some(Alignment::Center) => (padding / 2, padding - padding / 2),
                _ => (0, padding),
            };
            if text.is_empty() {
                owed += width + GAP;
                continue;
            }
            out.push_str(&" ".repeat(owed + before));
            if is_header {
                let _ = write!(out, "{HEADER}{text}{HEADER:#}");
            } else {
                out.push_str(text);
            }
            owed = after + GAP;
        }
        if out.len() > start {
            out.push('\n');
        }
    }

    /// An item per row: the first cell, then the others below it, each after its header.
    fn list(&self, width: usize) -> String {
        let mut out = String::new();
        let Some((header, rows)) = self.rows.split_first() else {
            return out;
        };
        for row in rows {
            let mut line = Line::new(width);
            line.indent = 2;
            line.hang("-");
            for (column, cell) in row.iter().enumerate() {
                // An empty cell is not worth a line.
                if cell.is_empty() {
                    continue;
                }
                if column > 0 {
                    let name = header.get(column).map(Vec::as_slice);
                    fill(&mut line, name.unwrap_or_default(), &mut out);
                    line.inline(Event::Text(": ".into()), &mut out);
                }
                fill(&mut line, cell, &mut out);
                line.flush(&mut out);
            }
        }
        out
    }
}

/// The lines of a cell, wrapped to a width.
fn lines(cell: &[Event<'static>], width: usize) -> Vec<String> {
    let mut out = String::new();
    let mut line = Line::new(width);
    fill(&mut line, cell, &mut out);
    line.flush(&mut out);
    out.lines().map(str::to_owned).collect()
}

fn fill(line: &mut Line, cell: &[Event<'static>], out: &mut String) {
    for event in cell {
        line.inline(event.clone(), out);
    }
}

/// The width of a text in columns, without its styles.
fn columns_of(text: &str) -> usize {
    anstream::adapter::strip_str(text)
        .to_string()
        .chars()
        .count()
}

#[cfg(test)]
mod tests {
    use crate::cli::page::render;

    const TABLE: &str =
        "| name | what it does |\n|---|---|\n| `a` | one two three |\n| `long-name` | *four* |\n";

    fn plain(markdown: &str, width: usize) -> String {
        anstream::adapter::strip_str(&render(markdown, width)).to_string()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        assert_eq!(
            plain(TABLE, 80),
            "name         what it does\n\
             -----------  -------------\n\
             `a`          one two three\n\
             `long-name`  four\n"
        );
    }

    #[test]
    fn cells_are_wrapped_where_the_table_is_too_wide() {
        assert_eq!(
            plain(TABLE, 21),
            "name         what it\n             \
                          does\n\
             -----------  --------\n\
             `a`          one two\n             \
                          three\n\
             `long-name`  four\n"
        );
    }

    #[test]
    fn a_table_that_is_too_narrow_becomes_a_list() {
        assert_eq!(
            plain(TABLE, 16),
            "- `a`\n  what it does:\n  one two three\n- `long-name`\n  what it does:\n  four\n"
        );
    }

    #[test]
    fn numbers_are_aligned_to_the_right_and_empty_cells_leave_no_blanks() {
        let table = "| a | b | c |\n|---|---:|---|\n| x | 1 | |\n| y | 100 | z |\n| | | w |\n";
        assert_eq!(
            plain(table, 80),
            "a    b  c\n-  ---  -\nx    1\ny  100  z\n        w\n"
        );
    }

    #[test]
    fn headers_are_bold_and_blank_lines_separate_table_and_text() {
        let page = render("before\n\n| a |\n|---|\n| b |\n\nafter\n", 80);
        assert_eq!(page, "before\n\n\u{1b}[1ma\u{1b}[0m\n-\nb\n\nafter\n");
    }
}
