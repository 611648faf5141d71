"""A user's session with an Odoo server, through the addresses that the web client itself calls."""

import http.cookiejar
import itertools
import json
import urllib.request


class RpcError(RuntimeError):
    """The server's refusal: ``name`` is the exception's class there, the text is what a user would read."""

    def __init__(self, name, message, debug=""):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.debug = debug


class Session:
    """A logged-in user.

    :param str url: the server's address.
    :raise RpcError: when the login is refused.
    """

    def __init__(self, url, database, login, password, timeout=60.0):
        self.url = url
        self._timeout = timeout
        self._ids = itertools.count(1)
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        values = {"db": database, "login": login, "password": password}
        self.info = self.post("/web/session/authenticate", values)
        self.uid = self.info["uid"]

    @property
    def session_id(self):
        """The cookie that a browser needs to be this user."""
        return next(cookie.value for cookie in self.cookies if cookie.name == "session_id")

    def post(self, path, params):
        """One JSON-RPC call of a route.

        :return: the answer's ``result``.
        :raise RpcError: when the server answers with an error.
        """
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "id": next(self._ids), "params": params})
        request = urllib.request.Request(
            self.url + path, body.encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with self._opener.open(request, timeout=self._timeout) as answer:
            result = json.load(answer)
        if "error" in result:
            data = result["error"].get("data", {})
            raise RpcError(data.get("name", ""), data.get("message", ""), data.get("debug", ""))
        return result.get("result")

    def call(self, model, method, *args, **kwargs):
        """Call a public method of a model.

        :return: what it returns, as JSON carries it.
        :raise RpcError: see ``post``.
        """
        params = {"model": model, "method": method, "args": list(args), "kwargs": kwargs}
        return self.post(f"/web/dataset/call_kw/{model}/{method}", params)

    __call__ = call

    def get(self, path):
        """:return: the bytes of a page or file that this user may see."""
        with self._opener.open(self.url + path, timeout=self._timeout) as answer:
            return answer.read()
