/*
The network is used by the mere import of a module: a request, a connection or a look-up at its top
level, in a class body, a decorator, a default or an annotation, or in a function of the same file
that one of these calls, in a thread of its own or not.

## Why it matters

The import is the first moment at which a taken-over package can act, and it has to ask somebody
for orders or send away what it found. telnyx 4.87.2 and ultralytics 8.3.45 did so on import.

## Where it is honest

Examples and scripts that are in the wheel but are never imported, and data sets that are fetched
when they are first named.
*/
rule import_time_network
{
  meta:
    id = "import-time-network"
    summary = "Uses the network when it is imported"
    look = "import"
  strings:
    $a1 = "requests.get"
    $a2 = "requests.post"
    $a3 = "requests.put"
    $a4 = "requests.patch"
    $a5 = "requests.head"
    $a6 = "requests.delete"
    $a7 = "requests.options"
    $a8 = "requests.request"
    $a9 = "requests.Session"
    $a10 = "requests.session"
    $a11 = "requests.api"
    $a12 = "httpx.get("
    $a13 = "httpx.post("
    $a14 = "httpx.put("
    $a15 = "httpx.patch("
    $a16 = "httpx.head("
    $a17 = "httpx.delete("
    $a18 = "httpx.options("
    $a19 = "httpx.request("
    $a20 = "httpx.stream("
    $a21 = "httpx.Client("
    $a22 = "httpx.AsyncClient("
    $a23 = "urlopen("
    $a24 = "urlretrieve("
    $a25 = "build_opener("
    $a26 = "PoolManager("
    $a27 = "HTTPSConnection("
    $a28 = "HTTPConnection("
    $a29 = "create_connection("
    $a30 = "getaddrinfo("
    $a31 = "gethostbyname("
    $a32 = "gethostbyname_ex("
    $a33 = "ServerProxy("
    $a34 = "SSHClient("
    $a35 = "ClientSession("
    $a36 = "urlopen as "
    $a37 = "urlretrieve as "
    $a38 = "HTTPSConnection as "
    $a39 = "HTTPConnection as "
    $a40 = "create_connection as "
    $a41 = "getaddrinfo as "
    $a42 = "gethostbyname as "
    $a43 = "ClientSession as "
    $a44 = "urlopen\n"
    $a45 = "urlretrieve\n"
    $a46 = "dns.resolver"
    $a47 = "asyncio.open_connection"
    $a48 = "wget.download"
    $a49 = "websockets.connect"
    $a50 = "telnetlib.Telnet("
    $a51 = "aiohttp.request("
    $a52 = "socket.socket("
    $a53 = "socket.socket\n"
    $a54 = "ftplib.FTP"
    $a55 = "smtplib.SMTP"
    $a56 = "imaplib.IMAP"
    $a57 = "poplib.POP"
    $a58 = "requests ."
    $a59 = "httpx ."
    $a60 = "socket ."
    $a61 = /(rt|,)[\s\\]{1,8}(requests|httpx|socket|urllib\.request|urllib3|aiohttp|http\.client)[ \t\\]{1,8}as\b/
    $a68 = "from niquests import" fullword
    $a69 = "from curl_cffi" fullword
    $a70 = "= requests\n"
    $a71 = "= httpx\n"
    $a72 = "= socket\n"
    $a73 = "getattr(requests"
    $a74 = "getattr(httpx"
    $a75 = "getattr(socket"
    $a76 = "import_module('requests"
    $a77 = "import_module('httpx"
    $a78 = "import_module('socket"
    $a79 = "import_module('urllib"
    $a80 = "import_module(\"requests"
    $a81 = "import_module(\"httpx"
    $a82 = "import_module(\"socket"
    $a83 = "import_module(\"urllib"
    $_not1 = /__import__\(["']attr\._make["']\)\._make\._CacheHashWrapper\)/
    $_not2 = /__import__\(["']pkg_resources["']\)\.declare_namespace\(__name__\)/
    $_not3 = /__import__\(["']pkgutil["']\)\.extend_path\(__path__, __name__\)/
    $a84 = "__import__(\""
    $a85 = "__import__('"
    $a86 = /from requests import [^\n]{0,200}(\b(get|post|put|patch|head|delete|options|request|[sS]ession)\b|\(|\*)/
    $a87 = /from httpx import [^\n]{0,200}(\b(get|post|put|patch|head|delete|options|request|stream|Client|AsyncClient)\b|\(|\*)/
    $a88 = /from socket import [^\n]{0,200}(\bsocket\b|\(|\*)/
    $a89 = "from ftplib import"
    $a90 = "from smtplib import"
    $a91 = "niquests" fullword
    $a92 = "curl_cffi" fullword
    $a93 = "urllib3.request" fullword
    $a94 = "httpx.get" fullword
    $a95 = "httpx.post" fullword
    $a96 = "httpx.request" fullword
    $a97 = "aiohttp.request" fullword
    $a98 = "vars(requests"
    $a99 = "vars(httpx"
    $a100 = "vars(socket"
    $a101 = "vars(urllib"
    $a102 = "requests.__dict__"
    $a103 = "httpx.__dict__"
    $a104 = "socket.__dict__"
    $a105 = "request.__dict__"
    $a106 = "getattr(urllib"
    $a107 = "getattr(aiohttp"
    $a108 = "getattr(smtplib"
    $a109 = "getattr(ftplib"
    $a110 = "create_connection\n"
    $a111 = "getaddrinfo\n"
    $a112 = "gethostbyname\n"
    $a113 = "ftplib as"
    $a114 = "smtplib as"
    $a115 = "imaplib as"
    $a116 = "poplib as"
    $a117 = "telnetlib as"
    $a118 = "niquests as"
    $a119 = "websockets as"
    $a120 = "wget as"
    $a123 = "from imaplib import"
    $a124 = "from poplib import"
    $a125 = "from telnetlib import"
    $a126 = "from websockets import connect"
    $a127 = "from wget import"
    $a128 = "from aiohttp import request"
    $a129 = "from urllib3 import request"
    $a130 = "import_module('aiohttp"
    $a131 = "import_module(\"aiohttp"
    $a132 = "import_module('smtplib"
    $a133 = "import_module(\"smtplib"
    $a134 = "import_module('ftplib"
    $a135 = "import_module(\"ftplib"
  condition:
    kind == "python" and any of ($a*)
}
