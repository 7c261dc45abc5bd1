# Liu et al. 2021: coarse features weigh the channels of fine ones. 100 drawn faces at 64 px; distances are to 100 other faces. What the decoders, the changes
# of what D sees and all of it beside a DCGAN bring is too little there for a row: docs/models/fastgan.md.
source "$(dirname "$0")/lib.sh"
common=(fastgan --data shapes:faces,count=100 --size 64 --threads 1 --steps 3000)
run whole "${common[@]}"
run straight "${common[@]}" --set skip=false
of() { measured "$1" "$2" "$2" -n 1000; }
drawn="100 drawn faces at 64 px, 3000 iterations of 8"
row fastgan "random-feature distance of samples to unseen pictures, $drawn" "<" 0.45 "$(of whole distance)" "excitation (skip=false)" "$(of straight distance)"
row fastgan "Frechet distance in features of the program's classifier, the same" "<" 30 "$(of whole fid)" "excitation" "$(of straight fid)"
row fastgan "mean squared distance of two samples over that of two unseen pictures, the same" "<" 1.25 "$(of whole variety)" "excitation" "$(of straight variety)"
