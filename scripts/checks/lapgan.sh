# Denton et al. 2015: details, level by level, by a G that sees the enlarged picture and a D that sees them on it. Fashion-MNIST of 32 px from 8.
source "$(dirname "$0")/lib.sh"
common=(lapgan --data fashion-mnist --size 32 --batch 64 --threads 1)
run levels "${common[@]}" --steps 1500
run alone "${common[@]}" --steps 1500 --set sees=details
# One fully connected pair at 32 px, as long: its iterations take a quarter of the time.
run single "${common[@]}" --steps 5500 --set coarsest=32
of() { measured "$1" "$2" "$2" -n 1000; }
for side in 16 32; do
  row lapgan "energy of details of $side px in enlarged real pictures with G's, over that of real ones, 1500 iterations" in 0.5:1.5 "$(of levels detail-$side)" "G (enlarged alone)" "$(of levels detail-without-$side)"
done
row lapgan "pictures of 16 px with the details of another that D takes for generated" ">" 0.8 "$(of levels mismatch-16)" "the enlarged picture in D" "$(of alone mismatch-16)"
row lapgan "random-feature distance of samples over that of a fully connected GAN of 32 px, trained as long (5500 iterations)" "<" 1 "$(calculate "$(of levels distance) / $(of single distance)")" "levels (by definition)" 1
row lapgan "deviation of G's details of 32 px over noise, by that over noise and pictures" ">" 0.05 "$(of levels noise-32)" - -
