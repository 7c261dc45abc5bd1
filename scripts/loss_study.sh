#!/usr/bin/env bash
# Which loss with which network: objectives x {dcgan, resnet, sagan, conditional} on Fashion-MNIST and shapes at 16 px, each cell with the same
# number of updates and the same seeds.
#   scripts/loss_study.sh          trains and measures what is not there yet, then writes tables and pictures
#   scripts/loss_study.sh table    only writes them, from the cells that are there
# UPDATES (1500): updates of the two networks together in each training; SEEDS (1 2), OBJECTIVES, NETWORKS, SETS: what is crossed; OUT
# (runs/loss_study): a folder a cell, which a second call leaves alone when it is finished and trains to its end when it is not, and tables.md,
# fashion-mnist.svg and shapes.svg; GANYMEDE: the program. A training whose losses are no longer finite counts as diverged.
# The networks (all with z of 32, batches of 32): dcgan; resnet: that of wgan-gp for CIFAR-10; sagan: residual, by class, with attention and a projection;
# cgan: DCGAN's pair with labels as planes, in D too. One step of D for each of G; wgan and wgan-gp take five. In the rows "-sn" D has
# spectral norm, in the others none of the four has, and D has batch norm where its paper has (dcgan, cgan) and the objective is no critic's.
set -euo pipefail
cd "$(dirname "$0")/.."
GANYMEDE=${GANYMEDE:-build/ganymede} out=${OUT:-runs/loss_study} updates=${UPDATES:-1500}
read -ra seeds <<<"${SEEDS:-1 2}"
read -ra objectives <<<"${OBJECTIVES:-minimax bce lsgan hinge wgan wgan-gp f-pearson hinge-sn}"
read -ra networks <<<"${NETWORKS:-dcgan resnet sagan cgan}"
read -ra sets <<<"${SETS:-fashion-mnist shapes}"
refuse() { echo "loss_study: $1" >&2; exit "${2:-1}"; }
[ -x "$GANYMEDE" ] || refuse "no program $GANYMEDE; build it with scripts/build.sh, or set GANYMEDE" 2
[ $# -le 1 ] && [ "${1:-table}" = table ] || refuse "$*: it takes nothing, or the word table" 2

# options NETWORK OBJECTIVE: train's arguments.
options() {
  local objective=${2%-sn} spectral=false steps=1
  [ "$objective" = "$2" ] || spectral=true
  case $objective in wgan | wgan-gp) steps=5 ;; esac
  local common="--size 16 --batch 32 --steps $((updates / (1 + steps))) --set latent=32 --set objective=$objective"
  case $1 in
    dcgan) echo "dcgan $common --set width=16 --set rate=5e-4 --set critic_steps=$steps --set spectral_norm=$spectral" ;;
    resnet) echo "wgan-gp $common --set architecture=resnet --set width=16 --set generator_batches=1 --set rate=5e-4 --set critic_steps=$steps --set spectral_norm=$spectral" ;;
    sagan)
      [ $spectral = true ] && spectral=discriminator || spectral=none
      echo "sagan $common --set width=8 --set norm_decay=0.95 --set rate_g=4e-4 --set rate_d=8e-4 --set d_steps=$steps --set spectral_norm=$spectral" ;;
    cgan) echo "cgan $common --set architecture=dcgan --set width=16 --set rate=5e-4 --set critic_steps=$steps --set spectral_norm=$spectral" ;;
    *) refuse "$1: the networks are dcgan, resnet, sagan and cgan" 2 ;;
  esac
}
data_of() { case $1 in fashion-mnist) echo fashion-mnist ;; shapes) echo shapes:single,colours=class ;; *) refuse "$1: the sets are fashion-mnist and shapes" 2 ;; esac; }

# cell SET NETWORK OBJECTIVE SEED: trains and measures into $out/SET/NETWORK-OBJECTIVE-SEED; figures last, so that they say it is finished.
cell() {
  local run=$out/$1/$2-$3-$4 train measures=fid,coverage,diversity
  case $2 in sagan | cgan) measures+=,agreement ;; esac
  [ -f "$run.figures" ] && return
  mkdir -p "$out/$1"
  read -ra train <<<"train $(options "$2" "$3") --data $(data_of "$1") --seed $4 --threads 1 --sample-every 1000000 --save-every 1000000"
  [ ! -d "$run" ] || train=(train --resume)
  if "$GANYMEDE" "${train[@]}" --out "$run" >"$run.log" 2>&1; then
    "$GANYMEDE" evaluate "$run" --metrics $measures -n 2000 --no-floor --json 2>>"$run.log" | tr -d '\n' |
      grep -oE '"name": *"[a-z-]+", *"value": *-?[0-9.]+(e[-+]?[0-9]+)?' | sed -E 's/"name": *"([^"]+)", *"value": */\1 /' >"$run.part" || true
    grep -q fid-own "$run.part" || refuse "$run: $(tail -n 1 "$run.log")"
    "$GANYMEDE" sample "$run" -n 10 --columns 10 --out "$run.png" >>"$run.log" 2>&1
  else
    grep -q 'has diverged' "$run.log" || refuse "$run: $(tail -n 1 "$run.log")"
    grep -oE 'at iteration [0-9]+' "$run.log" | tail -n 1 | sed 's/at iteration/diverged/' >"$run.part"
  fi
  mv "$run.part" "$run.figures"
  echo "loss_study: $1 $2 $3, seed $4: $(head -n 1 "$run.figures")" >&2
}

# figure SET NETWORK OBJECTIVE MEASURE DIGITS: what the seeds gave, with slashes between.
figure() {
  local seed text=
  for seed in "${seeds[@]}"; do
    local f=$out/$1/$2-$3-$seed.figures
    [ -f "$f" ] || { text+=" / -"; continue; }
    text+=" / $(awk -v m="$4" -v digits="$5" '$1 == "diverged" { printf "diverged" } $1 == m { printf "%.*f", digits, $2 }' "$f")"
  done
  echo "${text# / }"
}
# table SET MEASURE DIGITS TITLE NETWORK...
table() {
  local set=$1 measure=$2 digits=$3 objective network
  printf '\n%s\n\n| objective |' "$4"
  shift 4
  printf ' %s |' "$@"
  printf '\n|---|'
  printf -- '---|%.0s' "$@"
  for objective in "${objectives[@]}"; do
    printf '\n| %s |' "$objective"
    for network in "$@"; do printf ' %s |' "$(figure "$set" "$network" "$objective" "$measure" "$digits")"; done
  done
  echo
}
# sheet SET: ten samples of the first seed, a row an objective, a column a network; a class each where the network is given one.
sheet() {
  local width=$((90 + ${#networks[@]} * 300)) height=$((30 + ${#objectives[@]} * 36)) y=30 x o n png
  echo "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 $width $height' width='$width' font-family='sans-serif' font-size='13'><rect width='100%' height='100%' fill='white'/>"
  for n in "${!networks[@]}"; do echo "<text x='$((90 + n * 300))' y='20' font-weight='bold'>${networks[n]}</text>"; done
  for o in "${objectives[@]}"; do
    echo "<text x='8' y='$((y + 19))'>$o</text>"
    x=90
    for n in "${networks[@]}"; do
      png=$out/$1/$n-$o-${seeds[0]}.png
      if [ -f "$png" ]; then echo "<image x='$x' y='$y' width='290' height='31' style='image-rendering:pixelated' href='data:image/png;base64,$(base64 -w 0 "$png")'/>"
      elif grep -qs diverged "${png%.png}.figures"; then echo "<text x='$x' y='$((y + 19))' fill='#a00'>$(cat "${png%.png}.figures")</text>"; fi
      x=$((x + 300))
    done
    y=$((y + 36))
  done
  echo "</svg>"
}

if [ $# = 0 ]; then
  for seed in "${seeds[@]}"; do for set in "${sets[@]}"; do for objective in "${objectives[@]}"; do for network in "${networks[@]}"; do
    cell "$set" "$network" "$objective" "$seed"
  done; done; done; done
fi
labelled=()
for network in "${networks[@]}"; do case $network in sagan | cgan) labelled+=("$network") ;; esac; done
for set in "${sets[@]}"; do
  [ -d "$out/$set" ] || continue
  sheet "$set" >"$out/$set.svg"
  printf '\n## %s\n' "$set"
  table "$set" fid-own 1 "Frechet distance in the features of the self-trained classifier (fid-own), lower is better:" "${networks[@]}"
  table "$set" classes-covered 0 "Classes that hold at least 0.3 of an equal share:" "${networks[@]}"
  table "$set" class-diversity 2 "Variety inside a class, 1 as in the data:" "${networks[@]}"
  [ ${#labelled[@]} = 0 ] || table "$set" agreement 2 "Samples that show the class asked for:" "${labelled[@]}"
done | tee "$out/tables.md"
