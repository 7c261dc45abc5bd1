#include "gan/models.h"

#include <algorithm>

namespace ganymede {

namespace {

// Models by what they draw from.
std::deque<Model> listed(const std::vector<std::pair<std::string, std::vector<Model>>>& kinds) {
  std::deque<Model> all;
  for (const auto& [from, models] : kinds)
    for (const Model& m : models) all.push_back(m), all.back().from = from;
  return all;
}

std::deque<Model>& all_models() {
  static std::deque<Model> all = listed({
      {"noise", {
          {"gan", "Generative Adversarial Nets", 2014, "1406.2661", "multi-layer perceptrons, maxout discriminator", {"image|point"}, gan, 0, 100, 12000},
          {"dcgan", "Unsupervised Representation Learning with Deep Convolutional GANs", 2016, "1511.06434", "strided convolutions and batch norm", {"image"}, dcgan, 32, 64, 4000},
          {"wgan", "Wasserstein GAN", 2017, "1701.07875", "a critic with bounded weights that estimates the earth-mover distance", {"image|point"}, wgan, 32, 64, 2000},
          {"wgan-gp", "Improved Training of Wasserstein GANs", 2017, "1704.00028", "a critic kept smooth by a penalty on its gradient", {"image|point"}, wgan_gp, 32, 64, 1500},
          {"f-gan", "f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization", 2016, "1606.00709", "any f-divergence through its variational bound", {"image|point"}, f_gan, 32, 64, 4000},
          {"improved-gan", "Improved Techniques for Training GANs", 2016, "1606.03498", "minibatch discrimination, feature matching, virtual batch norm and more, each a switch", {"image|point"}, improved_gan, 32, 100, 4000},
          {"lapgan", "Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks", 2015, "1506.05751", "a small picture, and level by level the details that enlarging it lacks", {"image"}, lapgan, 32, 64, 3000},
          {"progressive-gan", "Progressive Growing of GANs for Improved Quality, Stability, and Variation", 2018, "1710.10196", "both networks grow from 4 pixels up, each resolution blended in", {"image"}, progressive_gan, 32, 16, 6000},
          {"stylegan2", "Analyzing and Improving the Image Quality of StyleGAN", 2020, "1912.04958", "a style for each convolution of G, and penalties on the slopes of D and of G", {"image"}, stylegan2, 32, 16, 6000},
          {"r3gan", "The GAN is dead; long live the GAN! A Modern GAN Baseline", 2024, "2501.05441", "a relativistic loss with penalties on both slopes of D, and networks without norms", {"image"}, r3gan, 16, 16, 5000},
          {"fastgan", "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis", 2021, "2101.04775", "from few pictures: D must also draw them again from its features", {"image"}, fastgan, 64, 8, 3000, "shapes:faces,count=100"},
          {"ss-gan", "Generative Image Modeling using Style and Structure Adversarial Networks", 2016, "1603.05631", "surface normals, then a picture that a fixed estimator must read them from", {"a", "b"}, ss_gan, 32, 64, 8000, "solids"},
      }},
      {"a label, or codes", {
          {"cgan", "Conditional Generative Adversarial Nets", 2014, "1411.1784", "both players are given the label", {"image", "label"}, cgan, 28, 100, 6000},
          {"acgan", "Conditional Image Synthesis with Auxiliary Classifier GANs", 2017, "1610.09585", "D also says the class", {"image|point", "label"}, acgan, 32, 100, 3000},
          {"infogan", "InfoGAN: Interpretable Representation Learning by Information Maximizing GANs", 2016, "1606.03657", "codes that D must read off the picture", {"image"}, infogan, 28, 128, 5000},
          {"sagan", "Self-Attention Generative Adversarial Networks", 2019, "1805.08318", "attention, spectral norm, classes by projection", {"image", "label"}, sagan, 32, 64, 3000},
          {"biggan", "Large Scale GAN Training for High Fidelity Natural Image Synthesis", 2019, "1809.11096", "pieces of z and a shared class embedding in every block, orthogonal weights, averaged G; truncated noise", {"image", "label"}, biggan, 16, 32, 4000},
          {"stacked-gan", "Stacked Generative Adversarial Networks", 2017, "1612.04357", "a classifier turned around: features from a label, a picture from features", {"image", "label"}, stacked_gan, 28, 100, 3000},
          {"ppgn", "Plug & Play Generative Networks: Conditional Iterative Generation of Images in Latent Space", 2017, "1612.00005", "codes that walk to where a classifier, this or any other, sees what is wanted", {"image", "label"}, ppgn, 32, 32, 4000, "shapes:single,plain=1,label=both"},
      }},
      {"words", {
          {"gan-int-cls", "Generative Adversarial Text to Image Synthesis", 2016, "1605.05396", "pictures from captions; D must tell pairs that do not fit", {"image", "tokens", "characters"}, gan_int_cls, 32, 64, 6500, "shapes:single,plain=1,label=both"},
          {"stackgan", "StackGAN: Text to Photo-realistic Image Synthesis with Stacked Generative Adversarial Networks", 2017, "1612.03242", "pictures from captions in two stages, small and then larger", {"image", "tokens", "characters"}, stackgan, 32, 64, 6500, "shapes:single,plain=1,label=both"},
          {"stackgan-pp", "StackGAN++: Realistic Image Synthesis with Stacked Generative Adversarial Networks", 2018, "1710.10916", "pictures of several sizes at once from one tree of features, by caption or from noise", {"image"}, stackgan_pp, 64, 32, 5000, "shapes:single,plain=1,label=both"},
          {"attngan", "AttnGAN: Fine-Grained Text to Image Generation with Attentional Generative Adversarial Networks", 2018, "1711.10485", "pictures from captions, whose details look at single words; a matching model of words and regions", {"image", "tokens"}, attngan, 32, 32, 4000, "shapes:single,plain=1,label=both"},
          {"tac-gan", "TAC-GAN - Text Conditioned Auxiliary Classifier Generative Adversarial Network", 2017, "1703.06412", "pictures from captions; D also says the class", {"image", "tokens", "characters", "label"}, tac_gan, 32, 64, 4500, "shapes:single,plain=1,label=both"},
          {"gawwn", "Learning What and Where to Draw", 2016, "1610.02454", "pictures from captions, in a box or at keypoints", {"image", "tokens", "characters", "boxes", "keypoints"}, gawwn, 32, 32, 6500, "shapes:objects=1,plain=1,label=both,count=40000"},
      }},
      {"a picture and back: encoders", {
          {"vae", "Auto-Encoding Variational Bayes", 2014, "1312.6114", "encoder and decoder under a bound on the likelihood", {"image|point"}, vae, 0, 128, 4000},
          {"vae-gan", "Autoencoding beyond pixels using a learned similarity metric", 2016, "1512.09300", "a variational autoencoder that measures pictures by a discriminator's features", {"image"}, vae_gan, 32, 64, 4000},
          {"bigan", "Adversarial Feature Learning", 2017, "1605.09782", "a discriminator of pairs (x, E(x)) and (G(z), z)", {"image|point"}, bigan, 0, 128, 8000},
          {"ali", "Adversarially Learned Inference", 2017, "1606.00704", "the same with a stochastic encoder", {"image|point"}, ali, 32, 100, 8000},
          {"mrgan", "Mode Regularized Generative Adversarial Networks", 2017, "1612.02136", "an encoder that pulls the generator to missed modes; manifold and diffusion steps", {"image|point"}, mrgan, 32, 64, 4000},
          {"f-anogan", "f-AnoGAN: Fast unsupervised anomaly detection with generative adversarial networks", 2019, "", "a generator of what is normal and an encoder to it, which show what is not", {"image"}, f_anogan, 32, 64, 4000, "normal:sneaker,fashion-mnist", false, false, {}, "10.1016/j.media.2019.01.010"},
      }},
      {"noise, with the probability of each picture", {
          {"glow", "Glow: Generative Flow with Invertible 1x1 Convolutions", 2018, "1807.03039", "invertible steps between pictures and noise: exact likelihood and exact codes", {"image"}, glow, 16, 64, 2500},
          {"pixelcnn", "PixelCNN++: Improving the PixelCNN with Discretized Logistic Mixture Likelihood and Other Modifications", 2017, "1701.05517", "pixel by pixel, each drawn from what the pixels before it say of it: exact likelihood", {"image"}, pixelcnn, 16, 16, 2500},
      }},
      {"two domains", {
          {"cogan", "Coupled Generative Adversarial Networks", 2016, "1606.07536", "two domains tied by shared weights, without pairs", {"a", "b"}, cogan, 28, 64, 3000, "halves:fashion-mnist,negative"},
          {"unit", "Unsupervised Image-to-Image Translation Networks", 2017, "1703.00848", "between two sides without pairs, through one code that both share", {"a", "b"}, unit, 32, 4, 1000, "shapes:unpaired", true},
      }},
      {"a picture, to the same on another side", {
          {"pix2pix", "Image-to-Image Translation with Conditional Adversarial Networks", 2017, "1611.07004", "from pairs of pictures: a U-Net, and a judge of patches of pairs", {"a", "b"}, pix2pix, 64, 1, 4000, "shapes:pairs", true},
          {"pan", "Perceptual Adversarial Networks for Image-to-Image Transformation", 2018, "1706.09138", "from pairs of pictures: the distance is of D's own features, which D makes as large as a margin", {"a", "b"}, pan, 64, 4, 5000, "shapes:pairs,from=rain,count=2000", true},
          {"pldt", "Pixel-Level Domain Transfer", 2016, "1603.07442", "from sources to the product that they show, through a short code: one judge of realism, one of belonging together", {"a", "b", "a_other", "b_other"}, pldt, 32, 16, 4000, "shapes:products,count=5000,objects=1,kinds=circle+square+triangle+star+heart,spread=0,tilt=0"},
          {"spade", "Semantic Image Synthesis with Spatially-Adaptive Normalization", 2019, "1903.07291", "from label maps: norms whose gain and bias say at each place what is to be there", {"a", "b", "semantic"}, spade, 64, 4, 3000, "landscapes", true},
          {"bicyclegan", "Toward Multimodal Image-to-Image Translation", 2017, "1711.11586", "from pairs, many outputs for an input: a code for what the input leaves open", {"a", "b"}, bicyclegan, 64, 2, 4000, "shapes:pairs", false},
          {"cyclegan", "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", 2017, "1703.10593", "between two sides without pairs, there and back again", {"a", "b"}, cyclegan, 64, 1, 4000, "shapes:unpaired", true},
          {"discogan", "Learning to Discover Cross-Domain Relations with Generative Adversarial Networks", 2017, "1703.05192", "between two sides without pairs, one to one by reconstructions", {"a", "b"}, discogan, 32, 16, 1500, "shapes:unpaired", false, true},
          {"dualgan", "DualGAN: Unsupervised Dual Learning for Image-to-Image Translation", 2017, "1704.02510", "between two sides without pairs, by Wasserstein critics, there and back", {"a", "b"}, dualgan, 64, 1, 2000, "shapes:unpaired,a=hollow,b=blue", true},
          {"distancegan", "One-Sided Unsupervised Domain Mapping", 2017, "1706.00826", "one way between two sides without pairs: distances between pictures are kept", {"a", "b"}, distancegan, 32, 16, 1500, "shapes:unpaired", true},
          {"dtn", "Unsupervised Cross-Domain Image Generation", 2017, "1611.02200", "from what a network that knows the classes of one side sees to the other side, without pairs", {"a", "b", "label"}, dtn, 32, 32, 3000, "shapes:unpaired,a=textured,b=chalk,labels=1,central=1,kinds=circle+square+triangle+star+heart"},
          {"cut", "Contrastive Learning for Unpaired Image-to-Image Translation", 2020, "2007.15651", "one way between two sides without pairs: each place of a picture is told from its others", {"a", "b"}, cut, 32, 4, 3000, "shapes:unpaired,truth=1", true},
      }},
      {"a picture, with other attributes or objects", {
          {"stargan", "StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image Translation", 2018, "1711.09020", "one generator for all attributes of a picture, and a critic that also names them", {"image", "attributes|label"}, stargan, 32, 8, 7000, "shapes:attributes,without=hat+frame+dark"},
          {"stargan-v2", "StarGAN v2: Diverse Image Synthesis for Multiple Domains", 2020, "1912.01865", "to any of several domains, in a random style of it or in that of another picture", {"image", "attributes|label"}, stargan_v2, 32, 8, 3000, "shapes:attributes,without=hat+frame"},
          {"fader-networks", "Fader Networks: Manipulating Images by Sliding Attributes", 2017, "1706.00409", "an autoencoder whose code is made to say nothing of attributes, which the decoder is told", {"image", "attributes|label"}, fader_networks, 32, 32, 4000, "shapes:attributes,without=hat+frame+dark"},
          {"genegan", "GeneGAN: Learning Object Transfiguration and Attribute Subspace from Unpaired Data", 2017, "1705.04932", "a code of background and object, which moves from picture to picture", {"a", "b"}, genegan, 32, 16, 6000, "sides:hat,shapes:faces"},
          {"residual-gan", "Learning Residual Images for Face Attribute Manipulation", 2017, "1612.05363", "what is to be added to a picture to give or take an attribute", {"a", "b", "image", "attributes"}, residual_gan, 32, 16, 3000, "sides:hat,shapes:faces"},
          {"conditional-cyclegan", "Attribute-Guided Face Generation Using Conditional CycleGAN", 2018, "1705.09966", "from a low picture and attributes, or a feature of another picture, to a high one, there and back without pairs", {"image", "attributes|label"}, conditional_cyclegan, 32, 8, 4000, "shapes:attributes,without=frame+dark"},
          {"semi-latent-gan", "Semi-Latent GAN: Learning to Generate and Modify Facial Images from Attributes", 2017, "1704.02166", "one decoder makes pictures from attributes and noise, and changes attributes of encoded pictures", {"image", "attributes|label"}, semi_latent_gan, 32, 16, 5000, "shapes:attributes,without=hat+frame+dark"},
      }},
      {"a picture or clip, larger", {
          {"srcnn", "Image Super-Resolution Using Deep Convolutional Networks", 2014, "1501.00092", "three convolutions sharpen a bicubically enlarged picture", {"low", "high"}, srcnn, 48, 16, 3000, "shapes:sr,scale=3,plain=1", true},
          {"espcn", "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016, "1609.05158", "convolutions of the low picture, then a pixel shuffle", {"low", "high"}, espcn, 51, 16, 5000, "shapes:sr,scale=3,plain=1", true},
          {"drcn", "Deeply-Recursive Convolutional Network for Image Super-Resolution", 2016, "1511.04491", "one convolution applied again and again, each time a picture, all of them averaged", {"low", "high"}, drcn, 42, 8, 3000, "shapes:sr,scale=2,plain=1", true},
          {"srgan", "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network", 2017, "1609.04802", "a residual generator (SRResNet), then an adversary and features of VGG-19", {"low", "high"}, srgan, 32, 16, 3000, "shapes:sr,scale=4,plain=1", true},
          {"esrgan", "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", 2018, "1809.00219", "dense blocks without norms, features before their relu, and a judge that compares; begins with public weights if asked", {"low", "high"}, esrgan, 32, 16, 3000, "shapes:sr,scale=4,plain=1", true},
          {"face-sr-wgan", "Face Super-Resolution Through Wasserstein GANs", 2017, "1705.02438", "a generator tied to the low picture, and a critic of the high ones", {"low", "high"}, face_sr_wgan, 64, 16, 2000, "shapes:sr,scale=4,plain=1,degradation=area", true},
          {"vespcn", "Real-Time Video Super-Resolution with Spatio-Temporal Networks and Motion Compensation", 2017, "1611.05250", "frames of a clip enlarged with their neighbours, which a learned flow brings to their place", {"clip"}, vespcn, 48, 8, 3000, "shapes:clips,frames=3,plain=1", true},
      }},
      {"a picture with holes", {
          {"deepfill", "Free-Form Image Inpainting with Gated Convolution", 2019, "1806.03589", "holes filled in two passes: convolutions that learn what to take from missing pixels, and patches from elsewhere", {"image", "mask"}, deepfill, 32, 8, 3000, "holes:both,landscapes:light=noon", true},
      }},
      {"a picture, in another's style", {
          {"perceptual-losses", "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", 2016, "1603.08155", "pictures in another's style, or larger, by features of VGG-16", {"image|high"}, perceptual_losses, 64, 4, 1500, "shapes", true},
      }},
      {"a distorted picture, upright and named", {
          {"stn", "Spatial Transformer Networks", 2015, "1506.02025", "a classifier that first turns and moves its pictures, as only the classes teach it", {"image", "label"}, stn, 32, 64, 5500},
      }},
      {"one picture alone", {
          {"singan", "SinGAN: Learning a Generative Model from a Single Natural Image", 2019, "1905.01164", "one picture, a pyramid of generators of patches", {"image"}, singan_model, 0, 1, 20000, "shapes", true},
      }},
  });
  return all;
}

}  // namespace

const std::deque<Model>& models() { return all_models(); }

void add_model(Model model) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (model.id.empty() || !std::all_of(model.id.begin(), model.id.end(), fits))
    throw UsageError("a model's id is " + model.id + ": it must be of small letters, digits and dashes");
  for (const Model& m : models())
    if (m.id == model.id) throw UsageError("there is a model " + m.id + " already (" + m.paper + "): choose another id");
  all_models().push_back(std::move(model));
}

const Model& find_model(const std::string& id) {
  std::string list;
  for (const Model& m : models()) {
    if (m.id == id) return m;
    list += (list.empty() ? "" : ", ") + m.id;
  }
  throw UsageError("unknown model " + id + ": there are " + list);
}

}  // namespace ganymede
