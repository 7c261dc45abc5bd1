# Liu et al. 2021: coarse features weigh the channels of fine ones. 100 drawn faces at 64 px; distances are to 100 other faces. What the decoders, the changes of what D sees and all of it beside a DCGAN
# bring is too little there for a row: docs/models/fastgan.md.
source "$(dirname "$0")/lib.sh"
common=(fastgan --data shapes:faces,count=100 --size 64 --threads 1 --steps 3000)
run whole "${common[@]}"
run straight "${common[@]}" --set skip=false
of() { measured "$1" "$2" "$2" -n 1000; }
row fastgan "random-feature distance of samples to unseen pictures, 100 drawn faces at 64 px, 3000 iterations of 8" "<" 0.5 "$(of whole distance)" "excitation (skip=false)" "$(of straight distance)"
