"""The web page: each action calls one public function of edgepair and shows what it gives.

How a page is added:

1. Write ``pages/<name>.py`` with a class that follows `edgepair.apps.web.shell.Page`: its path,
   title and sentence; ``layout(query, visit)``, which makes its components from the address and from
   what the visitor has done so far; ``register(app)``, which registers its callbacks as
   ``app.callback(...)(method)``.
2. Add the class to ``PAGES`` in ``pages/__init__.py``: the page is then in the navigation and has its
   address.
3. Every callback takes ``State("visit", "data")`` and begins with ``services.visits.find(key)``: what
   a visitor did is in that `Visit` alone, a page's own things under its name in ``visit.bag``.
   Nothing that a browser sends is a path, a name of a function or a pickle.
4. What computes runs in another process: ``services.jobs.call`` where a visitor waits for it (a file
   is read, a curve drawn anew), a `JobPanel` where it takes longer: it begins the job when a button is
   pressed, shows bar and cancel button, and hands the value on. What can be saved goes through `Saves`,
   measured files through a `FilesPanel`. Functions
   that run there stand in ``work/<name>.py``; each calls one public function of edgepair and returns
   plain values: text, numbers, lists, dictionaries, dataclasses of these, figures by
   `work.words.plain_figure`; no arrays or tables: the server loads neither NumPy nor pandas. They may
   take ``on_progress(done, total, text)``, which takes a part of the answer too.
5. What the address is to hold goes to the store ``view``, as a dictionary of text; it comes back as
   ``query``. Figures come from `edgepair.report` and are shown by `components.drawing`; errors are
   shown by `components.notice`, beside the field that they concern.
6. Ids begin with the page's name.
7. Tests: POST requests (fixture ``visitor`` in ``tests/apps/web``) and a visit in a browser (``browser``).
"""

from edgepair.apps.web.server import make_app, serve
from edgepair.apps.web.settings import Settings

__all__ = ["Settings", "make_app", "serve"]
