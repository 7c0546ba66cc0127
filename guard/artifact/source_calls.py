"""The functions of the standard library and of well-known packages that make a capability."""

from __future__ import annotations

import re
from typing import Final

_EXECUTE: Final = frozenset({
    "exec", "eval", "types.FunctionType", "types.CodeType", "runpy.run_path", "runpy.run_module",
    "code.InteractiveInterpreter().runsource", "code.InteractiveInterpreter().runcode",
    "code.interact", "timeit.timeit", "cProfile.run", "builtins.exec", "builtins.eval",
})  # fmt: skip

_PROCESS: Final = re.compile(
    r"""
    (?:.+\.)?(?:
        (?:os|posix|nt)\.
          (?:system|popen|startfile|fork|forkpty|posix_spawnp?|(?:exec|spawn)[lv]p?e?)
      | subprocess\.(?:run|call|check_call|check_output|Popen|getoutput|getstatusoutput)
    )
    | pty\.(?:spawn|fork) | commands\.get(?:status)?output | popen2\.popen[234]?
    | asyncio\.(?:subprocess\.)?create_subprocess_(?:exec|shell)
    | _posixsubprocess\.fork_exec | _winapi\.CreateProcess | pexpect\.(?:run|spawn)
    | ctypes\.windll\.(?:shell32\.ShellExecute[AW]?|kernel32\.(?:WinExec|CreateProcess[AW]))
    | ctypes\.CDLL\(\)\.(?:system|execve?|popen)
    | plumbum\..+ | sh\.(?:bash|sh|curl|wget|python3?)
""",
    re.VERBOSE,
)

_NETWORK: Final = re.compile(
    r"""
    (?:requests|httpx|curl_cffi\.requests|niquests)(?:\.api|\.sessions)?
        (?:\.(?:Session|session|Client|AsyncClient|AsyncSession)\(\))?
        \.(?:get|post|put|patch|delete|head|options|request|stream|send)
    | urllib3\.request
    | urllib3\.(?:PoolManager|ProxyManager|HTTPS?ConnectionPool)\(\)\.(?:request|urlopen)
    | urllib\.request\.(?:urlopen|urlretrieve|(?:build_opener|URLopener|OpenerDirector)\(\)\.\w+)
    | urllib2?\.(?:urlopen|urlretrieve)
    | (?:http\.client|httplib)\.HTTPS?Connection\(\)\.(?:request|connect|putrequest)
    | aiohttp\.(?:request|ClientSession\(\)\.(?:get|post|put|patch|head|request|ws_connect))
    | socket\.(?:create_connection|getaddrinfo|gethostbyname(?:_ex)?
        |socket\(\)\.(?:connect|connect_ex|sendto))
    | asyncio\.open_connection | ftplib\.FTP(?:_TLS)? | telnetlib\.Telnet | nntplib\.NNTP
    | smtplib\.SMTP(?:_SSL)? | imaplib\.IMAP4(?:_SSL)? | poplib\.POP3(?:_SSL)?
    | paramiko\.SSHClient\(\)\.connect | websockets?\.(?:create_connection|connect)
    | dns\.resolver\.(?:resolve|query|Resolver\(\)\.(?:resolve|query))
    | xmlrpc\.client\.ServerProxy\(\)\..+ | wget\.download
    | boto3\.client\(\)\.\w+
""",
    re.VERBOSE,
)

_DECODE: Final = re.compile(
    r"""
    (?:base64|binascii)\.(?:\w*decode\w*|a2b_\w+|unhexlify)
    | bytes\.fromhex | bytearray\.fromhex | codecs\.decode | codecs\.getdecoder\(\)
    | (?:zlib|gzip|bz2|lzma|zstandard|zstd|brotli|snappy)\.decompress
    | (?:zlib\.decompressobj|bz2\.BZ2Decompressor|lzma\.LZMADecompressor)\(\)\.decompress
    | (?:gzip\.GzipFile|gzip\.open|bz2\.BZ2File|lzma\.open)
    | cryptography\.fernet\.Fernet\(\)\.decrypt | .*\(\)\.(?:decrypt|decrypt_and_verify)
    | Crypto(?:dome)?\..*\.decrypt
""",
    re.VERBOSE,
)

_SERIALIZE: Final = re.compile(
    r"""
    (?:json|ujson|orjson|pickle|marshal|yaml|msgpack|simplejson)\.(?:dumps?|packb|safe_dump)
    | str | repr | base64\.\w*encode\w* | binascii\.(?:hexlify|b2a_\w+) | zlib\.compress
    | urllib\.parse\.(?:urlencode|quote|quote_plus) | urllib\.urlencode
""",
    re.VERBOSE,
)

SOUGHT: Final = frozenset(
    b"""
system popen startfile fork forkpty posix_spawn posix_spawnp execl execle execlp execlpe execv
execve execvp execvpe spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe run call
check_call check_output Popen getoutput getstatusoutput spawn create_subprocess_exec
create_subprocess_shell get post put patch delete head options request stream send Session session
Client AsyncClient AsyncSession urlopen urlretrieve build_opener PoolManager ProxyManager
HTTPConnection HTTPSConnection ClientSession socket create_connection getaddrinfo gethostbyname
gethostbyname_ex open_connection FTP FTP_TLS Telnet SMTP SMTP_SSL IMAP4 IMAP4_SSL POP3 POP3_SSL
SSHClient resolver ServerProxy connect client subprocess os pty bash sh curl wget python python3
api sessions
""".split()
)
"""Names that are imported from a module for one of the calls above, or to get at one."""

PASSES_ON: Final = frozenset({
    "str", "bytes", "bytearray", "memoryview", "compile", "repr", "next", "iter", "list", "tuple",
    "reversed", "map", "filter", "dict", "sorted", "ast.parse", "textwrap.dedent", "io.BytesIO",
    "io.StringIO", "types.CodeType", "types.FunctionType", "shlex.split", "urllib.parse.unquote",
    "marshal.loads", "copy.copy", "copy.deepcopy", "open", "print", "format",
})  # fmt: skip
"""Functions whose result holds what they were given."""

METHODS_PASS_ON: Final = frozenset({
    "decode", "encode", "strip", "lstrip", "rstrip", "replace", "format", "join", "split",
    "splitlines", "read", "getvalue", "translate", "lower", "upper", "copy", "items", "readlines",
    "readline", "tobytes", "swapcase", "text", "content", "data", "body", "result", "group", "pop",
    "iter_content", "iter_lines", "iter_bytes", "getbuffer", "values", "keys",
})  # fmt: skip
"""Methods and attributes that hold what their object does."""

ADDS: Final = frozenset({"append", "extend", "insert", "add", "update", "write", "appendleft"})
WRITES: Final = frozenset(
    {"write", "write_bytes", "write_text", "writelines", "writestr", "communicate"}
)

RUNNERS: Final = frozenset(
    b"""
Thread Timer Process submit start_new_thread _start_new_thread run_in_executor call_soon call_later
call_soon_threadsafe create_task ensure_future run run_until_complete run_coroutine_threadsafe
to_thread map starmap imap filter apply apply_async register reduce partial spawn spawn_later sorted
max min any all next settrace setprofile addaudithook
""".split()
)
"""What calls a function that it is given, now or soon, by the last part of its name."""


def executes(origin: str) -> bool:
    """Tell whether a function runs the code that it is given."""
    return origin in _EXECUTE


def starts_process(origin: str) -> bool:
    """Tell whether a function starts another program."""
    return _PROCESS.fullmatch(origin) is not None


def uses_network(origin: str) -> bool:
    """Tell whether a function talks to another host."""
    return _NETWORK.fullmatch(origin) is not None


def decodes(origin: str) -> bool:
    """Tell whether a function makes readable what was not."""
    return _DECODE.fullmatch(origin) is not None


def serializes(origin: str) -> bool:
    """Tell whether a function makes a text, or bytes, of what it is given."""
    return _SERIALIZE.fullmatch(origin) is not None
