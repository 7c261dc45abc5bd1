# Larsen et al. 2016: reconstructions are near their picture in D's features; without the feature distance in the encoder they are not.
source "$(dirname "$0")/lib.sh"
settings=(--data fashion-mnist --size 16 --batch 32 --steps 800 --set width=8 --set latent=32 --set gamma=0.01)
run with vae-gan "${settings[@]}"
run without vae-gan "${settings[@]}" --set llike=0
row vae-gan "distance of F(Dec(E(x))) from F(x) over that from F of other pictures, test pictures, Fashion-MNIST at 16 px, 800 iterations" "<" 0.7 "$(measured with features features -n 1000)" "distance in the encoder (llike=0)" "$(measured without features features -n 1000)"
