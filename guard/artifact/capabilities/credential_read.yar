/*
The text names the places where other programs keep secrets: those of at least two, or one that is
nobody's business, such as the passwords of a browser, a wallet or `/etc/shadow`.

## Why it matters

A client of one service reads the configuration of that service. What names SSH keys, the tokens of
clouds and a shell history in one file is collecting them. jeIlyfish took SSH and GPG keys, fabrice
the keys of AWS.

## Where it is honest

Tools that move or audit credentials, sandboxes and scanners that list such paths to keep others
away from them, and clients of several clouds in one module.
*/
rule credential_read
{
  meta:
    id = "credential-read"
    summary = "Names the places where other programs keep secrets"
  strings:
    $aws = /\.aws[\/\\]{1,2}(credentials|config)\b/
    $aws2 = /["']\.aws["'][^\n]{0,20}["'](credentials|config)["']/
    $ssh = /\.ssh[\/\\]{1,2}(id_|authorized_keys|identity)/
    $ssh2 = /\bid_(rsa|ed25519|ecdsa|dsa)\b/
    $cloud1 = "application_default_credentials.json"
    $cloud2 = /\.config[\/\\]{1,2}gcloud/
    $cloud3 = /\.azure[\/\\]{1,2}(accessTokens|msal_token_cache|azureProfile)/
    $cloud4 = /\.kube[\/\\]{1,2}config\b/
    $cloud5 = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    $token1 = /\.docker[\/\\]{1,2}config\.json/
    $token2 = ".git-credentials"
    $token3 = /\.config[\/\\]{1,2}gh[\/\\]{1,2}hosts\.yml/
    $token4 = /(~|\$HOME|home|["'\/\\])[\/\\]?\.npmrc\b/
    $token5 = /(~|\$HOME|home|["'\/\\])[\/\\]?\.pypirc\b/
    $token6 = /(~|\$HOME|home|["'\/\\])[\/\\]?\.netrc\b/
    $token7 = ".vault-token"
    $token8 = ".pgpass"
    $token9 = /["'\/\\]\.my\.cnf\b/
    $token10 = /\.(bash|zsh|python|psql|mysql)_history\b/
    $cloud6 = "169.254.169.254"
    $cloud7 = /\.terraform\.d[\/\\]{1,2}credentials/
    $token11 = /\.gnupg[\/\\]{1,2}(secring|private-keys)/
    $browser1 = /User Data[\/\\]{1,2}(Default|Local State)/
    $browser2 = /["'\/\\]Login Data\b/
    $browser3 = "key4.db" fullword
    $browser4 = /(Chrome|Brave-Browser|Edge|Opera Stable)[\/\\]{1,2}(User Data|Local State)/
    $browser5 = "logins.json" fullword
    $wallet1 = "nkbihfbeogaeaoehlefnkodbefgpgknn"
    $wallet2 = /[\/\\"'](wallet\.dat|exodus\.wallet|Electrum[\/\\]{1,2}wallets)/
    $wallet3 = /(\.ethereum|\.electrum|solana)[\/\\]{1,2}(keystore|wallets|id\.json)/
    $discord = /discord(canary|ptb)?[\/\\]{1,2}Local Storage[\/\\]{1,2}leveldb/ nocase
    $shadow = "/etc/shadow" fullword
    $keychain = /find-(generic|internet)-password/
  condition:
    (kind == "python" or kind == "script") and (
      any of ($wallet*) or $discord or $keychain or 2 of ($browser*)
      or (any of ($ssh*) and (any of ($aws*) or any of ($cloud*) or any of ($token*) or $shadow))
      or (any of ($aws*) and (any of ($cloud*) or any of ($token*)))
      or (any of ($cloud*) and any of ($token*))
      or 2 of ($token*)
    )
}

rule credential_read_in_javascript
{
  meta:
    id = "credential-read"
  strings:
    $node = /(\brequire\s{0,2}\(|\bfrom|\bimport|\bimport\s{0,2}\()\s{0,2}["'](node:)?(fs|os|child_process|https?|net)(\/promises)?["']/
    $place1 = /\.ssh[\/\\]{1,2}id_/
    $place2 = /\bid_(ed25519|ecdsa)\b/
    $place3 = /\.aws[\/\\]{1,2}credentials\b/
    $place4 = "application_default_credentials.json"
    $place5 = /\.kube[\/\\]{1,2}config\b/
    $place6 = /\.docker[\/\\]{1,2}config\.json/
    $place7 = ".git-credentials"
    $place8 = /["'\/\\]\.npmrc\b/
    $place9 = /["'\/\\]\.pypirc\b/
    $place10 = ".vault-token"
    $place11 = /\.(bash|zsh)_history\b/
    $wallet = "nkbihfbeogaeaoehlefnkodbefgpgknn"
  condition:
    kind == "javascript" and $node and ($wallet or 2 of ($place*))
}
