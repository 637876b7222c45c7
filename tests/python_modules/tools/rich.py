import io
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import Progress
from rich.syntax import Syntax
from rich.table import Table
from rich.traceback import Traceback
from rich.tree import Tree
from rich import pretty, inspect

console = Console(file=io.StringIO(), force_terminal=True, width=80)
table = Table("a", "b"); table.add_row("1", ":smile: 日本")
console.print(table); console.print(Markdown("# T\n* x\n```python\nx = 1\n```")); console.print(Syntax("x = 1", "python"))
try: 1 / 0
except ZeroDivisionError: console.print(Traceback())
tree = Tree("a"); tree.add("b"); console.print(tree); inspect([1], console=console); console.print_json('{"a": 1}')
with Progress(console=console) as progress: progress.advance(progress.add_task("x", total=1))
assert len(console.file.getvalue()) > 500
