# Chen et al. 2016: the codes can be read off the picture: L_I reaches 0.9 log 10, and a continuous code agrees with what Q says of it
# (a correlation of 0.8 leaves an error of 0.36 / 3); without the term G drops the codes. What a Q that nobody
# trained sorts garments by is chance (0.36 of them in one reading, 0.42 in another): means of five seeds.
source "$(dirname "$0")/lib.sh"
settings=(--data fashion-mnist --size 16 --batch 64 --steps 800 --set width=32 --set rate_d=5e-4)
for seed in 1 2 3 4 5; do
  run "with$seed" infogan "${settings[@]}" --seed "$seed"
  run "without$seed" infogan "${settings[@]}" --seed "$seed" --set lambda=0 --set lambda_continuous=0
done
both() { row infogan "$1, mean of 5 seeds" "$3" "$4" "$(average with "$2" "$2" -n 2000)" "information (lambda=0)" "$(average without "$2" "$2" -n 2000)"; }
both "information L_I between the code of 10 values and the picture in nats, Fashion-MNIST at 16 px, 800 iterations" information ">=" 2.07
both "squared error of the continuous codes that Q reads off the picture, 1/3 at chance" code-error "<" 0.12
both "test pictures whose class is the one that their code value meets most, of 10 classes" code-accuracy ">=" 0.4
