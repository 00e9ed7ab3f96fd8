/**
 * Secrets as well-known vendors write them. Each expression takes time in proportion to the text: what
 * repeats without a bound begins only where its own characters do not precede it, or has a literal head.
 */
import { REDACTED } from '#protocol/redaction.ts'

/** Without a letter, a digit or a part of such a word before it. */
const HEADS = [
  'A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}', // AWS access keys
  'gh[pousr]_[A-Za-z0-9]{36,255}', // GitHub
  'github_pat_[A-Za-z0-9_]{22,255}',
  'gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt|ffct)-[\\w-]{20,255}', // GitLab
  'xox[abeoprs](?:\\.xox[a-z])?-[\\w-]{10,255}', // Slack
  'xapp-\\d-[\\w-]{10,255}',
  '(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,255}', // Stripe
  'whsec_[A-Za-z0-9+/=]{24,255}',
  'sk-[\\w-]{20,255}', // OpenAI, Anthropic, OpenRouter, DeepSeek
  'AIza[\\w-]{35}', // Google
  'GOCSPX-[\\w-]{28}',
  'ya29\\.[\\w-]{20,2048}',
  '1//0[\\w-]{40,255}',
  'SG\\.[\\w-]{22}\\.[\\w-]{43}', // SendGrid
  'SK[0-9a-f]{32}', // Twilio
  'key-[0-9a-f]{32}', // Mailgun
  'npm_[A-Za-z0-9]{36}',
  'pypi-AgE[\\w-]{50,1024}',
  'rubygems_[0-9a-f]{48}',
  'hf_[A-Za-z0-9]{34,255}', // Hugging Face
  'r8_[A-Za-z0-9]{37}', // Replicate
  'gsk_[A-Za-z0-9]{40,255}', // Groq
  'xai-[A-Za-z0-9]{40,255}',
  'pplx-[A-Za-z0-9]{40,255}', // Perplexity
  'do[opr]_v1_[0-9a-f]{64}', // DigitalOcean
  'shp(?:at|ca|pa|ss|tka)_[0-9a-fA-F]{32}', // Shopify
  'sq0(?:atp|csp|idp)-[\\w-]{22,60}', // Square
  'EAAA[\\w-]{60}',
  'lin_(?:api|oauth)_[A-Za-z0-9]{32,255}', // Linear
  '(?:secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{40,255})', // Notion
  'ATATT3[\\w=-]{60,512}', // Atlassian
  'dapi[0-9a-f]{32}(?:-\\d)?', // Databricks
  'hv[sbr]\\.[\\w-]{24,512}', // HashiCorp Vault
  'dp\\.(?:pt|st|sa|ct)\\.(?:[\\w-]{1,64}\\.)?[A-Za-z0-9]{40,44}', // Doppler
  'figd_[\\w-]{40,255}', // Figma
  'PMAK-[0-9a-f]{24}-[0-9a-f]{34}', // Postman
  'gl(?:sa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|c_[A-Za-z0-9+/=]{32,400})', // Grafana
  'NRAK-[A-Z0-9]{27}', // New Relic
  'sntry[su]_[\\w+/=-]{40,512}', // Sentry
  'dckr_(?:pat|oat)_[\\w-]{27,64}', // Docker
  'pscale_(?:tkn|pw|oauth)_[\\w.=-]{32,64}', // PlanetScale
  'sbp_[0-9a-f]{40}', // Supabase
  'sb_secret_[\\w-]{20,255}',
  'phx_[A-Za-z0-9_-]{40,255}', // PostHog
  'fly?o1_[\\w-]{43}',
  'FlyV1 fm\\d_[\\w+/=,-]{60,2048}', // Fly.io
  'pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}', // Airtable
  'AGE-SECRET-KEY-1[0-9A-Z]{58}',
  '\\d{8,10}:AA[\\w-]{33}', // Telegram
  '[MNO][\\w-]{23,27}\\.[\\w-]{6}\\.[\\w-]{27,40}', // Discord
  'hearth_[a-z0-9-]{1,64}_[0-9a-f]{8}_[0-9a-f]{64}',
]

const KEY = new RegExp(`(?<![A-Za-z0-9_])(?:${HEADS.join('|')})`, 'g')

/** Words with dots between them: one of a JWT or JWE begins with `eyJ`, the base64 of `{"`. */
const DOTTED = /(?<![\w.-])[\w-]{1,65536}(?:\.[\w-]{0,65536}){1,16}/g
const JWT = /(?<![A-Za-z0-9])eyJ[\w-]{8,65536}\.[\w-]{8,65536}/

/** To its end, or where that was cut off to the end of the text. */
const PRIVATE_KEY =
  /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]*?-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----|[\s\S]*)/g

/** What follows the scheme of an `Authorization` header. */
const SCHEME =
  /(?<![A-Za-z])((?:bearer|basic|token)[ \t:=]{1,3})(?=[\w.~+/=-]{0,512}\d)([\w.~+/=-]{16,8192})/gi

/** The password in `scheme://user:password@host`. */
const URL_PASSWORD = /(?<=:\/\/)([^\s:/?#@"'<>]{0,256}):([^\s/?#@"'<>]{1,512})@/g

const SLACK_HOOK = /(?<=https:\/\/hooks\.slack\.com\/(?:services|workflows)\/)[\w/-]{20,255}/g

/** `DB_PASSWORD=…`, as in a file of environment variables; and what clouds put into connection strings. */
const ASSIGNED =
  /(?<![A-Za-z0-9_])([A-Z0-9_]{0,64}(?:PASSWORD|PASSWD|SECRET|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|TOKEN)(?:_[A-Z0-9]{1,32})?=|(?:AccountKey|SharedAccessKey|aws_secret_access_key|aws_session_token|client_secret|api_?key|access_token|refresh_token|token|secret|passwd|password|pwd)[ \t]{0,2}=[ \t]{0,2})("[^"\r\n]{1,4096}"|'[^'\r\n]{1,4096}'|[^\s"'&;,]{4,4096})/g

export function redactSecrets(text: string): string {
  return text
    .replace(PRIVATE_KEY, REDACTED)
    .replace(KEY, REDACTED)
    .replace(DOTTED, redactJWT)
    .replace(SCHEME, `$1${REDACTED}`)
    .replace(URL_PASSWORD, `$1:${REDACTED}@`)
    .replace(SLACK_HOOK, REDACTED)
    .replace(ASSIGNED, `$1${REDACTED}`)
}

function redactJWT(words: string): string {
  const at = words.includes('eyJ') ? words.search(JWT) : -1
  return at === -1 ? words : words.slice(0, at) + REDACTED
}
