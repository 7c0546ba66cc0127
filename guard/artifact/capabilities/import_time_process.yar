/*
Another program is started by the mere import of a module: at its top level, in a class body, a
decorator, a default or an annotation, or in a function of the same file that one of these calls.

## Why it matters

Nobody expects `import x` to run a shell. durabletask 1.4.1 and mistralai 2.4.6 started what they
had fetched when they were imported, litellm 1.82.7 an interpreter with what it had decoded.

## Where it is honest

Modules that ask a compiler, `git` or the system for a version when they are imported, and scripts
and examples that are in the wheel but are never imported.
*/
rule import_time_process
{
  meta:
    id = "import-time-process"
    summary = "Starts another program when it is imported"
    look = "import"
  strings:
    $a1 = "os.system" fullword
    $a2 = "os.popen" fullword
    $a3 = "os.startfile" fullword
    $a4 = "os.posix_spawn" fullword
    $a5 = "os.posix_spawnp" fullword
    $a6 = "os.fork" fullword
    $a7 = "os.forkpty" fullword
    $a8 = "posix.system" fullword
    $a9 = "posix.popen" fullword
    $a10 = "nt.system" fullword
    $a11 = "pty.spawn" fullword
    $a12 = "subprocess.run" fullword
    $a13 = "subprocess.call" fullword
    $a14 = "subprocess.Popen" fullword
    $a15 = "subprocess.check_call" fullword
    $a16 = "subprocess.check_output" fullword
    $a17 = "subprocess.getoutput" fullword
    $a18 = "subprocess.getstatusoutput" fullword
    $a19 = "getstatusoutput" fullword
    $a20 = "_posixsubprocess" fullword
    $a21 = "pexpect" fullword
    $a22 = "WinExec" fullword
    $a23 = "os.spawn"
    $a24 = "os.exec"
    $a25 = "subprocess.__dict__"
    $a26 = "create_subprocess_"
    $a27 = "ShellExecute"
    $a28 = "CreateProcess"
    $a29 = "posix.exec"
    $a30 = "posix.spawn"
    $a31 = "os as" fullword
    $a32 = "os  as" fullword
    $a33 = "os\tas" fullword
    $a34 = "pty as" fullword
    $a35 = "posix as" fullword
    $a36 = "subprocess as" fullword
    $a37 = "subprocess ."
    $a38 = "subprocess.\\"
    $a39 = "from sh import"
    $a40 = "from subprocess import"
    $a41 = "from posix import"
    $a42 = "from pty import"
    $a43 = "= os\n"
    $a44 = "=os\n"
    $a45 = "= os\r\n"
    $a46 = "=os;"
    $a47 = "= os;"
    $a48 = "= subprocess\n"
    $a49 = "=subprocess\n"
    $a50 = "= subprocess;"
    $a51 = "os.__dict__"
    $a52 = "vars(os"
    $a53 = "globals()["
    $a54 = "vars()["
    $a55 = "os.\\\n"
    $_not1 = /__import__\(["']attr\._make["']\)\._make\._CacheHashWrapper\)/
    $_not2 = /__import__\(["']pkg_resources["']\)\.declare_namespace\(__name__\)/
    $_not3 = /__import__\(["']pkgutil["']\)\.extend_path\(__path__, __name__\)/
    $a56 = "__import__(\""
    $a57 = "__import__('"
    $a58 = "import_module('os"
    $a59 = "import_module('sub"
    $a60 = "import_module('pty"
    $a61 = "import_module('posix"
    $a62 = "import_module(\"os"
    $a63 = "import_module(\"sub"
    $a64 = "import_module(\"pty"
    $a65 = "import_module(\"posix"
    $a66 = "modules['os"
    $a67 = "modules['sub"
    $a68 = "modules[\"os"
    $a69 = "modules[\"sub"
    $a70 = /\bos [.]/
    $a71 = /from os import [^\n]{0,200}(\b(system|popen|startfile|fork|posix_spawn|exec[lv]|spawn[lv])|\*|\()/
    $a72 = /getattr\s{0,2}\((os|posix|nt|subprocess|pty)\s{0,2},\s{0,4}([^"'\s]|["'](system|popen|exec|spawn|posix_spawn|fork|startfile|run|call|check|Popen|get)|["'][^"'\n]{0,40}["']\s{0,4}[+%\[.])/
    $a73 = "commands.getoutput" fullword
    $a74 = "popen2" fullword
    $a75 = "plumbum" fullword
    $a76 = "nt as" fullword
    $a77 = "from nt import" fullword
    $a78 = "vars(subprocess"
    $a79 = "vars(posix"
    $a80 = "vars(pty"
    $a81 = "posix.__dict__"
    $a82 = "pty.__dict__"
  condition:
    kind == "python" and any of ($a*)
}
