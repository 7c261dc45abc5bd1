# Liu et al. 2021: decoders that make D an encoder of the few pictures there are. 100 drawn faces at 64 px; a DCGAN of as many seconds. Distances are to 100 others of the same world.
source "$(dirname "$0")/lib.sh"
common=(--data shapes:faces,count=100 --size 64 --threads 1)
run whole fastgan "${common[@]}" --steps 3000
run alone fastgan "${common[@]}" --steps 3000 --set decoders=0
run dcgan dcgan "${common[@]}" --steps 8000 --batch 16 --set width=16
of() { measured "$1" "$2" "$2" -n 1000; }
row fastgan "Frechet distance of samples to 100 unseen pictures in features of the program's classifier, 100 drawn faces at 64 px, 3000 iterations" "<" 60 "$(of whole fid)" "the decoders (decoders=0)" "$(of alone fid)"
row fastgan "the same" "<" 60 "$(of whole fid)" "all of it (dcgan of width 16, 8000 iterations of 16, as many seconds)" "$(of dcgan fid)"
