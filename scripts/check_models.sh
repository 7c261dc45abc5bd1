#!/usr/bin/env bash
# The check of each model's paper: trains it small on the CPU, measures the property that its main ingredient brings, and measures
# it once more without the ingredient, where it must fail. Some minutes a model, at most 15.
#   scripts/check_models.sh [--write] [MODEL...]     all models that have a scripts/checks/MODEL.sh
# --write puts the rows into the table of docs/models/MODEL.md. GANYMEDE: the program (build/ganymede).
set -uo pipefail
cd "$(dirname "$0")/.."
write=
[ "${1:-}" = --write ] && { write=1; shift; }
export GANYMEDE=${GANYMEDE:-$PWD/build/ganymede}
[ -x "$GANYMEDE" ] || { echo "check_models: $GANYMEDE: no such program; run scripts/build.sh first" >&2; exit 2; }
models=("$@")
[ ${#models[@]} -gt 0 ] || for f in scripts/checks/*.sh; do name=$(basename "$f" .sh); [ "$name" = lib ] || models+=("$name"); done
failed=0
for model in "${models[@]}"; do
  script=scripts/checks/$model.sh
  [ -f "$script" ] || { echo "check_models: $model has no check; there are $(ls scripts/checks | sed 's/\.sh$//' | grep -v "^lib$" | tr '\n' ' ')" >&2; exit 2; }
  echo "check_models: $model" >&2
  WORK=$(mktemp -d)
  export WORK
  rows=$(timeout 900 bash "$script") || { failed=1; echo "check_models: $model: the check itself failed; its runs are in $WORK" >&2; continue; }
  echo "$rows"
  grep -q '| fails |$' <<<"$rows" && failed=1
  if [ -n "$write" ]; then
    # The page's table has no column for the model.
    page=docs/models/$model.md
    grep -q '^|---|' "$page" || { echo "check_models: $page: no table to write into" >&2; exit 1; }
    sed "s/^| $model |/|/" <<<"$rows" >"$WORK/rows"
    awk -v rows="$WORK/rows" '/^\|---\|/ { print; while ((getline row <rows) > 0) print row; old = 1; next } old && /^\|/ { next } { old = 0; print }' "$page" >"$WORK/page.md"
    cp "$WORK/page.md" "$page"
  fi
  rm -rf "$WORK"
done
exit $failed
