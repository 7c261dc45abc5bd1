# Yin et al. 2017: one decoder makes pictures from attributes and noise, and changes attributes of encoded pictures. What Rec reads ties pictures to their
# attributes, generated and modified ones, and latents to pictures; what Enc reads lets a picture be edited whose attributes nobody says. Shapes of three colours, filled or outlined.
source "$(dirname "$0")/lib.sh"
shapes=(semi-latent-gan --seed 3)
run with "${shapes[@]}"
run unread "${shapes[@]}" --steps 3000 --set latent_weight=0
run unsaid "${shapes[@]}" --steps 3000 --set encoder_weight=0
run loose "${shapes[@]}" --steps 3000 --set modified_weight=0
run unnamed "${shapes[@]}" --steps 3000 --set attribute_weight=0
of() { measured "$1" "$2" "$2" -n 400; }
row semi-latent-gan "attributes of generated pictures in which a classifier trained apart finds what was asked for, shapes 32 px, 5000 iterations" ">" 0.8 "$(of with generated)" "Rec's attributes (attribute_weight=0, 3000 iterations)" "$(of unnamed generated)"
row semi-latent-gan "edited unseen pictures in which it finds the change, the same run" ">" 0.85 "$(of with edited)" "Rec's attributes on modified pictures (modified_weight=0, 3000 iterations)" "$(of loose edited)"
row semi-latent-gan "the same, of pictures whose attributes Enc had to read, with all attributes as they are to be, the same run" ">" 0.8 "$(of with edited-by-reading)" "Enc's attributes (encoder_weight=0, 3000 iterations)" "$(of unsaid edited-by-reading)"
row semi-latent-gan "correlation of latents with what Rec reads off generated pictures, the same run" ">" 0.8 "$(of with latent-correlation)" "Rec's latents (latent_weight=0, 3000 iterations)" "$(of unread latent-correlation)"
row semi-latent-gan "largest correlation of a latent with the place or the size of the thing in a generated picture, the same run" ">" 0.6 "$(of with swept-factor)" - -
row semi-latent-gan "how far the thing in a picture moves when edited, in sides, the same run" "<" 0.06 "$(of with moved)" - -
