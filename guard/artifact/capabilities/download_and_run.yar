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
  condition:
    kind == "python" and any of ($with*) and any of ($run*)
}
