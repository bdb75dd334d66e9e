#include "cli_help.h"

#include <iostream>

#include "apps/build_info.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

struct CommandHelp {
  const char* name;
  const char* synopsis;
  const char* summary;
  const char* details;
};

constexpr CommandHelp kCommands[] = {
    {"adapt",
     "segue adapt CONFIG [--set table.name=VALUE]... [--name NAME | --out DIR] [--init WEIGHTS] [--dry-run]\n"
     "       segue adapt --resume=RUN [--set table.name=VALUE]...",
     "the whole loop: from labelled synthetic images and unlabelled real ones to a model for the real ones",
     "  CONFIG                   TOML of task adapt; 'segue config default adapt' prints one to start from\n"
     "  --set table.name=VALUE   replaces a setting; may be repeated\n"
     "  --name NAME              of the run's folder in log.dir; default: that of the file. A folder that exists is "
     "left\n"
     "                           alone: the run goes to NAME-2, NAME-3, ...\n"
     "  --out DIR                the run's folder itself\n"
     "  --init WEIGHTS           model.init: what the segmentation models start from\n"
     "  --device D, --seed S     train.device, train.seed\n"
     "  --dry-run                check settings and data, print the stages and what they need, write nothing\n"
     "  --resume[=RUN]           go on: finished stages are skipped, the one that was cut off goes on where it was, to "
     "the\n"
     "                           same bits as without a stop; without =RUN: the run that CONFIG names\n"
     "  --allow-different-bits   resume although instruction set, convolution plans or data differ\n"
     "\n"
     "  Stages, each in its folder of the run: source-only (the baseline), translator (CycleGAN), translated (the "
     "source\n"
     "  images in the target's style), teacher (trained on these), round-1-labels (its labels for the target), "
     "round-1\n"
     "  (a student on both), round-2-labels, ..., ceiling (trained on target labels, if data.ceiling is set). Trained\n"
     "  stages are scored on data.val with their last checkpoint; stages.json and the table at the end have the "
     "results.\n"
     "  SIGINT and SIGTERM save and end with 130 or 143; a second one ends at once.\n"},
    {"train",
     "segue train CONFIG [--set table.name=VALUE]... [--name NAME | --out DIR] [--init WEIGHTS] [--dry-run]\n"
     "       segue train --resume=RUN [--set table.name=VALUE]...",
     "train one stage: a segmentation or a translation model",
     "  CONFIG                   TOML; 'segue config default segment' (or translate) prints one to start from\n"
     "  --set table.name=VALUE   replaces a setting; may be repeated\n"
     "  --name NAME              of the run's folder in log.dir; default: that of the file. A folder that exists is "
     "left\n"
     "                           alone: the run goes to NAME-2, NAME-3, ...\n"
     "  --out DIR                the run's folder itself\n"
     "  --init WEIGHTS           start from these weights, at step 0\n"
     "  --device D, --seed S     train.device, train.seed\n"
     "  --dry-run                run one step, print settings, data, sizes and memory, write nothing\n"
     "  --resume[=RUN]           go on with a run from its last checkpoint, to the same bits as without a stop; "
     "without\n"
     "                           =RUN: the run that CONFIG names. Its settings stay, but for train.steps, "
     "train.eval_every,\n"
     "                           train.device, train.threads, train.watch_nan, train.shadow, data.workers and "
     "log.*\n"
     "  --allow-different-bits   resume although instruction set, convolution plans or data differ\n"
     "\n"
     "  The run's folder: config.toml, train.log, metrics.jsonl, TensorBoard's event files, checkpoints/, samples/.\n"
     "  SIGINT and SIGTERM finish the step, save, and end with 130 or 143; a second one ends at once.\n"},
    {"translate",
     "segue translate WEIGHTS|RUN DIR -o OUT [--size HxW | --width W]\n"
     "       segue translate WEIGHTS|RUN --data SPEC -o OUT [--split S] [--size HxW | --width W] [--classes TABLE]",
     "images to the look of another domain, with a generator of CycleGAN",
     "  WEIGHTS         a generator of segue or of pytorch-CycleGAN-and-pix2pix\n"
     "  RUN             the folder of a run of task translate: its last generator from source to target\n"
     "  DIR             a folder of images (.png, .jpg, also in folders below), or one image; OUT gets DIR's names "
     "and\n"
     "                  folders, as .png\n"
     "  --data SPEC     a labelled data set: OUT becomes one, with images/, labels/ and classes.toml; read it as\n"
     "                  folder:OUT\n"
     "  --split S       of the data set (train)\n"
     "  --classes TABLE of its labels: cityscapes, or a TOML file (cityscapes)\n"
     "  -o OUT          a new or empty folder, or one that the same command has begun: what is there is not made "
     "again\n"
     "  --size HxW      height and width of the results; images are resized first, labels with them\n"
     "  --width W       the same, height by the shape of the image; a generator works best at the scale it was trained "
     "at\n"
     "  --device D, --precision P, --threads N\n"
     "                  auto, cpu or cuda; f32, tf32, bf16 or fp16 (cuda); of the cpu\n"
     "\n"
     "  Images of any size: borders are mirrored up to a multiple of 4 px and cut off again. An image that cannot be "
     "read\n"
     "  is reported and left out; the exit code is then 3.\n"},
    {"pseudo",
     "segue pseudo WEIGHTS|RUN --data SPEC -o OUT [--threshold T] [--per-class SHARE] [--flip] [--scales A,B,...]",
     "label images with a model, where it is confident: a data set to train on",
     "  WEIGHTS, RUN    as for 'segue eval'\n"
     "  --data SPEC     images, with labels or without: cityscapes:PATH, folder:PATH, ...; labels are not looked at\n"
     "  --split S       of the data set (train)\n"
     "  -o OUT          a new or empty folder, or one that the same command has begun, which goes on; read it as "
     "folder:OUT\n"
     "  --threshold T   least confidence, the probability of the most likely class (0.9); other pixels are ignored\n"
     "  --per-class SHARE\n"
     "                  a class of which less than SHARE reaches T keeps its most confident SHARE; counts first, so "
     "takes\n"
     "                  twice the time. With --threshold 1 every class keeps just its SHARE\n"
     "  --flip          average the probabilities with those of mirrored images\n"
     "  --scales A,B    average them over these scales, such as 0.75,1,1.25 (1)\n"
     "  --size HxW      resize images to this before the model sees them; labels have the size of the image\n"
     "  --copy          copy images to OUT; without, they are linked to\n"
     "  --classes TABLE cityscapes, or a TOML file; without: what the weights say\n"
     "  --output-stride 8|16, --device D, --precision P, --threads N   as for 'segue eval'\n"
     "\n"
     "  OUT holds images/, labels/ (PNGs of the class table's ids), classes.toml, and pseudo.json: by class, "
     "threshold,\n"
     "  predicted and kept pixels, and the histogram of confidences.\n"},
    {"eval",
     "segue eval WEIGHTS|RUN --data SPEC [--split S] [--json FILE] [--save DIR]\n"
     "                  [--size HxW] [--scales A,B,...] [--flip] [--classes TABLE] [--subset 16|13]",
     "score a segmentation model on a labelled data set: IoU and accuracy by class",
     "  WEIGHTS         a safetensors file of segue, VainF's deeplabv3plus_resnet50 or torchvision's fcn_resnet50\n"
     "  RUN             the folder of a run: its best checkpoint, or its last if none is marked\n"
     "  --data SPEC     cityscapes:PATH, gta5:PATH, synthia:PATH, camvid:PATH, folder:PATH or a pack\n"
     "  --split S       of the data set (val)\n"
     "  --json FILE     the result with the keys of Cityscapes' evaluator; what does not exist is null\n"
     "  --save DIR      predictions as grey PNGs of label ids, which Cityscapes' evaluator reads too\n"
     "  --size HxW      resize images to this before the model sees them; scores stay at the size of the labels\n"
     "  --scales A,B    average the probabilities at these scales, such as 0.75,1,1.25 (1)\n"
     "  --flip          and of mirrored images\n"
     "  --classes TABLE cityscapes, or a TOML file; without: what the weights say\n"
     "  --subset 16|13  also the mean of SYNTHIA's 16 or 13 classes, of the 19\n"
     "  --output-stride 8|16, --device D, --precision P, --threads N\n"
     "                  of weights that do not say; auto, cpu or cuda; f32, tf32, bf16 or fp16 (cuda); of the cpu\n"
     "\n"
     "  One matrix over all images. Ignored labels count nowhere; a class that is in no label and no prediction has "
     "no\n"
     "  score and is left out of means.\n"},
    {"predict", "segue predict WEIGHTS|RUN IMAGE|DIR -o OUT [--as KIND] [--size HxW] [--classes TABLE]",
     "what a segmentation model sees in images",
     "  WEIGHTS, RUN    as for 'segue eval'\n"
     "  IMAGE, DIR      .png, .jpg; of a folder all, also in folders below; OUT gets the same names and folders\n"
     "  -o OUT          a new or empty folder, or one that the same command has begun: what is there is not made "
     "again\n"
     "  --as KIND       color     PNG, colours of the classes as its palette (the default)\n"
     "                  ids       grey PNG of label ids: 7 is Cityscapes' road\n"
     "                  trainids  grey PNG of the model's own numbers: 0 is road\n"
     "                  overlay   RGB PNG, colours over the photo\n"
     "                  logits    safetensors, 'logits' CxHxW f32\n"
     "  --size HxW      resize images to this before the model sees them; results have the size of the image\n"
     "  --classes TABLE cityscapes, or a TOML file; without: what the weights say\n"
     "  --output-stride 8|16, --device D, --precision P, --threads N   as for 'segue eval'\n"
     "\n"
     "  An image that cannot be read is reported and left out; the exit code is then 3.\n"},
    {"report",
     "segue report RUN [-o FILE]\n"
     "       segue report --table RUN...",
     "show a run as one self-contained HTML file",
     "  RUN       folder of a run of 'segue train' or 'segue adapt', finished or not: scores by stage and class, "
     "example\n"
     "            images, curves, pseudo-labels, times, settings, machine\n"
     "  -o FILE   where to write it; default: report.html in RUN\n"
     "  --table   print the results of an adaptation as Markdown instead; of several, which differ in their seed, "
     "mean\n"
     "            and standard deviation\n"
     "\n"
     "  The file needs no network and no script. What is missing or damaged in RUN is named in it.\n"},
    {"synth",
     "segue synth DIR --count N [--size WxH] [--style render|camera] [--seed S] [--split train|val]\n"
     "       [--trees SHARE] [--bare-trees SHARE] [--outline-trees]",
     "render street scenes with labels, in Cityscapes' layout",
     "  DIR         a new folder, or one that this command has begun: images that are there are kept\n"
     "  --count     number of images\n"
     "  --size      512x256 if not given; each side from 16 to 4096\n"
     "  --style     render (default): clean, as a game draws. camera: the same scenes as a camera in a car sees them\n"
     "  --seed      0 if not given; names the scenes. The same seed gives the same files on every machine\n"
     "  --split     train (default) or val; both may be in one folder and never share a scene\n"
     "  --trees SHARE   of the trees that stand; 0 to 1, 1 if not given\n"
     "  --bare-trees SHARE  of the scenes in which trees have no leaves; 0 to 1, 0.22 if not given\n"
     "  --outline-trees  label what shows between branches and leaves as vegetation, as people do who outline a crown\n"
     "  --threads   one for each core if not given\n"
     "\n"
     "  Both styles of one seed show the same scenes, with equal labels. Read it as cityscapes:DIR.\n"},
    {"data", "segue data check SPEC | stats SPEC | pack SPEC OUT.segpack",
     "look through a data set, count its classes, pack it",
     "  check SPEC       reads every file and lists what is wrong: missing partners, files that are cut off, sizes "
     "that do\n"
     "                   not fit, unknown ids, labels without a class, images that show nothing; exit code 3 if "
     "anything is\n"
     "  stats SPEC       how often each class occurs: a table with bars\n"
     "  pack SPEC OUT    writes one file of decoded examples of one size, which training maps into memory\n"
     "\n"
     "  SPEC is KIND:PATH, of KIND cityscapes, gta5, synthia, camvid, folder or pack; $NAME and ${NAME} in PATH are\n"
     "  environment variables; '?split=val' and '?scheme=NAME' may follow (docs/data.md)\n"
     "\n"
     "  --split NAME     split to read, where the kind has splits (default: train; gta5: all)\n"
     "  --classes FILE   classes to map labels to: a TOML file, or 'cityscapes' (default)\n"
     "  --images         images alone, with or without labels (check, pack)\n"
     "  --size WxH       px of the images in a pack (default: their own, if they are all of one size)\n"
     "  --png FILE       with stats: also a picture of the bars\n"
     "  --json FILE      with stats: also the numbers\n"},
    {"config", "segue config show FILE | default TASK | schema TASK",
     "show settings: of a file, to start from, as a table",
     "  show FILE      the whole configuration, defaults included, after checking it\n"
     "  default TASK   a file to start from; TASK: segment, translate or adapt\n"
     "  schema TASK    every setting: type, default, unit, what is allowed, meaning\n"
     "\n"
     "  --set table.name=VALUE   with show: replaces a value; may be repeated. VALUE is TOML, or else text\n"},
    {"inspect", "segue inspect FILE [--stats]", "list the tensors of a safetensors file",
     "  FILE      name, type and shape of each tensor; notes; number of parameters\n"
     "  --stats   also least, largest and mean value, and how many are not finite\n"},
    {"doctor", "segue doctor", "report build, machine and devices, and what makes them slow",
     "  Reads only. Prints warnings with what to do about them.\n"},
    {"help", "segue help [COMMAND]", "this text, or that of a command", ""},
};

constexpr const char* kExitCodes =
    "exit codes: 0 ok, 1 runtime failure, 2 usage or configuration, 3 data or weight file, 4 diverged,\n"
    "            130, 143 interrupted\n";

}  // namespace

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const CommandHelp& c : kCommands) names.push_back(c.name);
  return names;
}

void print_help(const std::string& command) {
  if (command.empty()) {
    std::cout << "segue " << build::kVersion << ": semantic segmentation from synthetic images to real ones\n\n"
              << "usage: segue COMMAND ...\n\n";
    for (const CommandHelp& c : kCommands) {
      std::string name = c.name;
      name.resize(11, ' ');
      std::cout << "  " << name << c.summary << '\n';
    }
    std::cout << "\n  --version   version and git id\n  --help, -h  this text; after a command: its own\n\n"
              << kExitCodes;
    return;
  }
  for (const CommandHelp& c : kCommands)
    if (command == c.name) {
      std::cout << "usage: " << c.synopsis << "\n\n" << c.summary << '\n';
      if (*c.details) std::cout << '\n' << c.details;
      return;
    }
  throw Error(Fault::usage,
              cat("unknown command ", quote(command), did_you_mean(command, command_names()), "; see 'segue help'"));
}

}  // namespace segue
