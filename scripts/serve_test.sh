#!/usr/bin/env bash
# Opens the page of `ganymede serve` in headless Chromium, draws strokes with the mouse and sees the output change, takes the
# strokes back and sees the old output again, then loads the server with 8 clients while the page is open.
#   scripts/serve_test.sh [RUN] [PICTURE]   RUN: a trained pix2pix or other translating model (none: a few steps are trained here);
#                                           PICTURE: where to write a picture of the page (.png)
# Needs Debian's chromium and jq. GANYMEDE: the program (build/ganymede); CHROMIUM: the browser.
set -euo pipefail
cd "$(dirname "$0")/.."
GANYMEDE=${GANYMEDE:-$PWD/build/ganymede}
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
fail() { echo "serve_test: $*" >&2; exit 1; }
[ -x "$GANYMEDE" ] || { echo "serve_test: $GANYMEDE: no such program; run scripts/build.sh first" >&2; exit 2; }
[ -n "$CHROMIUM" ] && command -v jq >/dev/null && command -v curl >/dev/null || { echo "serve_test: needs chromium, jq and curl: apt install chromium jq curl" >&2; exit 2; }
work=$(mktemp -d)
server= browser=
end() {
  [ -z "$browser" ] || kill "$browser" 2>/dev/null || true
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT

run=${1:-} picture=${2:-}
if [ -z "$run" ]; then
  run=$work/run
  "$GANYMEDE" train pix2pix --data shapes:pairs,plain=1,objects=1 --size 32 --batch 1 --steps 60 --set width=8 --sample-every 1000000 --out "$run" >"$work/train.log" 2>&1 || fail "training: $(tail -n 1 "$work/train.log")"
fi
"$GANYMEDE" serve "$run" --port 0 >"$work/serve.out" 2>"$work/serve.err" &
server=$!
for _ in $(seq 300); do grep -q ' serves ' "$work/serve.out" && break; kill -0 "$server" 2>/dev/null || fail "serve: $(tail -n 1 "$work/serve.err")"; sleep 0.1; done
address=$(grep -oE 'http://[^ /]+' "$work/serve.out" | head -n 1)
[ -n "$address" ] || fail "serve said no address: $(cat "$work/serve.out")"

# The browser takes commands on descriptor 3 and answers on 4: JSON, each ended by a zero byte.
mkfifo "$work/to" "$work/from"
"$CHROMIUM" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-background-networking --remote-debugging-pipe \
  --user-data-dir="$work/profile" --window-size=1280,800 about:blank 3<"$work/to" 4>"$work/from" >"$work/browser.log" 2>&1 &
browser=$!
exec 8>"$work/to" 9<"$work/from"
number=0 session= answer=
# call METHOD [PARAMETERS]: $answer is the result. What the page throws ends the test.
call() {
  number=$((number + 1))
  jq -cjn --argjson id $number --arg m "$1" --argjson p "${2:-{\}}" --arg s "$session" '{id: $id, method: $m, params: $p} + (if $s == "" then {} else {sessionId: $s} end)' >&8
  printf '\0' >&8
  local line
  while IFS= read -r -d '' -t 60 line <&9; do
    case $line in
      *'"method":"Runtime.exceptionThrown"'*) fail "the page threw: $(jq -r '.params.exceptionDetails.exception.description // .params.exceptionDetails.text' <<<"$line")" ;;
      "{\"id\":$number,"*)
        answer=$line
        case $line in *'"error":'*) fail "$1: $(jq -r '.error.message // empty' <<<"$line")" ;; esac
        return ;;
    esac
  done
  fail "$1: the browser does not answer"
}
# page EXPRESSION: prints its value.
page() {
  call Runtime.evaluate "$(jq -cn --arg e "$1" '{expression: $e, awaitPromise: true, returnByValue: true}')"
}
value() { jq -r '.result.result.value // empty' <<<"$answer"; }
until_page() {  # EXPRESSION WORDS: waits until it is true
  for _ in $(seq 200); do page "!!($1)"; [ "$(value)" = true ] && return; sleep 0.1; done
  fail "waited in vain for $2"
}
mouse() { call Input.dispatchMouseEvent "$(jq -cn --arg t "$1" --argjson x "$2" --argjson y "$3" '{type: $t, x: $x, y: $y, button: "left", buttons: (if $t == "mouseReleased" then 0 else 1 end), clickCount: 1}')"; }
# stroke X Y X Y ...: with the button held, places in parts of the canvas.
stroke() {
  page "(() => { const b = [...document.querySelectorAll('#slots canvas')].pop().getBoundingClientRect(); return [b.left, b.top, b.width, b.height].join(' '); })()"
  local box kind=mousePressed x y
  box=$(value)
  while [ $# -ge 2 ]; do
    read -r x y < <(awk -v b="$box" -v x="$1" -v y="$2" 'BEGIN { split(b, v, " "); printf "%.1f %.1f\n", v[1] + x * v[3], v[2] + y * v[4] }')
    mouse $kind "$x" "$y"
    kind=mouseMoved
    shift 2
  done
  mouse mouseReleased "$x" "$y"
}
# The result that is shown when nothing is asked any more, as a short text.
shown() {
  until_page "!asking && !again && document.querySelector('#results img') && document.querySelector('#results img').complete && / (ms|s)\$/.test(document.querySelector('#state').textContent)" "a result"
  page "document.querySelector('#problem').hidden ? '' : document.querySelector('#problem').textContent"
  [ -z "$(value)" ] || fail "the page complains: $(value)"
  sleep 0.3
  until_page "!asking && !again" "a result that stays"
  page "document.querySelector('#results img').src"
  value | md5sum
}

call Target.createTarget '{"url": "about:blank"}'
call Target.attachToTarget "$(jq -c '{targetId: .result.targetId, flatten: true}' <<<"$answer")"
session=$(jq -r .result.sessionId <<<"$answer")
call Runtime.enable
call Page.enable
call Page.navigate "$(jq -cn --arg u "$address" '{url: $u}')"
until_page "document.readyState === 'complete' && document.querySelector('#slots canvas')" "the page with a canvas"
page "document.querySelector('#model').textContent"
echo "serve_test: $(value) at $address"
page "document.querySelector('#clear').click()"
page "ready(task)"
[ "$(value)" = true ] || stroke 0.1 0.1 0.2 0.1   # nothing is asked for before a mask is drawn
before=$(shown)
stroke 0.25 0.75 0.5 0.2 0.75 0.75
during=$(shown)
[ "$before" != "$during" ] || fail "two strokes were drawn and the output is the same"
stroke 0.75 0.75 0.25 0.75
after=$(shown)
[ "$during" != "$after" ] || fail "a third stroke was drawn and the output is the same"
echo "serve_test: each stroke changes the output"
if [ -n "$picture" ]; then
  page "document.activeElement && document.activeElement.blur()"
  call Page.captureScreenshot '{"format": "png"}'
  jq -r .result.data <<<"$answer" | base64 -d >"$picture"
fi
page "document.querySelector('#undo').click()"
[ "$(shown)" = "$during" ] || fail "undo does not bring the former output back"
page "document.querySelector('#undo').click()"
[ "$(shown)" = "$before" ] || fail "a second undo does not bring the first output back"
echo "serve_test: undo brings the former outputs back"

# Each task's mask lies over its own picture, whichever tasks were chosen before.
page "(() => { const chosen = task, wrong = about.tasks.filter(t => wordsOf(t).includes('MASK')).filter(t => { choose(t); const words = wordsOf(t), mask = slots.get('MASK'), below = slots.get(words[words.indexOf('MASK') - 1]); return mask.picture !== below || below.above !== mask; }); choose(chosen); return wrong.map(t => t.name).join(' '); })()"
[ -z "$(value)" ] || fail "masks that do not lie over their pictures: $(value)"

clients=()
for i in $(seq 8); do
  (for k in $(seq 5); do
    code=$(curl -s -o /dev/null -w '%{http_code}' --max-time 60 "$address/sample?seed=$((i * 10 + k))&count=1") || exit 1
    [ "$code" = 200 ] || [ "$code" = 429 ] || exit 1
  done) &
  clients+=($!)
done
stroke 0.4 0.4 0.6 0.6
for c in "${clients[@]}"; do wait "$c" || fail "a client got neither a sample nor the word to try again"; done
[ "$(shown)" != "$before" ] || fail "the output did not change under load"
kill -0 "$server" || fail "the server ended"
echo "serve_test: 8 clients at once, and the page still draws"
