from pygments import highlight
from pygments.formatters import HtmlFormatter, TerminalFormatter, get_formatter_by_name
from pygments.lexers import PythonLexer, get_lexer_by_name, guess_lexer, get_lexer_for_filename
from pygments.styles import get_style_by_name

assert "span" in highlight("x = 1", PythonLexer(), HtmlFormatter(style="monokai"))
for name in ("rust", "javascript", "html+django", "sql"):
    highlight("select x", get_lexer_by_name(name), TerminalFormatter())
get_formatter_by_name("svg"); get_lexer_for_filename("a.go"); get_style_by_name("dracula")
guess_lexer("#!/usr/bin/perl\nuse strict;")
