/*
All environment variables are put into one text, or sent away: not the few that a program knows by
name. The environment is followed through copies, names and functions of the same file.

## Why it matters

That is where tokens are. ctx 0.2.2 sent the environment in base64 as part of a URL, and nearly
every stealer since has begun with it.

## Where it is honest

Tools that report the environment of a test run or of a crash, and those that hand it to a child as
JSON.
*/
rule environment_harvest_in_script
{
  meta:
    id = "environment-harvest"
    summary = "Collects all environment variables"
  strings:
    $node = /(\brequire\s{0,2}\(|\bfrom|\bimport|\bimport\s{0,2}\()\s{0,2}["'](node:)?(fs|os|child_process|https?|net)(\/promises)?["']/
    $js = /JSON\s{0,4}\.\s{0,4}stringify\s{0,4}\(\s{0,4}(\{\s{0,4}\.\.\.\s{0,4})?process\s{0,4}\.\s{0,4}env\s{0,4}[,)}]/
    $sh = /\b(printenv|env)\s{0,4}\|\s{0,4}(base64|curl|gzip|openssl|nc)\b/
    $ps = /(gci|Get-ChildItem|dir|ls)\s{1,4}env:[^\n]{0,80}(ConvertTo-Json|Invoke-)/ nocase
  condition:
    (kind == "javascript" and $node and $js) or (kind == "script" and ($sh or $ps))
}

rule environment_harvest_parse
{
  meta:
    id = "environment-harvest"
    look = "anywhere"
  strings:
    $all1 = "environ)"
    $all2 = "environb)"
    $all3 = "environ,"
    $all4 = "environ}"
    $all5 = "environ]"
    $all6 = "environ.copy"
    $all7 = "environ.items"
    $all8 = "environ.values"
    $all9 = "environ\n"
    $all10 = "environ;"
    $all11 = "environ\r\n"
    $all12 = "rintenv"
    $all13 = "environ as"
    $all14 = "\"env |"
    $all15 = "\"env >"
    $all16 = "'env |"
    $all17 = "'env >"
    $all18 = "; env |"
    $all19 = "; env >"
    $all20 = "&& env |"
    $all21 = "&& env >"
    $_not1 = /["']\s{1,4}(not\s{1,4})?in\s{1,4}(os\.)?environ\b/
    $with1 = "dumps("
    $with2 = "urlencode" fullword
    $with3 = "b64encode" fullword
    $with4 = "encodebytes"
    $with5 = "str(os.environ"
    $with6 = "str(dict(os.environ"
    $with7 = "repr(os.environ"
    $with8 = "repr(dict(os.environ"
    $with9 = "str(environ"
    $with10 = "repr(environ"
    $with11 = "hexlify" fullword
    $with12 = "requests.get"
    $with13 = "requests.post"
    $with14 = "requests.put"
    $with15 = "requests.request"
    $with16 = "requests.Session"
    $with17 = "httpx.get("
    $with18 = "httpx.post("
    $with19 = "httpx.put("
    $with20 = "httpx.request("
    $with21 = "httpx.Client("
    $with22 = "urlopen" fullword
    $with23 = "HTTPSConnection" fullword
    $with24 = "os.system" fullword
    $with25 = "os.popen" fullword
    $with26 = "socket.socket("
    $with27 = "subprocess.run" fullword
    $with28 = "subprocess.Popen" fullword
    $with29 = "subprocess.check_output" fullword
    $with30 = /(rt|,)[\s\\]{1,8}(requests|httpx|socket|urllib\.request|urllib3|aiohttp|http\.client)[ \t\\]{1,8}as\b/
    $with31 = "requests ."
    $with32 = "httpx ."
    $with33 = "= requests\n"
    $with34 = "= httpx\n"
    $with35 = "getattr(requests"
    $with36 = "getattr(httpx"
    $with37 = "vars(requests"
    $with38 = "vars(httpx"
    $with39 = "requests.__dict__"
    $with40 = "httpx.__dict__"
    $with41 = "import_module('requests"
    $with42 = "import_module(\"requests"
    $with43 = "import_module('httpx"
    $with44 = "import_module(\"httpx"
    $with45 = "import_module('urllib"
    $with46 = "import_module(\"urllib"
    $with47 = "__import__('requests"
    $with48 = "__import__(\"requests"
    $with49 = "__import__('httpx"
    $with50 = "__import__(\"httpx"
    $with51 = "from urllib3 import"
    $with52 = "urllib3.request"
    $with53 = "from aiohttp import"
    $with54 = "aiohttp.request("
    $with55 = "niquests"
    $with56 = "curl_cffi"
    $with57 = "wget.download"
    $with58 = "from wget import"
    $with59 = "httpx.get\n"
    $with60 = "httpx.post\n"
    $with61 = "from requests import"
    $with62 = "from httpx import"
    $with63 = "httpx.stream("
    $with64 = "ClientSession("
    $with65 = "PoolManager("
    $with66 = "create_connection"
    $with67 = "getaddrinfo"
    $with68 = "gethostbyname"
    $with70 = "ftplib"
    $with71 = "smtplib"
    $with72 = "imaplib"
    $with73 = "poplib"
    $with74 = "telnetlib"
    $with76 = "dns.resolver"
    $with77 = "xmlrpc.client"
    $with78 = "paramiko"
    $with79 = "getattr(socket"
    $with80 = "from subprocess import"
    $with81 = "urlretrieve" fullword
    $with82 = "HTTPConnection" fullword
    $with83 = "subprocess.call" fullword
    $with84 = "subprocess.check_call" fullword
    $with85 = /from os import [^\n]{0,200}(\b(system|popen|startfile|fork|posix_spawn|exec[lv]|spawn[lv])|\*|\()/
    $with86 = "httpx.request\n"
    $with87 = "urllib3 ."
    $with88 = "getattr(urllib"
    $with89 = "vars(urllib"
    $with90 = "vars(aiohttp"
    $with91 = "getattr(aiohttp"
    $with92 = "__import__('"
    $with93 = "__import__(\""
    $with94 = "import_module("
  condition:
    kind == "python" and any of ($all*) and any of ($with*)
}
