import io, structlog, sys
from loguru import logger
from tqdm import tqdm
from tqdm.auto import trange

out = io.StringIO()
logger.remove(); logger.add(out, format="{level} {message}", serialize=False, backtrace=True, diagnose=True, enqueue=False)
logger.bind(a=1).info("x {}", 3)
try: 1 / 0
except ZeroDivisionError: logger.exception("no")
assert "INFO x 3" in out.getvalue()
logger.add("/tmp/l.log", rotation="1 MB", compression="gz"); logger.info("y")
structlog.configure(processors=[structlog.processors.TimeStamper(), structlog.processors.JSONRenderer()])
structlog.get_logger().info("hi", a=1)
assert sum(tqdm(range(3), file=io.StringIO())) == 3
