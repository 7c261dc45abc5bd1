#!/usr/bin/env bash
# The own comparisons of the papers on pairs, a training each:
#   scripts/translation_study.sh losses      pix2pix: what G minimises (Isola et al. 2017)
#   scripts/translation_study.sh patches     pix2pix: the pixels that an output of D sees, 1, 16, 70 and 286; those that the pictures are too small for are left out
#   scripts/translation_study.sh methods     BicycleGAN: all six methods, variety against realism (Zhu et al. 2017b)
#   scripts/translation_study.sh encoders    BicycleGAN: the encoder (resnet, cnn) x where z enters (all, input)
#   scripts/translation_study.sh latents     BicycleGAN: the length of z, 2, 8, 32 and 128
# Further arguments go to every training: --size, --steps, --set width=... DATA: the pairs (outlines of shapes); OUT: folder of
# the page and the runs (runs/STUDY), where a run that is there is only trained to its end; GANYMEDE: the program.
# Pix2pix's columns are those of `evaluate`. Variety is colour_diversity where the data say what the object is (with=semantic), or the
# mean distance between outputs of one input over that between real pictures of different inputs; realism is random_fid, the Frechet
# distance to the real pictures in features of a random network, which compares the rows of one table and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
refuse() { echo "translation_study: $1" >&2; exit "${2:-1}"; }
study=${1:-} GANYMEDE=${GANYMEDE:-build/ganymede}
case $study in
  losses | patches) model=pix2pix colours=two measures=(l1 sharpness spectrum_1 spectrum_2 spectrum_4 saturation fcn_classes) ;;
  methods | encoders | latents) model=bicyclegan colours=any measures=(colour_diversity diversity real_diversity random_fid reconstruction recovery) ;;
  *) refuse "say which: losses, patches, methods, encoders or latents" 2 ;;
esac
shift
[ -x "$GANYMEDE" ] || refuse "no program $GANYMEDE; build it with scripts/build.sh, or set GANYMEDE" 2
data=${DATA:-shapes:pairs,plain=1,objects=1,count=2000,with=semantic,colours=$colours} out=${OUT:-runs/$study} arguments=("$@")
mkdir -p "$out"
table=$out/README.md points=$out/points

# measure RUN: lines "NAME VALUE" of every measure that the data allow; fails if there is none.
measure() {
  local m found=
  for m in "${measures[@]}"; do
    found+=$("$GANYMEDE" evaluate "$out/$1" --metrics "$m" -n 200 --no-floor --json 2>"$out/$1.log" | tr -d '\n' |
      grep -oE '"name": *"[a-z_0-9]+", *"value": *-?[0-9.]+(e[-+]?[0-9]+)?' | sed -E 's/"name": *"([^"]+)", *"value": */\1 /' || true)$'\n'
  done
  grep . <<<"$found"
}
# row NAME SETTINGS...: trains and measures; appends to the table and to the points of the drawing.
row() {
  local name=$1 figures train=("$GANYMEDE" train --resume)
  shift
  [ -d "$out/$name" ] || train=("$GANYMEDE" train "$model" --data "$data" "$@" "${arguments[@]}")
  "${train[@]}" --out "$out/$name" >/dev/null 2>"$out/$name.log" || { local status=$?; tail -n 1 "$out/$name.log" >&2; return $status; }
  figures=$(measure "$name") || refuse "$out/$name: $(tail -n 1 "$out/$name.log")"
  if [ $model = bicyclegan ]; then
    [[ $figures =~ random_fid && $figures =~ diversity ]] || refuse "$out/$name: no variety or no random_fid was measured"
    figures+=$(awk '{ v[$1] = $2 } END { print "\nvariety", "colour_diversity" in v ? v["colour_diversity"] : v["diversity"] / v["real_diversity"] }' <<<"$figures")
    awk -v n="$name" '{ v[$1] = $2 } END { print n, v["variety"], v["random_fid"] }' <<<"$figures" >>"$points"
  else
    echo "$name" >>"$points"
  fi
  awk -v n="$name" -v columns="${columns[*]}" '{ v[$1] = $2 } END {
      count = split(columns, c, " "); printf "| %s |", n
      for (i = 1; i <= count; ++i) if (c[i] in v) printf " %.3g |", v[c[i]]; else printf " - |"
      print "" }' <<<"$figures" | tee -a "$table"
}
# The points as a drawing: variety to the right, realism upwards (the distance falls, on a scale of powers: one method can be a hundred
# times as far as the others). Names that would lie on one another move down.
draw() {
  awk '
    { name[NR] = $1; x[NR] = $2; y[NR] = log($3 > 1e-6 ? $3 : 1e-6); if ($2 > right) right = $2
      if (NR == 1 || y[NR] > worst) worst = y[NR]; if (NR == 1 || y[NR] < best) best = y[NR] }
    function words(at, up, s, style) { printf "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", at, up, style, s }
    END {
      right = right > 1 ? right * 1.05 : 1.05; margin = (worst - best) * 0.1 + 0.1; worst += margin; best -= margin
      print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 560 380\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"560\" height=\"380\" fill=\"white\"/>"
      print "<path d=\"M70 20V330H530\" fill=\"none\" stroke=\"#555\"/>"
      for (i = 0; i <= 4; ++i) {
        words(70 + 460 * i / 4, 348, sprintf("%.2f", right * i / 4), "text-anchor=\"middle\" fill=\"#555\"")
        words(64, 334 - 310 * i / 4, sprintf("%.2g", exp(worst - (worst - best) * i / 4)), "text-anchor=\"end\" fill=\"#555\"")
      }
      words(300, 370, "variety of outputs of one input, of that of real pictures", "text-anchor=\"middle\"")
      words(-175, 16, "distance to real pictures (up is better)", "text-anchor=\"middle\" transform=\"rotate(-90)\"")
      for (i = 1; i <= NR; ++i) {
        px = 70 + 460 * x[i] / right; py = 20 + 310 * (y[i] - best) / (worst - best)
        printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"#1f5fa8\"/>\n", px, py
        line = py + 4
        for (k = 1; k < i; ++k) if (line - at[k] < 13 && at[k] - line < 13 && px - column[k] < 110 && column[k] - px < 110) { line = at[k] + 13; k = 0 }
        at[i] = line; column[i] = px
        if (px > 400) words(px - 9, line, name[i], "text-anchor=\"end\""); else words(px + 9, line, name[i], "")
      }
      print "</svg>"
    }' "$points" >"$out/$study.svg"
}

if [ $model = bicyclegan ]; then columns=(variety random_fid reconstruction recovery); else columns=("${measures[@]}"); fi
: >"$points"
left_out=
{
  echo "# $model: $study"
  echo
  echo "Data \`$data\`, further arguments: \`${arguments[*]:-none}\`."
  echo
  echo "| run | ${columns[*]} |" | sed 's/\([a-z_0-9]\) \([a-z]\)/\1 | \2/g'
  echo "|---|$(printf -- '---|%.0s' "${columns[@]}")"
} >"$table"
case $study in
  losses) for l in l1 l2 cgan gan l1+gan l1+cgan; do row "$l" --set "loss=$l"; done ;;
  patches) for f in 1 16 70 286; do row "patch$f" --set "receptive_field=$f" || { [ $? = 2 ] || exit 1; left_out+=" $f"; }; done ;;
  methods) for m in pix2pix+noise cae-gan cvae-gan cvae-gan++ clr-gan bicyclegan; do row "$m" --set "method=$m"; done ;;
  encoders) for e in resnet cnn; do for i in all input; do row "$e-$i" --set "encoder=$e" --set "inject=$i"; done; done ;;
  latents) for z in 2 8 32 128; do row "z$z" --set "latent=$z"; done ;;
esac
[ -s "$points" ] || refuse "none of the trainings could be done"
{
  [ -z "$left_out" ] || printf '\nLeft out: fields of%s px, for which the pictures are too small.\n' "$left_out"
  if [ $model = bicyclegan ]; then
    draw
    printf '\n![Variety and realism](%s.svg)\n' "$study"
  fi
  while read -r name _; do
    cp "$(ls "$out/$name"/samples/*.png | tail -n 1)" "$out/$name.png"
    printf '\n%s\n\n![%s](%s.png)\n' "$name" "$name" "$name"
  done <"$points"
} >>"$table"
rm "$points"
echo "translation_study: $table"
