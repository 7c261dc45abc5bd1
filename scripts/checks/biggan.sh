# Brock et al. 2019: a class embedding that all blocks share, large batches, samples of an average of G's weights under statistics gathered for them, and truncated noise,
# which buys fidelity with variety. Fashion-MNIST at 16 px; the average is over about a hundred iterations. What pieces of z and orthogonal regularisation bring: docs/models/biggan.md.
source "$(dirname "$0")/lib.sh"
common=(biggan --size 16 --threads 1 --steps 1000 --set width=8 --set ema=0.99)
run whole "${common[@]}" --batch 32
run last "${common[@]}" --batch 32 --set ema=0
run followed "${common[@]}" --batch 32 --set standing=0
run apart "${common[@]}" --batch 32 --set shared=false
run small "${common[@]}" --batch 8
of() { measured "$1" "$2" "$2" -n 2000; }
made="Fashion-MNIST at 16 px, 1000 iterations of 32"
row biggan "samples that show the class asked for, $made" ">" 0.7 "$(of whole agreement)" "the shared embedding (shared=false)" "$(of apart agreement)"
row biggan "the same" ">" 0.7 "$(of whole agreement)" "three quarters of the batch (--batch 8)" "$(of small agreement)"
row biggan "random-feature distance of samples, the same run" "<" 0.02 "$(of whole distance)" "the average of G's weights (ema=0)" "$(of last distance)"
row biggan "the same" "<" 0.02 "$(of whole distance)" "statistics gathered for it (standing=0)" "$(of followed distance)"
row biggan "samples that show the class asked for, noise beyond 0.5 redrawn" ">" 0.85 "$(of whole agreement-at-0.5)" "truncation (agreement-at-inf)" "$(of whole agreement-at-inf)"
row biggan "mean squared distance of two such samples of a class over that of two test pictures" "<" 0.3 "$(of whole variety-at-0.5)" "truncation (variety-at-inf)" "$(of whole variety-at-inf)"
