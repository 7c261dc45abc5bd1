# Nguyen et al. 2017: a picture can be told from its code; codes that walk up the slope of a class show it to a classifier that was trained apart, which they do not without that slope; without the pull of
# what is probable fewer do; another network may say what is wanted, of which the generator knows nothing.
source "$(dirname "$0")/lib.sh"
world=shapes:single,plain=1
run with ppgn --data "$world,label=both" --size 32 --batch 32 --steps 2500 --seed 3
run unlike ppgn --data "$world,label=both" --size 32 --batch 32 --steps 2500 --seed 3 --set code=0 --set maps=0
of() { measured "$1" "$2" "$2" -n 256; }
row ppgn "share of test pictures in which C sees the same in G(E(x)), shapes of 64 classes at 32 px, 2500 iterations" ">" 0.95 "$(of with kept-class)" "losses in E's features (code=0 maps=0)" "$(of unlike kept-class)"
row ppgn "PSNR of G(E(x)) beside x, dB, less that of x reduced to an eighth of its sides" ">" 1 "$(calculate "$(of with psnr) - $(of with psnr-reduced)")" "being better (by definition)" 0
row ppgn "samples in which a classifier trained apart sees the class they were drawn for" ">" 0.8 "$(of with shows-class)" "the slope of what is wanted (eps2=0)" "$(of with shows-class-blind)"
row ppgn "the same" ">" 0.8 "$(of with shows-class)" "the pull of what is probable (eps1=0)" "$(of with shows-class-free)"
# coloured [apply's arguments...]: share of pictures, drawn for each of eight colours by a classifier of colours alone, in which C sees a class of that colour (number 8 colour + kind).
coloured() {
  local right=0
  for colour in 0 1 2 3 4 5 6 7; do
    "$GANYMEDE" apply "$WORK/with" draw -n 16 --set of=$world,label=colour --set class=$colour "$@" --out "$WORK/colour" >/dev/null 2>&1
    right=$((right + $(grep -oE '"class": [0-9]+' "$WORK/colour/drawn.json" | awk -v c=$colour '{ n += int($2 / 8) == c } END { print n }')))
    rm -r "$WORK/colour"
  done
  calculate "$right / 128"
}
row ppgn "pictures drawn by another network, of colours alone, in which C sees the colour that was asked for, one of 8" ">" 0.8 "$(coloured)" "the slope of what is wanted (eps2=0)" "$(coloured --set eps2=0)"
