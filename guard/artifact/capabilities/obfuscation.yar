/*
Source that is written not to be read: protected by an obfuscator, names put together from pieces
or from letters of other alphabets, characters that are not shown, code beyond the right edge of
any screen, an encoding in which the file says something else than it shows.

## Why it matters

A wheel holds source so that it can be read. aiocpa 0.1.13 had wrapped its payload some fifty times.

## Where it is honest

Commercial packages that are sold protected, and the test data of editors and Unicode libraries.
*/
rule obfuscation
{
  meta:
    id = "obfuscation"
    summary = "Is written not to be read"
  strings:
    $protector1 = "__pyarmor__"
    $protector2 = /(rt|om)\s{1,4}(sourcedefender|pytransform|pyarmor_runtime\w{0,20})\b/
    $chain = /chr\(\s{0,2}\d{1,3}\s{0,2}\)(\s{0,2}\+\s{0,2}chr\(\s{0,2}\d{1,3}\s{0,2}\)){7}/
    $escaped = /[^bB]["'](\\x([2-7][0-9a-f])){6,40}["']/
    $lookalike1 = /(IlIl|lIlI|IllI|lIIl)[Il]{4}/
    $lookalike2 = /(O0O0|0O0O|OO0O|O00O|0OO0)[O0o]{4}/
  condition:
    kind == "python" and (
      any of ($protector*) or $chain or #escaped >= 3 or #lookalike1 >= 10 or #lookalike2 >= 10
    )
}

rule obfuscation_in_script
{
  meta:
    id = "obfuscation"
  strings:
    $hex = /\b_0x[0-9a-f][0-9a-f][0-9a-f][0-9a-f]/
    $unseen1 = /(\xef\xb8[\x80-\x8f]){8}/
    $unseen2 = /(\xf3\xa0[\x84-\x87][\x80-\xbf]){8}/
  condition:
    (kind == "script" or kind == "javascript") and (#hex >= 20 or any of ($unseen*))
}

rule obfuscation_parse
{
  meta:
    id = "obfuscation"
    look = "anywhere"
  strings:
    $made = /\b(getattr|__import__|import_module)\s{0,4}\([^\n]{0,80}(["']\s{0,4}\+\s{0,4}["']|\[::-1\]|chr\s{0,2}\(|fromhex|\.join\s{0,2}\(|\.replace\s{0,2}\(|decode\s{0,2}\()/
    $item = /(globals\(\)|vars\(\w{0,20}\)|__dict__|__builtins__)\s{0,4}\[[^\]\n]{0,60}(["']\s{0,4}\+\s{0,4}["']|\[::-1\]|chr\s{0,2}\(|fromhex|\.join\s{0,2}\(|decode\s{0,2}\()/
    $looked = /getattr\s{0,4}\(\s{0,4}(os|sys|builtins|__builtins__|subprocess|socket|importlib|base64|marshal|__import__)\s{0,4}(\(|,\s{0,4}([^"'\s]|["'][^"'\n]{0,40}["']\s{0,4}[+%\[.]))/
    $_not1 = /hasattr\(builtins, arg\):\s{1,40}return getattr\(builtins, arg\)/
  condition:
    kind == "python" and any of ($made, $item, $looked)
}
