/** How tokens of well-known services begin: parts of regular expressions. */
export const TOKEN_PREFIXES =
  'gh[pousr]_|github_pat_|glpat-|sk[-_]|xox[abprs]-|xapp-|shpat_|hf_|npm_|ntn_|hearth_'
/** Access keys of AWS, whole. */
export const ACCESS_KEY = '(?:AKIA|ASIA)[A-Z0-9]{16}'
