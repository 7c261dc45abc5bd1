# Liu et al. 2021: decoders that make D an encoder of real pictures, excitation of fine channels by coarse features, two sizes, for few pictures. 100 drawn faces at 64 px, 1500 iterations; a DCGAN of as many
# seconds. Distances are to 100 others of the same world.
source "$(dirname "$0")/lib.sh"
common=(--data shapes:faces,count=100 --size 64 --threads 1)
run whole fastgan "${common[@]}" --steps 1500
run alone fastgan "${common[@]}" --steps 1500 --set decoders=0
run unchanged fastgan "${common[@]}" --steps 1500 --set augment=0
run dcgan dcgan "${common[@]}" --batch 16 --steps 3500 --set width=16
