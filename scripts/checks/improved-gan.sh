# Improved GAN: modes with minibatch discrimination and without; few labels with unlabelled pictures and without.
source "$(dirname "$0")/common.sh"
ring="--data mixture:ring8 --batch 128 --steps 3000 --log-every 50"
train with improved-gan $ring
train without improved-gan $ring --set minibatch=false
report improved-gan "modes of ring8 found" ">= 7" "$(measure with modes 5000 modes-hit)" "$(measure without modes 5000 modes-hit)"

# D* = alpha p / (p + q): its highest value is alpha.
few="--data mixture:ring8 --batch 100 --steps 1500 --log-every 50 --set labels=8 --set noise=none --set average=0"
train semi improved-gan $few
train supervised improved-gan $few --set unlabelled=0
semi=$(measure semi error) supervised=$(measure supervised error)
report improved-gan "error with 1 label a mode / supervised only" "< 0.7" "$(calculate "$semi / ($supervised + 1e-9)")" "1"
exit $failed
