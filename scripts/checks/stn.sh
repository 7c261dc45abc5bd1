# Jaderberg et al. 2015: a classifier of turned garments errs less with a spatial transformer before it than without one, at as many steps and about as many weights (46 472 by
# affine transforms, 46 407 without), and sees the garments turned less than they come. Fashion-MNIST at 32 px, linear layers, batches of 64; two seeds each.
source "$(dirname "$0")/lib.sh"
for seed in 1 2; do
  run rst$seed stn --seed $seed
  run plain$seed stn --seed $seed --set transform=none --set units=43
  run affine$seed stn --seed $seed --set rotation=60 --set transform=affine
  run none$seed stn --seed $seed --set rotation=60 --set transform=none --set units=43
done
run projective1 stn --seed 2 --set rotation=60 --set transform=projective
of() { average "$1" "$2" "$2" -n 10000; }
row stn "test garments turned by up to 90 degrees whose class is not found, 5500 iterations, rst, mean of two seeds" "<" 0.21 "$(of rst error)" "the transformer (transform=none)" "$(of plain error)"
row stn "how far they are turned from their common angle when they are classified, mean of degrees, the same runs" "<" 30 "$(of rst rotation_left)" "the transformer, so as they come (transform=none)" "$(of plain rotation_left)"
row stn "the error with turns of up to 60 degrees, affine, mean of two seeds" "<" 0.19 "$(of affine error)" "the transformer (transform=none)" "$(of none error)"
row stn "degrees left, the same runs" "<" 27 "$(of affine rotation_left)" "the transformer (transform=none)" "$(of none rotation_left)"
row stn "degrees left, projective, one seed" "<" 27 "$(of projective rotation_left)" "the transformer (transform=none)" "$(of none rotation_left)"
