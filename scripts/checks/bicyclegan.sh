# Zhu et al. 2017b: a code that can be read back from the output is used; noise beside the input of pix2pix, with that paper's weight
# of L1 and its discriminator of pairs, is not. Shapes of 32 px on a plain ground, from outlines, any of eight colours.
source "$(dirname "$0")/lib.sh"
common=(bicyclegan --data shapes:pairs,plain=1,objects=1,with=semantic --size 32 --batch 8 --steps 5000 --set width=12 --set latent=2 --set rate=1e-3 --set dropout=0)
run both "${common[@]}"
run noise "${common[@]}" --set method=pix2pix+noise --set lambda_l1=100 --set inject=input --set conditional=true
row bicyclegan "distance between an object's colours over 20 z, over that between real objects" ">=" 0.5 "$(measured both colour_diversity colour_diversity -n 50)" "both cycles (pix2pix+noise)" "$(measured noise colour_diversity colour_diversity -n 50)"
row bicyclegan "hue of an object in the style of another picture, degrees from that picture's" "<=" 45 "$(measured both style_hue style_hue -n 200)" "that picture's code (own target's hue)" "$(measured both style_hue_other style_hue_other -n 200)"
row bicyclegan "correlation of mu(G(A, z)) with z" ">=" 0.5 "$(measured both recovery recovery -n 200)" "-" -
