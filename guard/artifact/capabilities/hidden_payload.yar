/*
Code where nobody looks for it: a program in base64, hexadecimal digits, reversed or rotated; a long
encoded text that is no picture, font or certificate; bytes after the end of a picture or a sound,
or text in place of its samples; code within the data of another format.

## Why it matters

The smaller the code that runs it, the more has to be hidden elsewhere. telnyx 4.87.2 carried its
second stage in the samples of a WAV file, requests-darwin-lite 2.27.1 in an oversized PNG.

## Where it is honest

Test data, notebooks, and modules that carry a compressed table or a script as text.
*/
rule hidden_payload
{
  meta:
    id = "hidden-payload"
    summary = "Carries code where nobody looks for it"
  strings:
    $base64_1 = "import subprocess" base64
    $base64_2 = "import os" base64
    $base64_3 = "import base64" base64
    $base64_5 = "import requests" base64
    $base64_7 = "import socket" base64
    $base64_11 = "#!/bin/sh" base64
    $base64_13 = "Net.WebClient" base64
    $base64_14 = "child_process" base64
    $hex1 = "696d706f7274206f73" nocase
    $hex2 = "696d706f727420737562" nocase
    $hex3 = "73756270726f63657373" nocase
    $hex4 = "696d706f727420626173653634" nocase
    $rotated1 = "vzcbeg bf"
    $rotated2 = "vzcbeg fhocebprff"
    $rotated3 = "fhocebprff." 
    $rotated4 = "rkrp(" 
    $reversed1 = "ssecorpbus tropmi"
    $reversed2 = "so tropmi"
    $reversed3 = "46esab tropmi"
  condition:
    any of them
}

rule hidden_payload_in_media
{
  meta:
    id = "hidden-payload"
  strings:
    $a1 = /\b(import|from)\s(os|sys|subprocess|base64|socket|requests|urllib|ctypes|marshal|zlib)\b/
    $a2 = /\bexec\s?\(\s?(base64|zlib|marshal|__import__|compile)/
    $a3 = /\bsubprocess\.(run|Popen|call|check_output)\s?\(/
    $a4 = "require('child_process')"
    $a5 = "require(\"child_process\")"
    $a6 = /\bpowershell(\.exe)?\s{1,4}-/ nocase
    $a7 = /#!\/(usr\/)?bin\/(env\s)?(ba|z|da)?(sh|python|node)/
    $a8 = /\bos\.system\s?\(/
  condition:
    kind == "media" and any of them
}
