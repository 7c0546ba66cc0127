/*
Code that is hidden in data, made readable and run: `exec`, `eval` or a child interpreter is given
what came out of base64, hexadecimal digits, numbers, zlib, marshal, a rotation or an exclusive or.
Data are followed through names, attributes, containers, the functions and methods of the same file
and what they are given, f-strings and files that are written and run.

## Why it matters

Hiding code from its reader is most of what it is for. litellm 1.82.7 ran a program from a base64
text in a child interpreter, xinference 2.6.0 and aiocpa 0.1.13 ran theirs within the module.

## Where it is honest

Libraries that send code to another process, loaders of frozen applications, and templates that are
compiled and cached.
*/
rule decoded_exec_in_script
{
  meta:
    id = "decoded-exec"
    summary = "Runs code that it decodes first"
  strings:
    $node = /(\brequire\s{0,2}\(|\bfrom|\bimport|\bimport\s{0,2}\()\s{0,2}["'](node:)?(fs|os|child_process|https?|net)(\/promises)?["']/
    $js1 = /\beval\s{0,4}\(\s{0,4}(atob|unescape|decodeURIComponent)\s{0,4}\(/
    $js2 = /\b(eval|Function)\s{0,4}\(\s{0,4}Buffer\s{0,4}\.\s{0,4}from\s{0,4}\([^;\n]{1,2000}["'](base64|hex)["']/
    $js3 = /\bFunction\s{0,4}\(\s{0,4}atob\s{0,4}\(/
    $sh1 = /\bbase64\s{1,4}(-d|-D|--decode)[^\n|]{0,200}\|\s{0,4}(sudo\s{1,4})?((ba|z|da)?sh|python\d?|perl|node)\b/
    $sh2 = /\beval\s{1,4}["']?\$\([^)\n]{0,400}base64\s{1,4}(-d|-D|--decode)/
    $ps1 = /powershell(\.exe)?["']?\s[^\n]{0,120}\s-e(nc|ncodedcommand)?\s{1,4}["']?[^\s"'$%-]{20}/ nocase
    $ps2 = /FromBase64String[^\n]{0,400}(\|\s{0,4}iex\b|Invoke-Expression)/ nocase
    $ps3 = /(\biex|Invoke-Expression)\b[^\n]{0,200}FromBase64String/ nocase
  condition:
    (kind == "javascript" and $node and any of ($js*))
      or (kind == "script" and (any of ($sh*) or any of ($ps*)))
}

rule decoded_exec_parse
{
  meta:
    id = "decoded-exec"
    look = "anywhere"
  strings:
    $run1 = /\bexec\b/
    $run2 = /\beval\b/
    $run3 = "builtins" fullword
    $run4 = "__builtins__" fullword
    $run5 = "FunctionType" fullword
    $run6 = "CodeType" fullword
    $run7 = "runpy" fullword
    $run8 = "InteractiveInterpreter" fullword
    $run9 = /\bpopen\b/
    $run10 = "Popen" fullword
    $run11 = "os.system" fullword
    $run12 = "import_module" fullword
    $run13 = "__import__" fullword
    $run14 = "subprocess.run" fullword
    $run15 = "subprocess.call" fullword
    $run16 = "subprocess.check_call" fullword
    $run17 = "subprocess.check_output" fullword
    $run18 = "pickle.loads" fullword
    $run19 = "os.exec"
    $run20 = "os.spawn"
    $run21 = "os.posix_spawn"
    $run22 = "create_subprocess_"
    $run23 = "globals()"
    $run24 = "from subprocess import"
    $run25 = "subprocess as"
    $_not1 = /\b(exec|eval)\.[A-Za-z]/
    $near1 = "a85decode" fullword
    $near2 = "decodebytes" fullword
    $near3 = "unhexlify" fullword
    $near4 = "fromhex" fullword
    $near5 = /\bdecompress\b/
    $near6 = /\bmarshal\b/
    $near7 = "codecs.decode" fullword
    $near8 = "gzip.open" fullword
    $near9 = "GzipFile" fullword
    $near10 = "b64decode"
    $near11 = "b32decode"
    $near12 = "b16decode"
    $near13 = "b85decode"
    $near14 = "a2b_"
    $near15 = "rot13"
    $near16 = "rot_13"
    $near17 = "rot-13"
    $near18 = "[::-1]"
    $near19 = /\bmap\s{0,4}\(\s{0,120}chr\b/
    $near20 = /\bchr\s{0,4}\(.{0,160}\bfor\b/s
    $near21 = ".decrypt("
    $near22 = "\"hex\""
    $near23 = "'hex'"
    $near24 = "unicode_escape"
    $near25 = "from codecs import"
    $near26 = "from base64 import *"
    $near27 = "from zlib import *"
    $near28 = /\bbyte(s|array)\s{0,4}\(.{0,120}\^/s
    $run26 = "os as" fullword
    $run27 = "os  as" fullword
    $run28 = "pty as" fullword
    $run29 = "posix as" fullword
    $run30 = "subprocess as" fullword
    $run31 = "pty.spawn" fullword
    $run32 = "posix.system" fullword
    $run33 = "nt.system" fullword
    $run34 = "getoutput" fullword
    $run35 = "getstatusoutput" fullword
    $run36 = "posix.exec"
    $run37 = "posix.spawn"
    $run38 = "subprocess ."
    $run39 = "subprocess.\\"
    $run40 = "subprocess.__dict__"
    $run41 = "vars(subprocess"
    $run42 = "os.__dict__"
    $run43 = "vars(os"
    $run44 = "from posix import"
    $run45 = "from pty import"
    $run46 = "= os\n"
    $run47 = "= os;"
    $run48 = "= subprocess\n"
    $run49 = "globals()["
    $run50 = "import_module('os"
    $run51 = "import_module(\"os"
    $run52 = "import_module('sub"
    $run53 = "import_module(\"sub"
    $run54 = "modules['os"
    $run55 = "modules[\"os"
    $run56 = "modules['sub"
    $run57 = "modules[\"sub"
    $run58 = "code.interact"
    $run59 = "from code import"
    $run60 = "timeit.timeit"
    $run61 = "from timeit import"
    $run62 = "cProfile.run"
    $run63 = "from cProfile import"
    $run64 = /\bos [.]/
    $run65 = /from os import [^\n]{0,200}(\b(system|popen|startfile|fork|posix_spawn|exec[lv]|spawn[lv])|\*|\()/
    $run66 = /getattr\s{0,2}\((os|posix|nt|subprocess|pty)\s{0,2},\s{0,4}([^"'\s]|["'](system|popen|exec|spawn|posix_spawn|fork|startfile|run|call|check|Popen|get)|["'][^"'\n]{0,40}["']\s{0,4}[+%\[.])/
    $near29 = "b32hex"
    $near30 = "decodestring"
    $near31 = "codecs as"
    $near32 = "getattr(codecs"
    $near33 = "vars(codecs"
    $near34 = "codecs.__dict__"
    $near35 = "codecs ."
    $run67 = "vars(pty"
    $run68 = "vars(posix"
  condition:
    kind == "python" and any of ($near*) and any of ($run*)
}
