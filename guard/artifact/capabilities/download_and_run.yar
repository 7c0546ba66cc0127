/*
What is fetched from the network is run: it goes to `exec`, to a shell or an interpreter, or into a
file beside which a program is started. In scripts, a download that is piped into a shell.

## Why it matters

A dropper is short, and what it drops can be another thing every hour. mistralai 2.4.6 fetched a
`.pyz` with `curl -k`, the wheels of June 2026 fetched a JavaScript runtime for their stealer.

## Where it is honest

Packages that fetch a browser, a driver or a compiler when they are asked to, and the installation
scripts of other software.
*/
rule download_and_run_in_script
{
  meta:
    id = "download-and-run"
    summary = "Runs what it downloads"
  strings:
    $node = /(\brequire\s{0,2}\(|\bfrom|\bimport|\bimport\s{0,2}\()\s{0,2}["'](node:)?(fs|os|child_process|https?|net)(\/promises)?["']/
    $sh = /\b(curl|wget)\s[^\n|;]{0,300}\|\s{0,4}(sudo\s{1,4}(-\S{1,4}\s{1,4})?)?((ba|z|da|k)?sh|python\d?|perl|ruby|node)\b/
    $eval = /\b(eval|sh\s{1,4}-c|bash\s{1,4}-c)\s{1,4}["']?\$\(\s{0,4}(curl|wget)\s/
    $bun = "bun.sh/install"
    $bun2 = "oven-sh/bun/releases/download"
    $ps1 = /(\biex|Invoke-Expression)\s{0,4}["'($&]{1,4}[^\n|]{0,200}(DownloadString|Invoke-WebRequest|\biwr\b|Invoke-RestMethod|\birm\b)/ nocase
    $ps2 = /(DownloadString|Invoke-WebRequest|\biwr\b|Invoke-RestMethod|\birm\b)[^\n|]{2,200}\|\s{0,4}(iex\b|Invoke-Expression)\s{0,4}[\r\n;"'}]/ nocase
    $ps3 = /certutil[^\n]{0,80}-urlcache/ nocase
    $ps4 = /mshta(\.exe)?\s{1,4}["']?https?:/ nocase
  condition:
    (kind == "script" or (kind == "javascript" and $node))
      and ($sh or $eval or any of ($bun*) or any of ($ps*))
}

rule download_and_run_bun
{
  meta:
    id = "download-and-run"
  strings:
    $bun = "oven-sh/bun/releases/download"
    $bun2 = "bun.sh/install"
  condition:
    kind == "python" and any of them
}

rule download_and_run_parse
{
  meta:
    id = "download-and-run"
    look = "anywhere"
  strings:
    $with1 = "requests.get"
    $with2 = "requests.post"
    $with3 = "requests.request"
    $with4 = "requests.Session"
    $with5 = "httpx.get("
    $with6 = "httpx.post("
    $with7 = "httpx.request("
    $with8 = "httpx.stream("
    $with9 = "httpx.Client("
    $with10 = "urlopen" fullword
    $with11 = "urlretrieve" fullword
    $with12 = "HTTPSConnection" fullword
    $with13 = "ClientSession("
    $with14 = "from requests import"
    $with15 = "from httpx import"
    $with16 = "curl -"
    $with17 = "wget -"
    $with18 = "curl http"
    $with19 = "wget http"
    $with20 = "\"curl\""
    $with21 = "'curl'"
    $with22 = "\"wget\""
    $with23 = "'wget'"
    $with24 = "-urlcache"
    $with25 = "mshta http"
    $with26 = "iwr "
    $with27 = "powershell"
    $with28 = "downloadstring" nocase
    $with29 = "downloadfile" nocase
    $with30 = "invoke-webrequest" nocase
    $with31 = "start-bitstransfer" nocase
    $run1 = /\bexec\(/
    $run2 = /\beval\(/
    $run3 = "subprocess.run" fullword
    $run4 = "subprocess.call" fullword
    $run5 = "subprocess.Popen" fullword
    $run6 = "subprocess.check_call" fullword
    $run7 = "subprocess.check_output" fullword
    $run8 = "os.system" fullword
    $run9 = "os.popen" fullword
    $run10 = "os.startfile" fullword
    $run11 = "runpy" fullword
    $run12 = "ctypes.CDLL" fullword
    $run13 = "os.spawn"
    $run14 = "os.exec"
    $run15 = "os.posix_spawn"
    $run16 = "create_subprocess_"
    $run17 = "from subprocess import"
    $run18 = "os as" fullword
    $run19 = "os  as" fullword
    $run20 = "pty as" fullword
    $run21 = "posix as" fullword
    $run22 = "subprocess as" fullword
    $run23 = "pty.spawn" fullword
    $run24 = "posix.system" fullword
    $run25 = "nt.system" fullword
    $run26 = "getoutput" fullword
    $run27 = "getstatusoutput" fullword
    $run28 = "posix.exec"
    $run29 = "posix.spawn"
    $run30 = "subprocess ."
    $run31 = "subprocess.\\"
    $run32 = "subprocess.__dict__"
    $run33 = "vars(subprocess"
    $run34 = "os.__dict__"
    $run35 = "vars(os"
    $run36 = "from posix import"
    $run37 = "from pty import"
    $run38 = "= os\n"
    $run39 = "= os;"
    $run40 = "= subprocess\n"
    $run41 = "globals()["
    $run42 = "import_module('os"
    $run43 = "import_module(\"os"
    $run44 = "import_module('sub"
    $run45 = "import_module(\"sub"
    $run46 = "modules['os"
    $run47 = "modules[\"os"
    $run48 = "modules['sub"
    $run49 = "modules[\"sub"
    $run50 = "code.interact"
    $run51 = "from code import"
    $run52 = "timeit.timeit"
    $run53 = "from timeit import"
    $run54 = "cProfile.run"
    $run55 = "from cProfile import"
    $run56 = /\bos [.]/
    $run57 = /from os import [^\n]{0,200}(\b(system|popen|startfile|fork|posix_spawn|exec[lv]|spawn[lv])|\*|\()/
    $run58 = /getattr\s{0,2}\((os|posix|nt|subprocess|pty)\s{0,2},\s{0,4}([^"'\s]|["'](system|popen|exec|spawn|posix_spawn|fork|startfile|run|call|check|Popen|get)|["'][^"'\n]{0,40}["']\s{0,4}[+%\[.])/
    $run59 = "= exec\n"
    $run60 = "= eval\n"
    $run61 = "exec ("
    $run62 = "eval ("
    $run63 = "builtins" fullword
    $run64 = "__builtins__" fullword
    $run65 = "FunctionType" fullword
    $run66 = "CDLL" fullword
    $run67 = "InteractiveInterpreter" fullword
    $run68 = "startfile" fullword
    $with32 = /(rt|,)[\s\\]{1,8}(requests|httpx|socket|urllib\.request|urllib3|aiohttp|http\.client)[ \t\\]{1,8}as\b/
    $with33 = "requests ."
    $with34 = "httpx ."
    $with35 = "= requests\n"
    $with36 = "= httpx\n"
    $with37 = "getattr(requests"
    $with38 = "getattr(httpx"
    $with39 = "vars(requests"
    $with40 = "vars(httpx"
    $with41 = "requests.__dict__"
    $with42 = "httpx.__dict__"
    $with43 = "import_module('requests"
    $with44 = "import_module(\"requests"
    $with45 = "import_module('httpx"
    $with46 = "import_module(\"httpx"
    $with47 = "import_module('urllib"
    $with48 = "import_module(\"urllib"
    $with49 = "__import__('requests"
    $with50 = "__import__(\"requests"
    $with51 = "__import__('httpx"
    $with52 = "__import__(\"httpx"
    $with53 = "from urllib3 import"
    $with54 = "urllib3.request"
    $with55 = "from aiohttp import"
    $with56 = "aiohttp.request("
    $with57 = "niquests"
    $with58 = "curl_cffi"
    $with59 = "wget.download"
    $with60 = "from wget import"
    $with61 = "httpx.get\n"
    $with62 = "httpx.post\n"
    $run69 = "__import__(\""
    $run70 = "__import__('"
    $run71 = "import_module('posix"
    $run72 = "import_module(\"posix"
    $run73 = "import_module('pty"
    $run74 = "import_module(\"pty"
    $run75 = "vars(pty"
    $run76 = "vars(posix"
    $with63 = "httpx.request\n"
    $with64 = "urllib3.__dict__"
    $with65 = "vars(urllib3"
    $with66 = "getattr(urllib"
    $with67 = "vars(urllib"
    $with68 = "vars(wget"
    $with69 = "vars(aiohttp"
    $with70 = "getattr(aiohttp"
    $with71 = "getattr(wget"
  condition:
    kind == "python" and any of ($with*) and any of ($run*)
}
