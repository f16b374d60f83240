#!/usr/bin/env bash
# What action.yml runs: lint, then prove; each writes SARIF and a text. It ends with 0 itself, so that
# findings can be uploaded before the step fails; `failed` and `exit-code` say how it went.
# Inputs come in variables, never as parts of a script: POLICIES, ATTACHED, PROVE, OPTIONS, FAIL.
set -u
shopt -s globstar nullglob
folder="$RUNNER_TEMP/sekisho-sarif"
mkdir -p "$folder"
worst=0

lines_of() { # NAME TEXT: the lines that are not empty, as an array
  local -n into=$1
  into=()
  while IFS= read -r line; do
    line="${line%$'\r'}"
    [ -z "$line" ] || into+=("$line")
  done <<< "$2"
}

note() { # CODE: 64 before 1, 4, 3, 5, 2, 0, as sekisho orders them
  for code in 64 1 4 3 5 2; do
    if [ "$1" = "$code" ] || [ "$worst" = "$code" ]; then worst=$code; return; fi
  done
  # a code that sekisho does not have: something broke
  [ "$1" = 0 ] || worst=1
}

lines_of patterns "$POLICIES"
files=()
for pattern in ${patterns[@]+"${patterns[@]}"}; do
  IFS= found=($pattern)
  matched=()
  for each in ${found[@]+"${found[@]}"}; do [ ! -f "$each" ] || matched+=("$each"); done
  if [ ${#matched[@]} = 0 ]; then
    echo "sekisho: no file matches: $pattern" >&2
    note 1
  fi
  files+=(${matched[@]+"${matched[@]}"})
done
lines_of proved "$PROVE"
lines_of options "$OPTIONS"
if [ ${#patterns[@]} = 0 ] && [ ${#proved[@]} = 0 ]; then
  echo "sekisho: nothing to check: give \`policies\` or \`prove\`" >&2
  note 64
fi
if [ ${#files[@]} != 0 ]; then
  sekisho policy lint --kind "$ATTACHED" -- "${files[@]}"
  note $?
  sekisho policy lint --kind "$ATTACHED" --format sarif -- "${files[@]}" > "$folder/lint.sarif" 2> /dev/null
  [ -s "$folder/lint.sarif" ] || rm -f "$folder/lint.sarif"
fi
if [ ${#proved[@]} != 0 ]; then
  sekisho prove policy ${options[@]+"${options[@]}"} -- "${proved[@]}"
  note $?
  sekisho prove policy ${options[@]+"${options[@]}"} --format sarif -- "${proved[@]}" > "$folder/prove.sarif" 2> /dev/null
  [ -s "$folder/prove.sarif" ] || rm -f "$folder/prove.sarif"
fi
case "$worst:$FAIL" in
  0:*) failed=false ;;
  1:* | 64:* | *:true) failed=true ;;
  *) failed=false ;;
esac
{
  echo "exit-code=$worst"
  echo "failed=$failed"
  if compgen -G "$folder/*.sarif" > /dev/null; then echo "sarif=$folder"; fi
} >> "$GITHUB_OUTPUT"
