#!/usr/bin/env bash
# Every check of a model reads figures: with a program that only pretends to train and measures 0.5 of everything, each of its rows
# has numbers where numbers belong. SinGAN's is a program of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/ganymede" <<'STUB'
#!/usr/bin/env bash
verb=$1; shift
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=$2; shift ;;
    --metrics) metric=$2; shift ;;
  esac
  shift
done
if [ "$verb" = train ]; then
  mkdir -p "$out"
  for i in 1 2 3; do echo '{"iteration":'$i',"D/adv":0.5,"D/accuracy":0.5,"D/sign":0.5,"D/norm":0.5,"D+G/D":0.5,"f/content":0.5,"D+G/norm":0.5,"critic/distance":0.5,"critics/distance_A":0.5,"critic/norm":0.5,"grad_norm/G":0.5,"D/right":0.5}'; done >"$out/stats.jsonl"
elif [ "$verb" = apply ]; then
  mkdir -p "$out"
  echo '[{"class": 3}]' >"$out/drawn.json"
else
  for name in "$metric" classes-covered class-diversity modes-hit; do echo "{\"name\": \"$name\", \"value\": 0.5}"; done
fi
STUB
chmod +x "$work/ganymede"
for script in scripts/checks/*.sh; do
  model=$(basename "$script" .sh)
  [ "$model" = lib ] || [ "$model" = singan ] && continue
  WORK=$work/$model GANYMEDE=$work/ganymede
  mkdir "$WORK"
  export WORK GANYMEDE
  rows=$(bash "$script" 2>"$work/log") || { echo "$script: ended with $?: $(tail -n 1 "$work/log")" >&2; exit 1; }
  [ -n "$rows" ] || { echo "$script: no rows" >&2; exit 1; }
  wrong=$(sed 's/\\|/ /g' <<<"$rows" | awk -F ' *[|] *' -v model="$model" '
    function number(x) { return x ~ /^-?[0-9]+([.][0-9]+)?(e[-+]?[0-9]+)?$/ }
    NF != 9 || $2 != model || !number($5) || !(number($7) || $7 == "-") || ($8 != "pass" && $8 != "fails")')
  [ -z "$wrong" ] || { echo "$script: not a row with figures: $wrong" >&2; exit 1; }
done

# --write puts a model's rows into its page, in the place of the old ones, and touches nothing else.
mkdir -p "$work/tree/docs/models"
cp -r scripts "$work/tree/"
page=$work/tree/docs/models/vae.md
cp docs/models/vae.md "$page"
"$work/tree/scripts/check_models.sh" --write vae >"$work/rows" 2>/dev/null && { echo "check_models.sh: half of everything passes vae's bounds" >&2; exit 1; }
[ "$(grep '^| ' "$page" | tail -n +2)" = "$(sed 's/^| vae |/|/' "$work/rows")" ] || { echo "check_models.sh --write: the page's rows are not those that it printed:" >&2; cat "$page" >&2; exit 1; }
[ "$(grep -v '^| ' "$page")" = "$(grep -v '^| ' docs/models/vae.md)" ] || { echo "check_models.sh --write: changed more than the rows" >&2; exit 1; }
