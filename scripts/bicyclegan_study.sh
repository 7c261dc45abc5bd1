#!/usr/bin/env bash
# BicycleGAN's own comparisons (Zhu et al. 2017b), a training each, on any pairs:
#   scripts/bicyclegan_study.sh methods     all six methods: pictures side by side, and variety against realism (figure 6)
#   scripts/bicyclegan_study.sh encoders    the encoder (resnet, cnn) x where z enters (all, input) (table 2)
#   scripts/bicyclegan_study.sh latents     the length of z: 2, 8, 32 and 128 (figure 8)
# Further arguments go to every training: --size, --steps, --set width=... DATA: the pairs (outlines of shapes); OUT: folder of
# the page and the runs (runs/bicyclegan-STUDY), where a run that is there is not trained again; GANYMEDE: the program.
# Variety is the mean distance between the object's colours in outputs of one input, over that between real objects; where the data
# do not say what the object is (with=semantic), between pixels, over that between real pictures of different inputs. Realism is
# the Frechet distance to the real pictures in features of a random network, which compares the rows of one table and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
study=${1:-} GANYMEDE=${GANYMEDE:-build/ganymede} data=${DATA:-shapes:pairs,plain=1,objects=1,with=semantic}
case $study in methods | encoders | latents) shift ;; *) echo "bicyclegan_study: say which: methods, encoders or latents" >&2; exit 2 ;; esac
[ -x "$GANYMEDE" ] || { echo "bicyclegan_study: no program $GANYMEDE; build it with scripts/build.sh, or set GANYMEDE" >&2; exit 2; }
out=${OUT:-runs/bicyclegan-$study} arguments=("$@")
mkdir -p "$out"
table=$out/README.md points=$out/points

figure() {
  "$GANYMEDE" evaluate "$out/$1" --metrics "$2" -n 200 --no-floor --json 2>/dev/null | tr -d '\n' | grep -oE "\"name\": *\"$2\", *\"value\": *[-0-9.e+]+" | sed -E 's/.*: *//' || true
}
# row NAME SETTINGS...: trains and measures; appends to the table and to the points of the drawing.
row() {
  local name=$1
  shift
  if [ ! -d "$out/$name" ]; then
    "$GANYMEDE" train bicyclegan --data "$data" "$@" "${arguments[@]}" --out "$out/$name" >/dev/null 2>"$out/$name.log" || { tail -n 2 "$out/$name.log" >&2; exit 1; }
  fi
  local variety realism reconstruction recovery
  variety=$(figure "$name" colour_diversity)
  [[ $variety =~ [0-9] ]] || variety=$(awk "BEGIN { print $(figure "$name" diversity) / $(figure "$name" real_diversity) }")
  realism=$(figure "$name" random_fid) reconstruction=$(figure "$name" reconstruction) recovery=$(figure "$name" recovery)
  [[ $variety =~ [0-9] && $realism =~ [0-9] ]] || { echo "bicyclegan_study: $out/$name: no variety or no random_fid was measured; is it a complete run of bicyclegan?" >&2; exit 1; }
  awk -v n="$name" -v v="$variety" -v r="$realism" -v l="${reconstruction:--}" -v c="${recovery:--}" \
    'function three(x) { return x == "-" ? x : sprintf("%.3g", x) } BEGIN { printf "| %s | %s | %s | %s | %s |\n", n, three(v), three(r), three(l), three(c) }' | tee -a "$table"
  echo "$name $variety $realism" >>"$points"
}
# The points as a drawing: variety to the right, realism upwards (the distance falls).
draw() {
  awk '
    { name[NR] = $1; x[NR] = $2; y[NR] = $3; if ($2 > right) right = $2; if ($3 > worst) worst = $3 }
    function words(at, up, s, style) { printf "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", at, up, style, s }
    END {
      right = right > 1 ? right * 1.05 : 1.05; worst *= 1.1
      print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 560 380\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"560\" height=\"380\" fill=\"white\"/>"
      print "<path d=\"M70 20V330H530\" fill=\"none\" stroke=\"#555\"/>"
      for (i = 0; i <= 4; ++i) {
        words(70 + 460 * i / 4, 348, sprintf("%.2f", right * i / 4), "text-anchor=\"middle\" fill=\"#555\"")
        words(64, 334 - 310 * i / 4, sprintf("%.3g", worst * (1 - i / 4)), "text-anchor=\"end\" fill=\"#555\"")
      }
      words(300, 370, "variety of outputs of one input, of that of real pictures", "text-anchor=\"middle\"")
      words(-175, 16, "distance to real pictures (up is better)", "text-anchor=\"middle\" transform=\"rotate(-90)\"")
      for (i = 1; i <= NR; ++i) {
        px = 70 + 460 * x[i] / right; py = 20 + 310 * y[i] / worst
        printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"#1f5fa8\"/>\n", px, py
        if (px > 400) words(px - 9, py + 4, name[i], "text-anchor=\"end\""); else words(px + 9, py + 4, name[i], "")
      }
      print "</svg>"
    }' "$points" >"$out/$study.svg"
}

: >"$points"
{
  echo "# BicycleGAN: $study"
  echo
  echo "Data \`$data\`, further arguments: \`${arguments[*]:-none}\`."
  echo
  echo "| run | variety | random_fid | reconstruction | recovery |"
  echo "|---|---|---|---|---|"
} >"$table"
case $study in
  methods) for m in pix2pix+noise cae-gan cvae-gan cvae-gan++ clr-gan bicyclegan; do row "$m" --set "method=$m"; done ;;
  encoders) for e in resnet cnn; do for i in all input; do row "$e-$i" --set "encoder=$e" --set "inject=$i"; done; done ;;
  latents) for z in 2 8 32 128; do row "z$z" --set "latent=$z"; done ;;
esac
draw
{
  printf '\n![Variety and realism](%s.svg)\n' "$study"
  while read -r name _; do
    cp "$(ls "$out/$name"/samples/*.png | tail -n 1)" "$out/$name.png"
    printf '\n%s: input, target, %sfour random z\n\n![%s](%s.png)\n' "$name" "$(case $name in pix2pix+noise | clr-gan) ;; *) echo 'encoded target, ' ;; esac)" "$name" "$name"
  done <"$points"
} >>"$table"
rm "$points"
echo "bicyclegan_study: $table"
