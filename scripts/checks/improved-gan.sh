# Salimans et al. 2016: minibatch discrimination keeps modes; unlabelled points help where labels are few.
source "$(dirname "$0")/lib.sh"
ring=(--data mixture:ring8 --batch 64 --steps 1500 --log-every 50 --set kernels=8)
run with improved-gan "${ring[@]}"
run without improved-gan --data mixture:ring8 --batch 64 --steps 1500 --log-every 50 --set minibatch=false
row improved-gan "modes of ring8 found, 1500 iterations" ">=" 7 "$(measured with modes modes-hit -n 5000)" "minibatch discrimination" "$(measured without modes modes-hit -n 5000)"

few=(--data mixture:ring8 --batch 100 --steps 1000 --log-every 50 --set labels=8 --set noise=none --set average=0)
run semi improved-gan "${few[@]}"
run supervised improved-gan "${few[@]}" --set unlabelled=0
row improved-gan "error of the K-way classifier, a label a mode, 1000 iterations" "<" 0.05 "$(measured semi error error)" "unlabelled points" "$(measured supervised error error)"
