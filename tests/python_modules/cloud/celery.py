from celery import Celery, group, chain
app = Celery("x", broker="memory://", backend="cache+memory://"); 
@app.task
def add(a, b): return a + b
app.conf.task_always_eager = True
assert add.delay(1, 2).get() == 3; assert chain(add.s(1,1), add.s(2))().get() == 4; assert group(add.s(i,i) for i in range(3))().get() == [0,2,4]
app.conf.task_always_eager = False
r = add.delay(2,3)
from celery.contrib.testing.worker import start_worker
with start_worker(app, perform_ping_check=False, pool="solo"): assert r.get(timeout=10) == 5
