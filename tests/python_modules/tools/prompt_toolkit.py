from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer

with create_pipe_input() as pipe:
    pipe.send_text("hello\n")
    session = PromptSession(input=pipe, output=DummyOutput(), completer=WordCompleter(["a"]), lexer=PygmentsLexer(SqlLexer))
    assert session.prompt("> ") == "hello"
