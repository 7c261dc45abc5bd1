# Huang et al. 2017: each level draws what E says it was given (conditional terms), and by its noise (Q's terms). Fashion-MNIST.
source "$(dirname "$0")/lib.sh"
common=(stacked-gan --data fashion-mnist --size 16 --batch 64 --steps 1800 --threads 1 --set width=16 --set latent=16 --set latent0=8)
run stack "${common[@]}"
run noiseless "${common[@]}" --set entropy=0
run unconditioned "${common[@]}" --set condition=0
of() { measured "$1" "$2" "$2" -n 1000; }
