# Schlegl et al. 2019: sneakers alone are learned, 1000 other ones and 9000 other garments told apart. A generator that has learned what is normal, and an
# encoder that has been trained to it, are what does it: without either, and by the critic alone, fewer are in order. The worst of three seeds.
source "$(dirname "$0")/lib.sh"
settings=(--data normal:sneaker,fashion-mnist --log-every 100 --threads 1)
all() { run with1 f-anogan "${settings[@]}" --steps 3000 --set gan_steps=500 --seed 1; run with3 f-anogan "${settings[@]}" --steps 3000 --set gan_steps=500 --seed 3; }
all &
run with2 f-anogan "${settings[@]}" --steps 3000 --set gan_steps=500 --seed 2
run unlearned f-anogan "${settings[@]}" --steps 3000 --set gan_steps=1
run unencoded f-anogan "${settings[@]}" --steps 501 --set gan_steps=500
run codes f-anogan "${settings[@]}" --steps 3000 --set gan_steps=500 --set encoder=ziz
wait $!   # with its failure, if any
auroc() { measured "$1" "$2" "$2" -n 10000; }
worst=$(least with auroc auroc -n 10000)
row f-anogan "anomalous garments above normal sneakers (auroc), 500 iterations of GAN and 2500 of E, worst of 3 seeds" ">" 0.96 "$worst" "training of G (gan_steps=1)" "$(auroc unlearned auroc)"
row f-anogan "the same" ">" 0.96 "$worst" "training of E (one step)" "$(auroc unencoded auroc)"
row f-anogan "the same" ">" 0.96 "$worst" "E and G: the critic alone" "$(largest with auroc_critic auroc_critic -n 10000)"
row f-anogan "the same" ">" 0.96 "$worst" "pictures in E's loss (encoder=ziz)" "$(auroc codes auroc)"
row f-anogan "anomalous garments found where 5 % of the sneakers are, the same runs" ">" 0.85 "$(least with found found -n 10000)" - -
