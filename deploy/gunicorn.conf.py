"""How gunicorn serves Pult; `pult serve` starts it with this file and adds the address and the workers.

Nothing of the application may be imported here: gevent patches the standard library only after this
file was read.
"""

import os
import resource
import signal
import time
from contextlib import contextmanager

import gevent
from gunicorn.http.errors import NoMoreData
from gunicorn.workers.ggevent import GeventWorker

SILENT_S = 1.0  # a request that is on its way has been heard of by then


class Worker(GeventWorker):
    """gevent's worker, whose end no browser holds up by a connection it keeps open and says nothing on."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.silent_since = {}  # the greenlet of a connection → since when it waits for a request

    @contextmanager
    def timeout_ctx(self):
        me = gevent.getcurrent()
        self.silent_since[me] = time.monotonic()
        try:
            with super().timeout_ctx():
                yield
        finally:
            del self.silent_since[me]

    def notify(self):
        super().notify()
        if not self.alive:
            before = time.monotonic() - SILENT_S
            silent = [one for one, since in self.silent_since.items() if since < before]
            gevent.killall(silent, NoMoreData(), block=False)


worker_class = Worker
worker_connections = 4000
backlog = 2048
keepalive = 75
timeout = 60
graceful_timeout = 12
# What a proxy says of scheme and path is not heard, whoever it is: PULT_PUBLIC_URL says where we are. So no
# address has to be looked up in a list of those that may say it, either: 5 % of a push.
secure_scheme_headers = {}
forwarder_headers = ""
forwarded_allow_ips = "*"
loglevel = os.environ.get("PULT_LOG_LEVEL", "warning")


def on_starting(server):
    """A tab is a descriptor: allow as many as the system lets us."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def post_worker_init(worker):
    """Send every tab to the next process as soon as this one is told to end.

    It may live on for `graceful_timeout`, until the last request is answered, and its tabs would be deaf
    to what the next process stores.
    """
    from app.concurrency import start_thread  # loaded with the application: the library is patched by now

    hub = worker.wsgi.extensions["pult"].hub

    def leave(signum, frame):
        # Not in the handler itself: the code it has interrupted may hold a lock of the hub. An OS thread:
        # starting a patched one waits, which an idle loop, where most signals arrive, does not allow.
        start_thread(hub.stop, "pult-leave")
        worker.handle_exit(signum, frame)

    signal.signal(signal.SIGTERM, leave)


def worker_exit(server, worker):
    """Finish the writes and send every tab to the next process."""
    application = getattr(worker, "wsgi", None)  # there is none when the worker failed to start
    if application is not None:
        application.extensions["pult"].stop()
