# GAN: the best discriminator of a fixed generator; a mixture learned; why G's loss is not log(1 - D).
source "$(dirname "$0")/common.sh"
line="--data mixture:gaussian --batch 256 --log-every 50"

# G stays at a standard normal while D learns; without learning D is off.
train fixed gan $line --set network=gaussian --set head_start=1500 --steps 1500 --set rate=0.002
train untrained gan $line --set network=gaussian --set head_start=1 --steps 1
report gan "largest |D - p/(p+q)|, G fixed" "< 0.05" "$(measure fixed d-error)" "$(measure untrained d-error)"
gap() { calculate "sqrt(($(measure "$1" d-value) - $(measure "$1" best-value))^2)"; }
report gan "V against -log 4 + 2 JSD" "< 0.02" "$(gap fixed)" "$(gap untrained)"

# G learns one normal: mean 0.3, deviation 0.2. The last run has a rate of 0 for comparison.
off() { calculate "(($(measure "$1" sample-mean) - 0.3)^2 > ($(measure "$1" sample-deviation) - 0.2)^2) ? sqrt(($(measure "$1" sample-mean) / 0.3 - 1)^2) : sqrt(($(measure "$1" sample-deviation) / 0.2 - 1)^2)"; }
train learned gan $line --set network=gaussian --steps 3000
report gan "mean and deviation of G, relative error" "< 0.1" "$(off learned)" "$(off untrained)"
report gan "|L_D - log 2| at the end" "< 0.02" "$(calculate "sqrt(($(logged learned D+G/D 10) - 0.6931)^2)")" "$(calculate "sqrt(($(logged fixed D+G/D 10) - 0.6931)^2)")"

# A discriminator that is ahead leaves the saturating loss without a gradient.
far="--data mixture:ring8 --batch 128 --log-every 50 --set head_start=600 --steps 600"
train heuristic gan $far
train saturating gan $far --set generator=minimax
report gan "|grad G| non-saturating / given loss, D ahead" "< 1.5" "$(calculate "$(logged heuristic grad_norm/G) / $(logged heuristic grad_norm/G)")" "$(calculate "$(logged heuristic grad_norm/G) / $(logged saturating grad_norm/G)")"
exit $failed
